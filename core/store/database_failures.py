"""What SQLite says of a file that is busy, full, closed or damaged, as sentences."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.errors import BusyError, DamagedDatabaseError, StorageError

#: Of https://www.sqlite.org/rescode.html, the primary ones.
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_FULL: Final = frozenset({sqlite3.SQLITE_FULL})
_CLOSED: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_AUTH}
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
#: The revision was looked at before: tables that it has and the file has not were taken out from outside.
_INCOMPLETE: Final = re.compile(r"no such (table|column): \S+")
#: Bytes without which SQLite cannot open a database.
_LEAST: Final = 100_000


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Make a StorageError of what SQLite raises of the file `path`, where the file is to blame, not what was asked."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        failure = of(cause, path) if isinstance(cause, sqlite3.Error) else None
        if failure is None:
            raise
        raise failure from error


def of(error: sqlite3.Error, path: Path) -> StorageError | None:
    """What to say of an error of SQLite; None where the program may be to blame."""
    code, reason, name = getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error), str(path)
    if code in _BUSY:
        return BusyError(name)
    # SQLite calls a full disk by that name only where it was writing the file itself.
    if code in _FULL or (code in _CLOSED and _room(path) < _LEAST):
        return StorageError(name, "the disk is full")
    if code in _CLOSED:
        advice = "Give whoever runs this the right to write there, and see that the disk is neither full nor broken."
        return StorageError(name, reason, f"{name} cannot be used: {reason}. {advice}")
    if code in _DAMAGED or _INCOMPLETE.fullmatch(reason):
        return DamagedDatabaseError(name, reason)
    return None


def _room(path: Path) -> int:
    """Bytes free where the file is; any number where nobody can tell."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return _LEAST
