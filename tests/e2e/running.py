"""A copy of the home that comes with the program, and a dashboard of a home as a process of its own."""

from __future__ import annotations

import os
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

from core.settings import ROOT, Settings


def bundled_home(folder: Path) -> Settings:
    """A copy of the home that comes with the program, without what it has gathered."""
    theirs, ours = Settings(ROOT), Settings.of(folder)
    ours.data.mkdir()
    shutil.copytree(theirs.models, ours.models)
    shutil.copytree(theirs.demo, ours.demo)
    for path in (theirs.schema_file, theirs.glossary_file, theirs.salt_file):
        shutil.copy(path, ours.data)
    return ours


@contextmanager
def dashboard(home: Settings) -> Iterator[str]:
    """The address of a dashboard of a home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "--port", str(port), "--home", str(home.home)]
    log = (home.home / "server.log").open("wb")
    environment = {**os.environ, "TRUSTDESK_NO_VENV": "1"}
    with log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - ours
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(address)
