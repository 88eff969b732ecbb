"""Processes that do jobs (`core.jobs`): begun for one, or kept ready for the next, so that its work begins at once."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from core.settings import ROOT, child_environment

#: What stands in the place of a job where a process is to wait for one.
READY: Final = "--ready"
#: Seconds after which a process that waits is let go: it holds as much memory as one at work.
READY_FOR: Final = 900.0


@dataclass(slots=True, eq=False)
class Workers:
    """Processes that do the jobs of the home in the folder `home`; threads may share it.

    `begun`: those that do a job or were told to end, and were not seen to have ended.
    """

    home: Path
    begun: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)
    _ready: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, identity: str, *, log: IO[bytes]) -> None:
        """Have a process do a job."""
        self._note(self._started(identity, take=subprocess.DEVNULL, tell=log))

    def keep_ready(self, *modules: str) -> None:
        """Have a process wait for the next job, with these modules loaded and warmed up, unless one waits already.

        It ends with this process, or when there is no job for a while.
        """
        with self._guard:
            if self._ready is not None and self._ready.poll() is None:
                return
            self._end()
            self._ready = self._started(READY, *modules, take=subprocess.PIPE, tell=subprocess.DEVNULL)
        end = threading.Timer(READY_FOR, self.let_go, [self._ready])
        end.daemon = True
        end.start()

    def give(self, identity: str) -> bool:
        """Have the process that waits do a job; False where none does."""
        with self._guard:
            process, self._ready = self._ready, None
        if process is None or process.stdin is None:
            return False
        with contextlib.suppress(BrokenPipeError), process.stdin as stream:  # it may have ended, before or just now
            if process.poll() is None:
                stream.write(f"{identity}\n".encode())
                stream.flush()
                self._note(process)
                return True
        return False

    def let_go(self, process: subprocess.Popen[bytes] | None = None) -> None:
        """End the process that waits; with `process`, where it is still that one."""
        with self._guard:
            if process in {None, self._ready}:
                self._end()

    def _end(self) -> None:
        process, self._ready = self._ready, None
        if process is not None and process.stdin is not None:
            process.stdin.close()  # it reads the end of its input, and ends
            self._note(process)

    def _note(self, process: subprocess.Popen[bytes]) -> None:
        self.begun[:] = [each for each in (*self.begun, process) if each.poll() is None or each is process]
        # One that nobody waits for would stay in the system's table once it has ended.
        threading.Thread(target=process.wait, daemon=True).start()

    def _started(self, *arguments: str, take: int, tell: int | IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "core.worker", str(self.home), *arguments],
            stdin=take,
            stdout=tell,
            stderr=tell,
            cwd=ROOT,
            env=child_environment(self.home),
            start_new_session=True,
        )
