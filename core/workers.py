"""Processes that do jobs (`core.jobs`): begun for one, or kept ready for the next, so that its work begins at once."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Final

from core.settings import ROOT, Settings, child_environment

#: What stands in the place of a job where a process is to wait for one.
READY: Final = "--ready"
#: Seconds after which a process that waits is let go: it holds as much memory as one at work.
READY_FOR: Final = 900.0
_ready: Final[dict[Path, subprocess.Popen[bytes]]] = {}
#: Told to end, and not seen to have ended yet.
_ending: Final[list[subprocess.Popen[bytes]]] = []
_guard: Final = threading.Lock()


def begin(settings: Settings, *arguments: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process that does a job."""
    return _begun(settings, *arguments, take=subprocess.DEVNULL, tell=log)


def keep_ready(settings: Settings, *modules: str) -> None:
    """Have a process wait for the next job of a home, with these modules loaded, unless one waits already.

    It ends with this process, or when there is no job for a while, or when one is wanted for another home.
    """
    with _guard:
        waiting = _ready.get(settings.home)
        if waiting is not None and waiting.poll() is None:
            return
        for home in list(_ready):
            _end(home)
        process = _begun(settings, READY, *modules, take=subprocess.PIPE, tell=subprocess.DEVNULL)
        _ready[settings.home] = process
    end = threading.Timer(READY_FOR, let_go, [settings, process])
    end.daemon = True
    end.start()


def give(settings: Settings, identity: str) -> subprocess.Popen[bytes] | None:
    """The process that waited and has taken this job; None where none did."""
    with _guard:
        process = _ready.pop(settings.home, None)
    if process is None or process.stdin is None:
        return None
    with contextlib.suppress(BrokenPipeError), process.stdin as stream:  # it may have ended, before or just now
        if process.poll() is None:
            stream.write(f"{identity}\n".encode())
            stream.flush()
            return process
    return None


def let_go(settings: Settings, process: subprocess.Popen[bytes] | None = None) -> None:
    """End the process that waits; with `process`, where it is still that one."""
    with _guard:
        waiting = _ready.get(settings.home)
        if waiting is not None and process in {None, waiting}:
            _end(settings.home)


def _end(home: Path) -> None:
    process = _ready.pop(home)
    if process.stdin is not None:
        process.stdin.close()  # it reads the end of its input, and ends
    _ending[:] = [each for each in (*_ending, process) if each.poll() is None]


def _begun(settings: Settings, *arguments: str, take: int, tell: int | IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "core.jobs", str(settings.home), *arguments],
        stdin=take,
        stdout=tell,
        stderr=tell,
        cwd=ROOT,
        env=child_environment(settings),
        start_new_session=True,
    )
