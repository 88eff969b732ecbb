"""A server of the API as a process of its own, with one or several workers, which may be killed."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.home import Home
from core.settings import ROOT, child_environment
from tests import forked
from tests.app.api.server import Client


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    log: Path
    api: Client

    def said(self) -> str:
        return self.log.read_text()


@contextlib.contextmanager
def started(home: Home, *options: str) -> Iterator[Running]:
    """The command as a process of its own, ended by a signal."""
    log = home.settings.home / "api.log"
    command = [sys.executable, "-m", "app", "api", "--port", "0", "--home", str(home.settings.home), *options]
    # Several workers are looked for among the children of the process.
    alike = forked.real_processes() if "--workers" in options else contextlib.nullcontext()
    with log.open("wb") as stream, alike:
        process = subprocess.Popen(command, stderr=stream, cwd=ROOT, env=child_environment(home.settings.home))
    try:
        while not (found := re.search(r"http://[a-z0-9.]+:([0-9]+)/docs", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        api = Client(int(found[1]))
        _until_it_answers(api, process, log)
        yield Running(process, log, api)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _until_it_answers(api: Client, process: subprocess.Popen[bytes], log: Path) -> None:
    """The socket listens from the start; requests wait in it until somebody takes them."""
    while True:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            api.get("/health")
            return
        time.sleep(0.05)


def workers(running: Running) -> list[int]:
    """The processes that answer, of several; read off /proc."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
