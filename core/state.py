"""The one SQLite database of a home, `data/state.db`: what changes in small pieces and must survive.

SQLAlchemy Core, write-ahead log, so that several processes read while one writes. Floors above define no
tables of their own; they ask for `connect` and use the tables here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from sqlalchemy import JSON, Column, Connection, Engine, Float, Integer, MetaData, String, Table, create_engine, event
from sqlalchemy.pool import NullPool

from core.settings import Settings

#: Seconds a writer waits for another one before it gives up.
BUSY: Final = 15.0

_tables: Final = MetaData()

#: One scoring of one file. `counts`: users by band; `policy`: the thresholds in force then.
runs: Final = Table(
    "runs",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("created", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("name", String, nullable=False),
    Column("model", String, nullable=False),
    Column("policy", JSON, nullable=False),
    Column("received", Integer, nullable=False),
    Column("users", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice: prediction ids are built on it
)


@contextlib.contextmanager
def connect(settings: Settings) -> Iterator[Connection]:
    """A connection in a transaction: committed at the end, rolled back when something is raised."""
    with _engine(settings.database).begin() as connection:
        yield connection


@lru_cache(maxsize=8)
def _engine(database: Path) -> Engine:
    database.parent.mkdir(parents=True, exist_ok=True)
    # No pool: a connection is closed when its transaction ends, and none outlives its home.
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": BUSY}, poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    # Turning on the write-ahead log and making tables wait for nobody, and two processes may open a fresh home at once.
    with FileLock(database.with_suffix(".lock")):
        _tables.create_all(engine)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
