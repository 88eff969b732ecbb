"""The one SQLite database of a home, `data/state.db`: what changes in small pieces and must survive.

SQLAlchemy Core, write-ahead log, so that several processes read while one writes. Floors above define no
tables of their own; they ask for `connect` and use the tables here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.pool import NullPool

from core import locks
from core.store.moment import Moment

#: Seconds a writer waits for another one before it gives up.
BUSY: Final = 15.0

#: The execution options that name how a transaction begins, and whether it waits for the disk when it ends.
_BEGIN: Final = "begin"
_DURABLE: Final = "durable"

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

#: Users a person is to judge, or has judged. `value`, `priority`: see core.review.ordering; `queued`: when it
#: last came into the queue; `facts`: digest of `features`. A claim is a reviewer, a session and an end.
cases: Final = Table(
    "cases",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("user", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("run", String, nullable=False),
    Column("row", Integer, nullable=False),
    Column("prediction", String, nullable=False),
    Column("model", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("band", String, nullable=False),
    Column("action", String, nullable=False),
    Column("stratum", String, nullable=False),
    Column("inclusion", Float),
    Column("blind", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("queued", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("status", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("priority", Float, nullable=False),
    Column("claimed_by", String),
    Column("claimed_session", String),
    Column("claimed_until", Moment),
    Column("verdict", String),
    Column("judgement", String),
    Column("judged_by", String),
    Column("judged_at", Moment),
    Column("reopened", String, nullable=False),
    Column("not_for", String, nullable=False),
    Column("facts", String, nullable=False),
    # Last, because they are long: SQLite reads a row from its start.
    Column("context", JSON, nullable=False),
    Column("features", JSON, nullable=False),
    sqlite_autoincrement=True,
)
#: Written as text, here and in queries: SQLite takes a partial index only where it reads the same condition.
OPEN: Final = text("status = 'open'")
_CLAIMED: Final = text("claimed_by IS NOT NULL")
Index("cases_in_order", cases.c.priority, cases.c.number, sqlite_where=OPEN)
Index("one_open_case_a_user", cases.c.user, unique=True, sqlite_where=OPEN)
Index("cases_claimed", cases.c.claimed_by, cases.c.claimed_session, sqlite_where=_CLAIMED)
Index("cases_of_a_user", cases.c.user, cases.c.judged_at)
Index("cases_judged", cases.c.judged_by, cases.c.judged_at, cases.c.judgement)

#: What the platform is told to do with a user, in the order it was decided; `number` is the cursor.
decisions: Final = Table(
    "decisions",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("time", Moment, nullable=False),
    Column("user", String, nullable=False),
    Column("case", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("who", String, nullable=False),
    Column("why", String, nullable=False),
    Column("reversal_of", Integer),
    Index("decisions_of_a_user", "user", "number"),
    sqlite_autoincrement=True,
)

#: How far each consumer of the decisions has confirmed them.
cursors: Final = Table(
    "cursors",
    _tables,
    Column("consumer", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

#: Who may do what where a team shares a home. `key`: the name as it is compared; none at all: local mode.
accounts: Final = Table(
    "accounts",
    _tables,
    Column("key", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("salt", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
)

#: What people edit and what stays readable in every version.
documents: Final = Table(
    "documents",
    _tables,
    Column("name", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
)

#: What went wrong while live, from when it was first found until it was found no more. `cause` says what of its kind;
#: `told`: when somebody was told; `failure`: why the last try to tell failed. `page` and `address`: where to look.
incidents: Final = Table(
    "incidents",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("sentence", String, nullable=False),
    Column("page", String, nullable=False),
    Column("address", JSON, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("closed", Moment),
    Column("told", Moment),
    Column("failure", String, nullable=False),
    Index("one_open_incident_a_cause", "kind", "cause", unique=True, sqlite_where=text("closed IS NULL")),
    sqlite_autoincrement=True,
)

#: Keys of programs that use the API. `key`: the name as it is compared; `digest`: SHA-256 of the secret; `rate`:
#: requests a second, 0 for any number.
keys: Final = Table(
    "keys",
    _tables,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("rate", Float, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
    Index("one_standing_key_a_name", "key", unique=True, sqlite_where=text("revoked IS NULL")),
)

#: Runs of the API that still grow. `names`: what `predictions.features` holds, in order.
served: Final = Table(
    "served",
    _tables,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("names", JSON, nullable=False),
)

#: Users scored in such a run. `features`: float64, little-endian, NaN for missing.
predictions: Final = Table(
    "predictions",
    _tables,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("user", String, nullable=False),
    Column("margin", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("novel", String, nullable=False),
    Column("context", JSON, nullable=False),
    Column("features", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: What was answered to requests that may come again, or is being answered; see `core.access.idempotency`. `request`:
#: digest of what was asked.
replies: Final = Table(
    "replies",
    _tables,
    Column("owner", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("replies_by_age", "at"),
)

#: How far a file was applied to this database, so that each part of it is applied once.
marks: Final = Table(
    "marks",
    _tables,
    Column("name", String, primary_key=True),
    Column("position", String, nullable=False),
)


class Database:
    """The one SQLite database of a home, in the file `path`; threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # No pool: a connection is closed when its transaction ends, and none outlives its home.
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY}, poolclass=NullPool)
        #: The file, by inode, that was last given its tables.
        self._made: int | None = None
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back when something is raised.

        It sees the database as it was at its first statement. What reads and then writes uses `writing`.
        """
        with self._open().begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """As `connect`, but one at a time, over all processes: what it reads stays true until it has written.

        Readers do not wait for it. What is not `durable` outlives every process, but waits for no disk: when the
        machine itself goes down it may be lost.
        """
        options = {_BEGIN: "BEGIN IMMEDIATE", _DURABLE: durable}
        with self._open().execution_options(**options).begin() as connection:
            yield connection

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the database open: whoever closes the last connection moves the whole log into it, and waits."""
        with self._open().connect() as connection:
            connection.execute(select(marks.c.name).limit(1)).all()
            connection.rollback()
            yield

    def _open(self) -> Engine:
        """The engine of a file that has its tables, also when it was taken away or another one put there."""
        if self._made != (file := self._file()) or file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Turning on the write-ahead log and making tables wait for nobody; two processes may open a home at once.
            with locks.held(self.path.with_suffix(".lock")):
                _tables.create_all(self._engine)
            self._made = self._file()
        return self._engine

    def _file(self) -> int | None:
        return self.path.stat().st_ino if self.path.exists() else None


def mark(connection: Connection, name: str) -> str:
    """How far a file was applied; "" before anything was."""
    found = connection.execute(select(marks.c.position).where(marks.c.name == name)).scalar_one_or_none()
    return found or ""


def set_mark(connection: Connection, name: str, position: str) -> None:
    if not connection.execute(update(marks).where(marks.c.name == name).values(position=position)).rowcount:
        connection.execute(insert(marks).values(name=name, position=position))


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_DURABLE, True):
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")  # of this connection, which ends with its transaction
    connection.exec_driver_sql(options.get(_BEGIN, "BEGIN"))


def _prepare(connection: Any, _record: object) -> None:
    # The driver would begin at the first write only, after what was read had time to change. Recipe of SQLAlchemy:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#enabling-non-legacy-sqlite-transactional-modes
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
