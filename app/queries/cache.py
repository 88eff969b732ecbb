"""A shelf of values that several sessions ask for: each made once, the ones not asked for longest given away."""

from __future__ import annotations

import dataclasses
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

T = TypeVar("T")
_NOTHING: Final = object()


class Shelf:
    """The values asked for last, shared by all sessions, as long as together they take at most `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._taken, self._lock = most, 0, Lock()
        self._kept = OrderedDict[Hashable, tuple[Any, int]]()
        self._making: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under the key; when nothing is, one caller makes it and the others wait for it."""
        with self._lock:
            turn = self._making.setdefault(key, Lock())
        with turn:
            with self._lock:
                known = self._kept.get(key, (_NOTHING, 0))[0]
            made: T = make() if known is _NOTHING else known
            with self._lock:
                if known is _NOTHING:
                    self._put(key, made)
                elif key in self._kept:
                    self._kept.move_to_end(key)
                self._making.pop(key, None)
            return made

    def _put(self, key: Hashable, made: object) -> None:
        taken = size(made)
        if taken > self._most:
            return
        self._kept[key] = (made, taken)
        self._taken += taken
        while self._taken > self._most:
            self._taken -= self._kept.popitem(last=False)[1][1]


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
