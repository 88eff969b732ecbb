"""Trying again where a connection was cut: five times, after pauses that double."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import stamina
from stamina.instrumentation import set_on_retry_hooks

from core.errors import CutError

T = TypeVar("T")
TRIES: Final = 5
#: Seconds before the second try, and the most before one.
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0

# Each try is told by whoever asked for it: by default stamina would write it to stderr, with what was asked for.
set_on_retry_hooks([])


def tried(work: Callable[[], T]) -> T:
    """What `work` gives, done anew while it raises CutError; raises the last of these."""
    for attempt in stamina.retry_context(
        CutError, attempts=TRIES, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT, wait_jitter=0
    ):
        with attempt:
            return work()
    raise AssertionError("the last try returns or raises")
