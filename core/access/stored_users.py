"""No user is forgotten while somebody stores anew what was read of users before: it would come back.

Whoever does so shares a lock, and whoever forgets a user has it alone. What is in the memory of other processes is read
anew once a file beside it says that somebody was forgotten.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from core import locks

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredUsers:
    """The users that a home has stored; `folder` holds the lock, and the file that says when one was forgotten."""

    folder: Path

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Have no user forgotten meanwhile; threads and processes may do so together, and nest it."""
        with locks.shared(self._lock()) if self._anything() else contextlib.nullcontext():
            yield

    @contextlib.contextmanager
    def forgetting(self, *, wait: float) -> Iterator[bool]:
        """Have nobody use them meanwhile; False where somebody still does after `wait` seconds."""
        if not self._anything():
            yield True
            return
        with locks.alone(self._lock(), wait=wait) as ours:
            yield ours
            if ours:
                self._last.touch()

    def last_forgotten(self) -> int:
        """Changes whenever a user was forgotten; 0 before that."""
        return self._last.stat().st_mtime_ns if self._last.is_file() else 0

    def _anything(self) -> bool:
        """Whether there is data at all. Where it was taken away, it is not made anew for a lock."""
        return self.folder.parent.is_dir()

    def _lock(self) -> Path:
        self.folder.mkdir(exist_ok=True)
        return self.folder / "users.shared"

    @property
    def _last(self) -> Path:
        return self.folder / "users.forgotten"


class _Stores(Protocol):
    @property
    def users(self) -> StoredUsers: ...


class _OfDatasets(Protocol):
    @property
    def datasets(self) -> _Stores: ...


S = TypeVar("S", bound=_OfDatasets)


def users_stay(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Have no user forgotten while a method is at work whose object has `datasets`."""

    def held(self: S, /, *given: P.args, **named: P.kwargs) -> T:
        with self.datasets.users.in_use():
            return method(self, *given, **named)

    functools.update_wrapper(held, method)
    return held
