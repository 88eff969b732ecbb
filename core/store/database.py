"""The one SQLite database of a home, `data/state.db`: what changes in small pieces and must survive.

SQLAlchemy Core, write-ahead log, so that several processes read while one writes. Rooms above define no
tables of their own; they ask for `connect` and use those of `core.store.tables`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    TableValuedAlias,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool

from core import locks
from core.errors import GoneError
from core.store import database_file, migrating
from core.store.migrating import Migrations
from core.store.tables import marks

#: Seconds a writer waits for another one before it gives up.
BUSY: Final = 15.0

#: The execution options that name how a transaction begins, whether it waits for the disk when it ends, and whether
#: what it deletes is written over.
_BEGIN: Final = "begin"
_DURABLE: Final = "durable"
_ERASING: Final = "erasing"
_ALONE: Final = "BEGIN IMMEDIATE"
_SHAPE: Final = "PRAGMA schema_version"


class Database:
    """The one SQLite database of a home, in the file `path`; threads may share it."""

    def __init__(self, path: Path, migrations: Migrations | None = None) -> None:
        self.path = path
        self._migrations = migrations or Migrations()
        # No pool: a connection is closed when its transaction ends, and none outlives its home.
        # As an address, a path would end at a question mark and have its percent signs read as others.
        self._engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        #: The file, by inode, that was last given its tables.
        self._made: int | None = None
        #: What SQLite counts up when tables change, as it was then.
        self._shape: int | None = None
        event.listen(self._engine, "connect", self._prepare)
        event.listen(self._engine, "begin", _begin)

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back when something is raised.

        Raises StorageError where the file is in use for too long, is damaged, is gone or has no room.

        It sees the database as it was at its first statement. What reads and then writes uses `writing`.
        """
        with database_file.told(self.path), self._open().begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True, erasing: bool = False) -> Iterator[Connection]:
        """As `connect`, but one at a time, over all processes: what it reads stays true until it has written.

        Readers do not wait for it. What is not `durable` outlives every process, but waits for no disk: when the
        machine itself goes down it may be lost. `erasing`: what is deleted, or written over, is not left in the file.
        """
        options = {_BEGIN: _ALONE, _DURABLE: durable, _ERASING: erasing}
        with database_file.told(self.path), self._open().execution_options(**options).begin() as connection:
            yield connection

    def settle(self) -> None:
        """Have everything in the one file, and nothing of before in its log: what was erased is gone then.

        While others read, the log is emptied by whoever comes last.
        """
        with database_file.told(self.path):
            connection = self._open().raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.close()

    def check_writable(self, *, within: float = 1.0) -> None:
        """Try to write, and change nothing. Raises StorageError where that cannot begin `within` so many seconds."""
        with database_file.told(self.path), database_file.opened(self.path, "rw", within=within) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # A file that is only to be read lets a transaction begin all the same.
            connection.execute(f"UPDATE {marks.name} SET position = position WHERE 0")  # noqa: S608 - a name of ours
            connection.execute("ROLLBACK")

    def check_readable(self, *, within: float = 1.0) -> None:
        """Try to read what is there. Raises StorageError where that cannot begin `within` so many seconds."""
        if not self.path.is_file():  # whoever asks first makes it
            return
        with database_file.told(self.path), database_file.opened(self.path, within=within) as connection:
            connection.execute(f"SELECT name FROM {marks.name} LIMIT 1").fetchall()  # noqa: S608 - a name of ours

    def compact(self) -> None:
        """Write the file anew without the room of what was deleted, and give that back; as `settle` besides.

        Writers wait meanwhile, and the disk has to have room for the database twice.
        """
        with database_file.told(self.path):
            connection = self._open().raw_connection()
            try:
                connection.cursor().execute("VACUUM")
            finally:
                connection.close()
        self.settle()

    def free(self) -> int:
        """Bytes of the file that hold nothing any more; `compact` gives them back."""
        if not self.path.is_file():
            return 0
        with self.connect() as connection:
            pages, size = (
                int(connection.exec_driver_sql(f"PRAGMA {each}").scalar_one())
                for each in ("freelist_count", "page_size")
            )
        return pages * size

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the database open: whoever closes the last connection moves the whole log into it, and waits."""
        with contextlib.ExitStack() as stack:
            with database_file.told(self.path):
                connection = stack.enter_context(self._open().connect())
                connection.execute(select(marks.c.name).limit(1)).all()
                connection.rollback()
            yield

    def waiting(self) -> tuple[str, str] | None:
        """What the file is of and the revision that opening it brings it to; None where that changes nothing.

        Touches nothing. Raises NewerFormatError.
        """
        if not self.path.is_file():
            return None
        with database_file.told(self.path), database_file.opened(self.path) as connection:
            found = migrating.revision_of(connection.execute)
        self._migrations.check(found, self.path)
        if found is None or found == self._migrations.head:
            return None
        return f"revision {found}" if found else "a time before revisions", self._migrations.head

    def _open(self) -> Engine:
        """The engine of a file that has its tables, also when it was taken away or another one put there.

        Raises NewerFormatError where another program has made other tables, MigrationError and StorageError.
        """
        if self._made != (file := self._file()) or file is None:
            if self._made is not None and not self.path.parent.is_dir():
                raise GoneError(str(self.path.parent))  # made anew, it would be a home that knows nobody
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._shape = None
            # Turning on the write-ahead log and making tables wait for nobody; two processes may open a home at once.
            with locks.held(self.path.with_suffix(".lock")):
                self._shape = self._bring_up()
            self._made = self._file()
        return self._engine

    def _bring_up(self) -> int:
        """Returns the shape it then has."""
        # One connection stays meanwhile: whoever closes the last one waits for the disk.
        with self._engine.connect() as looking:
            found = migrating.revision_of(looking.exec_driver_sql)
            looking.rollback()
            if found != self._migrations.head:
                self._migrations.check(found, self.path)
                with self._engine.execution_options(**{_BEGIN: _ALONE}).begin() as connection:
                    self._migrations.bring_up(connection, found, self.path)
            return int(looking.exec_driver_sql(_SHAPE).scalar_one())

    def _prepare(self, connection: Any, _record: object) -> None:
        # The driver would begin at the first write only, after what was read had time to change. Recipe of SQLAlchemy:
        # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#enabling-non-legacy-sqlite-transactional-modes
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={1_000 * BUSY:.0f}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        # A newer program may bring the database up while this one is at work in it.
        if self._shape is not None and self._shape != (shape := cursor.execute(_SHAPE).fetchone()[0]):
            self._migrations.check(migrating.revision_of(cursor.execute), self.path)
            self._shape = shape
        cursor.close()

    def _file(self) -> int | None:
        return self.path.stat().st_ino if self.path.exists() else None


def conflicting(table: Table) -> sqlite.Insert:
    """An insert that can say what becomes of a row that is there already."""
    return sqlite.insert(table)


def listed(values: str | BindParameter[str]) -> Select[Any]:
    """The values of a list in JSON, which is one variable however long it is: a statement takes a limited number."""
    return select(func.json_each(values).table_valued("value").c.value)


def entries(column: ColumnElement[Any]) -> TableValuedAlias:
    """The entries of an object in JSON, by `key` and `value`."""
    return func.json_each(column).table_valued("key", "value")


def for_tuples(statement: Insert | Select[Any]) -> str:
    """A statement as the driver takes it, with tuples of all columns of an insert, or of all parameters in their order:
    of many rows SQLAlchemy takes longer over each value than the database over storing it.
    """
    return str(statement.compile(dialect=sqlite.dialect()))


def last_number(connection: Connection, table: Table) -> int:
    """The highest number that the table ever gave a row, deleted or not; 0 where it gave none."""
    return database_file.last_number(connection.exec_driver_sql, table.name)


def set_last_number(connection: Connection, table: Table, number: int, *, where: int | None = None) -> None:
    """Let the table go on from this number; with `where`, only where that is the last one given."""
    row = {"name": table.name, "number": number, "where": where}
    known = text("UPDATE sqlite_sequence SET seq = :number WHERE name = :name AND seq = coalesce(:where, seq)")
    if not connection.execute(known, row).rowcount and where is None:
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), row)


def mark(connection: Connection, name: str) -> str:
    """How far a file was applied; "" before anything was."""
    found = connection.execute(select(marks.c.position).where(marks.c.name == name)).scalar_one_or_none()
    return found or ""


def set_mark(connection: Connection, name: str, position: str) -> None:
    if not connection.execute(update(marks).where(marks.c.name == name).values(position=position)).rowcount:
        connection.execute(insert(marks).values(name=name, position=position))


def drop_mark(connection: Connection, name: str) -> None:
    connection.execute(delete(marks).where(marks.c.name == name))


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_DURABLE, True):
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")  # of this connection, which ends with its transaction
    if options.get(_ERASING, False):
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    connection.exec_driver_sql(options.get(_BEGIN, "BEGIN"))
