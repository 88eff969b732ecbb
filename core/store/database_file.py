"""The file of a database, as SQLite sees it: copied, proven and searched; and what it says of one that is busy, full,
closed or damaged, as sentences.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from core.errors import BusyError, DamagedDatabaseError, StorageError

#: What a driver raises that is asked for something of a file.
Failure: Final = sqlite3.Error
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
#: Sentences of a proof that are told of one file.
_MOST: Final = 5

#: Runs a statement of SQL and gives its rows.
Run = Callable[[str], Any]


@contextlib.contextmanager
def opened(path: Path, mode: str = "ro", *, within: float = 5.0) -> Iterator[sqlite3.Connection]:
    """The database in a file that exists, below all that the program keeps of it; each statement is by itself.

    mode: "ro" to read, "rw" to write, "ro&immutable=1" for a copy that nobody has open. within: seconds to wait for a
    lock. Raises Failure.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=within, isolation_level=None)) as connection:
        yield connection


def copied(path: Path, copy: Path) -> None:
    """Write what is committed in the database `path`, in use or not, to a file that nobody else may read.

    Raises StorageError.
    """
    copy.touch(mode=0o600)
    try:
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except Failure as error:
        raise (of(error, path) or StorageError(str(copy), str(error))) from error


def table_names(run: Run) -> set[str]:
    return {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}


def last_number(run: Run, table: str) -> int:
    """The highest number that the table ever gave a row; 0 where it gave none."""
    found = run(f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'").fetchone()  # noqa: S608 - a name of ours
    return int(found[0]) if found else 0


def damage(run: Run, *, whole: bool) -> Iterator[str]:
    """What is wrong with a database by its own proof, in its words; `whole`: of indexes against their tables, too."""
    said = [text for (text,) in run(f"PRAGMA {'integrity' if whole else 'quick'}_check({_MOST})").fetchall()]
    yield from (" ".join(text.split()) for text in said if text != "ok")


def orphans(run: Run) -> Iterator[str]:
    """Rows that name another one that is not there, as sentences."""
    for row in run("PRAGMA foreign_key_check").fetchmany(_MOST):
        yield f"a row of {row[0]} names one of {row[2]} that is not there"


def has_text(path: Path, text: str) -> bool:
    """Whether a cell of a database that nobody has open, of whatever tables, has the text somewhere in it.

    One that cannot be read is taken for one that does.
    """
    with contextlib.suppress(Failure), opened(path, "ro&immutable=1") as copy:
        copy.text_factory = lambda raw: raw.decode("utf-8", "replace")
        quoted = (name.replace('"', '""') for name in table_names(copy.execute))
        rows = (row for name in quoted for row in copy.execute(f'SELECT * FROM "{name}"'))  # noqa: S608 - of its own
        return any(text in (cell if isinstance(cell, str) else cell.decode("utf-8", "replace"))
                   for row in rows for cell in row if isinstance(cell, str | bytes))  # fmt: skip
    return True


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Make a StorageError of what SQLite raises of the file `path`, where the file is to blame, not what was asked."""
    try:
        yield
    except (DBAPIError, Failure) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        failure = of(cause, path) if isinstance(cause, Failure) else None
        if failure is None:
            raise
        raise failure from error


def of(error: BaseException, path: Path) -> StorageError | None:
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
