"""Waiting for a server that is away, until it answers or the stream is to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")
#: Seconds before what failed is tried again, at first and at most.
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
#: Seconds after which it is looked whether the stream is to end.
_LOOK_EVERY: Final = 0.25


class StoppedError(Exception):
    """The stream is to end while something is waited for; nothing of what is in hand was acknowledged."""


@dataclass(frozen=True, slots=True, eq=False)
class Patience:
    """goes_on: False once the stream is to end. tell: is given a sentence once while a server is away."""

    goes_on: Callable[[], bool] = lambda: True
    tell: Callable[[str], object] = lambda _: None
    sleep: Callable[[float], object] = time.sleep

    def wait(self, seconds: float) -> None:
        """Raises StoppedError."""
        while seconds > 0:
            self.check()
            self.sleep(min(seconds, _LOOK_EVERY))
            seconds -= _LOOK_EVERY
        self.check()

    def check(self) -> None:
        """Raises StoppedError once the stream is to end."""
        if not self.goes_on():
            raise StoppedError

    def until_done(
        self, server: str, work: Callable[[], T], *lost: type[BaseException],
        away: Callable[[BaseException], bool] = lambda _: True,
    ) -> T:  # fmt: skip
        """What `work` gives, tried again as long as it raises one of `lost` of which `away` says that time may mend it.

        Raises StoppedError.
        """
        pause, told = FIRST_WAIT, False
        while True:
            try:
                return work()
            except lost as error:
                if not away(error):
                    raise
                if not told:  # an error may quote an address: its class says enough
                    self.tell(f"{server} does not answer ({type(error).__name__}). It is tried again.")
                    told = True
            self.wait(pause)
            pause = min(2 * pause, LONGEST_WAIT)
