"""Progress in the terminal, on stderr: one line that moves where there is a terminal, a line a step elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO


class Progress:
    """Call it with what is being done and the share done (0 to 1); `end` leaves the cursor on a fresh line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._what = ""

    def __call__(self, what: str, share: float = 0.0) -> None:
        if self._moving:
            self._stream.write(f"\r\033[K{what} · {share:.0%}" if share else f"\r\033[K{what}")
        elif what != self._what:
            self._stream.write(f"{what}\n")
        self._what = what
        self._stream.flush()

    def counted(self, what: str, done: int, of: int) -> None:
        """The same for work counted in rows."""
        self(what, done / of if of else 0.0)

    def end(self) -> None:
        if self._moving and self._what:
            self._stream.write("\r\033[K")
            self._stream.flush()
