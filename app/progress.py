"""Progress in the terminal, on stderr: one line that moves where there is a terminal; else a line a step, in a
long one one a minute.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

#: Seconds after which the speed of something counted is known well enough to tell.
_KNOWN: Final = 2.0
#: Seconds between two lines of one step where there is no terminal.
_EVERY: Final = 60.0


class Progress:
    """Call it with what is being done and the share done (0 to 1); `end` leaves the cursor on a fresh line.

    clock: seconds, as of `time.monotonic`.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream or sys.stderr, clock
        self._moving = self._stream.isatty()
        self._what = ""
        self._told = 0.0
        #: What is counted, and since when from which row on.
        self._counted, self._since = "", (0.0, 0)

    def __call__(self, what: str, share: float = 0.0, speed: str = "") -> None:
        line = f"{what} · {share:.0%}{speed}" if share else what
        late = bool(speed) and self._clock() - self._told >= _EVERY
        if self._moving:
            self._stream.write(f"\r\033[K{line}")
        elif what != self._what or late:
            self._stream.write(f"{line if late else what}\n")
            self._told = self._clock()
        self._what = what
        self._stream.flush()

    def counted(self, what: str, done: int, of: int) -> None:
        """The same for work counted in rows: with rows a second and the time left once these are known."""
        now = self._clock()
        if what != self._counted:
            self._counted, self._since = what, (now, done)
        seconds, rows = now - self._since[0], done - self._since[1]
        speed = ""
        if seconds >= _KNOWN and rows:
            speed = f" · {rows / seconds:,.0f} rows/s · {_short((of - done) * seconds / rows)} left"
        self(what, done / of if of else 0.0, speed)

    def end(self) -> None:
        if self._moving and self._what:
            self._stream.write("\r\033[K")
            self._stream.flush()


def _short(seconds: float) -> str:
    """
    >>> _short(12.3), _short(200), _short(10_000)
    ('12 s', '3 min', '2 h 47 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 100 else f"{minutes} min"
