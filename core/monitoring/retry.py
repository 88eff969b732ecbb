"""Trying again: what may help later is tried four times, after pauses that double or that the other side asks for.

What the Hub is asked for, huggingface_hub itself tries again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import stamina
from stamina.instrumentation import set_on_retry_hooks

T = TypeVar("T")
TRIES: Final = 4
#: Seconds before the second try; twice as many before each further one.
FIRST_WAIT: Final = 1.0
#: The other side may ask for a longer wait, up to this many seconds.
LONGEST_WAIT: Final = 30.0

# What failed is told by who asked for it: by default stamina would write each try to stderr, too.
set_on_retry_hooks([])


class NotNowError(Exception):
    """A failure after which another try may help, in `wait` seconds at the soonest."""

    def __init__(self, sentence: str, wait: float = 0.0) -> None:
        self.wait = wait
        super().__init__(sentence)


def tried(work: Callable[[], T]) -> T:
    """What `work` gives, tried again while it raises NotNowError; raises the last of these."""

    def pause(error: Exception) -> bool | float:
        return isinstance(error, NotNowError) and max(attempt.next_wait, min(error.wait, LONGEST_WAIT))

    for attempt in stamina.retry_context(
        pause, attempts=TRIES, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT, wait_jitter=0
    ):
        with attempt:
            return work()
    raise AssertionError("the last try returns or raises")
