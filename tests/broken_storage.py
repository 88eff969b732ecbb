"""Homes whose storage fails in one way or another, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from core.home import Home

Fault = Callable[[Home], AbstractContextManager[None]]
#: Bytes that a file may have on a disk that is said to be full: too few for anything the program stores.
_ROOM = 512


@contextlib.contextmanager
def no_database(home: Home) -> Iterator[None]:
    """Another file stands where the database was."""
    _replaced(home, bytes(range(256)) * 64)
    yield


@contextlib.contextmanager
def torn_database(home: Home) -> Iterator[None]:
    """The database is what a lost disk has left of it."""
    with home.database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint")
    content = home.settings.database.read_bytes()
    _replaced(home, content[:4096] + b"\x5a" * (len(content) - 4096))
    yield


@contextlib.contextmanager
def emptied_database(home: Home) -> Iterator[None]:
    """Somebody has taken tables out of the database."""
    with contextlib.closing(sqlite3.connect(home.settings.database)) as other:
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table not in {"alembic_version", "sqlite_sequence"}:
                other.execute(f"DROP TABLE {table}")
        other.commit()
    yield


@contextlib.contextmanager
def busy_database(home: Home) -> Iterator[None]:
    """Another program holds the database, and readers out of it too."""
    with contextlib.closing(sqlite3.connect(home.settings.database, isolation_level=None, timeout=0.1)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def full_disk(_home: Home) -> Iterator[None]:
    """No file takes any more: what the system says of a limit it says of a disk too, with another number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def removed_folder(home: Home) -> Iterator[None]:
    """Somebody has taken the data of the home away."""
    shutil.rmtree(home.settings.data)
    yield
    assert not home.settings.data.exists(), "it was made anew, as that of a workspace that knows nobody"


def _replaced(home: Home, content: bytes) -> None:
    for ending in ("-wal", "-shm"):
        home.settings.database.with_name(home.settings.database.name + ending).unlink(missing_ok=True)
    home.settings.database.write_bytes(content)
