"""A cache of values that several sessions ask for: each made once, the ones not asked for longest given away."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Hashable, Mapping
from threading import Condition
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from cachetools import LRUCache, cached

T = TypeVar("T")


class SizedCache:
    """The values asked for last, shared by all sessions, as long as together they take at most `most` bytes."""

    def __init__(self, most: int) -> None:
        kept = LRUCache[Hashable, Any](maxsize=most, getsizeof=size)
        self._made = cached(kept, key=lambda key, _: key, condition=Condition())(_make)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under the key; when nothing is, one caller makes it and the others wait for it."""
        found: T = self._made(key, make)
        return found


def _make(_: Hashable, make: Callable[[], Any]) -> Any:
    return make()


def size(value: object) -> int:
    """About how many bytes a value takes, arrays and frames within it included."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return int(np.sum(value.memory_usage(deep=True)))
    if dataclasses.is_dataclass(value):
        return sum(size(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return sum(size(inner) for pair in value.items() for inner in pair)
    if isinstance(value, (list, tuple)):
        return sum(map(size, value))
    return sys.getsizeof(value)
