"""The next of many things is made while the one before is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, one of them made ahead in a thread of its own.

    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(lambda: next(((item,) for item in items), None))
        while (found := coming.result()) is not None:
            coming = pool.submit(lambda: next(((item,) for item in items), None))
            yield found[0]
