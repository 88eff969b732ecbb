"""Writing files so that a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import StorageError

#: What the name of an entry of a store looks like; no system takes one for a path or a device.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,149}")

#: What the disk says when it is full or may not be written to: nothing a bug could cause.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def within(store: Path, name: str) -> Path:
    """The entry `name` of a store. Names come from addresses: one that could lead out of it leads to nothing.

    >>> within(Path("runs"), "r-0001").name, within(Path("runs"), "../salt.txt").name
    ('r-0001', 'none')
    """
    return store / (name if _NAME.fullmatch(name) else "none")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary name beside `target`; on success it becomes `target`, on failure it is gone.

    Works for files and for folders that do not exist yet. What is written is on disk before the rename.
    Raises StorageError when the disk is full or may not be written to.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with told_when_full(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _sync(temporary)
            temporary.replace(target)
            _flush(target.parent)
    finally:
        _discard(temporary)


@contextlib.contextmanager
def told_when_full(target: Path) -> Iterator[None]:
    """Make of a full disk, or a place that may not be written to, a StorageError that names `target`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise StorageError(str(target), error.strerror or type(error).__name__) from error


def write_text(target: Path, text: str) -> None:
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _sync(path: Path) -> None:
    for inner in path.rglob("*") if path.is_dir() else ():
        _flush(inner)
    _flush(path)


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # a folder cannot be opened for syncing there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
