"""Locks between processes: a file that one of them holds as long as it lives, or until it lets go.

The system releases the lock of a process that was killed, so that nobody waits for one that is gone.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock, ReadWriteLock, Timeout

#: Seconds between two tries at a lock that others share.
_TRY_EVERY: Final = 0.05
#: A lock that was taken; `release` lets it go.
Lock = FileLock


@contextlib.contextmanager
def held(path: Path, *, every: float = 0.05) -> Iterator[None]:
    """Hold a lock, once nobody else does; a thread that holds it may do so again. `every`: seconds between two tries.

    The folder is there. Raises OSError when the file cannot be made.
    """
    with FileLock(path, is_singleton=True).acquire(poll_interval=every):
        yield


@contextlib.contextmanager
def held_now(path: Path) -> Iterator[bool]:
    """Hold a lock meanwhile, if nobody else does now; whether it is held."""
    lock = taken(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


def taken(path: Path, *, wait: float = 0.0, every: float = 0.05) -> Lock | None:
    """Take a lock, which another thread may let go; None where somebody else still has it after `wait` seconds.

    every: seconds between two tries.
    """
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=wait, poll_interval=every)
    except Timeout:
        return None
    return lock


@contextlib.contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold a lock together with whoever else holds it so, once nobody holds it `alone`; threads may nest it."""
    lock = ReadWriteLock(path, is_singleton=False)
    try:
        with lock.read_lock():
            yield
    finally:
        lock.close()


@contextlib.contextmanager
def alone(path: Path, *, wait: float) -> Iterator[bool]:
    """Hold a lock that others may share, while nobody does; whether it is held after `wait` seconds at most."""
    lock, end = ReadWriteLock(path, is_singleton=False), time.monotonic() + wait
    try:
        # Tried now and then: a writer who waits would keep out those who hold it already and come again.
        while not (ours := _written(lock)) and time.monotonic() < end:
            time.sleep(_TRY_EVERY)
        yield ours
        if ours:
            lock.release()
    finally:
        lock.close()


def _written(lock: ReadWriteLock) -> bool:
    try:
        lock.acquire_write(blocking=False)
    except Timeout:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock now."""
    with held_now(path) as free:
        return not free
