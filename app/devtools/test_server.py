"""A copy of the home that comes with the program, to try things in, a dashboard of a home as its own process, and the
browser to look at it with."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.home import Home
from core.settings import ROOT, Settings, child_environment

#: Options of a Chromium: no sandbox, because a container may run as root; nothing that would call home.
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
#: The first one has no window, and takes half the processor for it.
_BROWSERS: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: Seconds until a dashboard must answer.
_PATIENCE: Final = 60


def bundled_home(folder: Path) -> Home:
    """A copy of the home that comes with the program, without what it has gathered. folder: there, and empty."""
    home = Home.open(folder)
    theirs, ours = Settings.of(ROOT), home.settings
    ours.data.mkdir()
    shutil.copytree(theirs.models, ours.models)
    shutil.copytree(theirs.demo, ours.demo)
    for path in (theirs.schema_file, theirs.glossary_file, theirs.salt_file):
        shutil.copy(path, ours.data)
    return home


@contextmanager
def dashboard(home: Home, *, port: int | None = None) -> Iterator[str]:
    """The address of a dashboard of a home, which ends with the block. Raises TimeoutError when it does not start."""
    port = port or free_port()
    with serving(home, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serving(home: Home, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """As `dashboard`; the process that serves."""
    command = [sys.executable, "-m", "app", "--port", str(port), "--home", str(home.settings.home)]
    environment = child_environment(home.settings.home) | {"TRUSTDESK_NO_VENV": "1"}
    log = (home.settings.home / "server.log").open("wb")
    with log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:  # noqa: S603
        try:
            wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield process
        finally:
            process.terminate()


def chromium() -> Path | None:
    """The Chromium of this machine, or None."""
    return next((Path(path) for path in map(shutil.which, _BROWSERS) if path), None)


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers there. Raises TimeoutError when it does not, or its process has ended."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - ours
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(address)
