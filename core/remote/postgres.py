"""Connections to PostgreSQL. Every way in which one fails becomes a sentence; none has a password or a query.

psycopg reads the password from PGPASSWORD or ~/.pgpass by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadOptionError, CutError, RemoteError
from core.remote.addresses import Database
from core.settings import DATABASE_PASSWORD_VARIABLE

if TYPE_CHECKING:
    import psycopg

#: Seconds until a server that does not answer is given up, and until one is asked whether it still lives.
_PATIENCE: Final = 10
_SHOWN: Final = 200
#: SQLSTATEs after which another try may help: lost connections, a server that stops or starts, no room for one more.
_PASSING: Final = ("08", "57P", "53300", "40001", "40P01")
#: Times and numbers as text in one way, whatever the server or the user prefers.
_ALIKE: Final = (
    "set datestyle to 'ISO, YMD'", "set intervalstyle to 'postgres'", "set timezone to 'UTC'",
    "set extra_float_digits to 1", "set statement_timeout to 0",
)  # fmt: skip


@contextlib.contextmanager
def connected(address: Database, *, read_only: bool) -> Iterator[psycopg.Connection[Any]]:
    """A connection, in one transaction that sees one state of the database; committed at the end, else undone.

    Raises BadOptionError without psycopg, CutError where another try may help, RemoteError.
    """
    try:
        import psycopg  # noqa: PLC0415 - a package that few need
    except ModuleNotFoundError:
        raise BadOptionError(
            "address", "PostgreSQL takes a package more: pip install 'psycopg[binary]>=3.2'."
        ) from None
    where = f"{address.reached.get('host', 'the local server')}/{address.reached.get('dbname', '')}".rstrip("/")
    try:
        connection = psycopg.connect(
            **address.reached, autocommit=True, connect_timeout=_PATIENCE, client_encoding="utf8",
            application_name="trustdesk", keepalives_idle=_PATIENCE, keepalives_interval=_PATIENCE, keepalives_count=3,
        )  # fmt: skip
        with contextlib.closing(connection):
            for setting in _ALIKE:
                connection.execute(setting)
            connection.autocommit = False
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ if read_only else None
            connection.read_only = read_only
            with connection.transaction():
                yield connection
    except psycopg.Error as error:
        raise _told(error, where) from None


def _told(error: psycopg.Error, where: str) -> RemoteError:
    """What went wrong, in a sentence: what the server says first of it, without the lines that quote a query."""
    import psycopg  # noqa: PLC0415

    said = (error.diag.message_primary or str(error).strip().rpartition("\n")[2])[:_SHOWN].rstrip(".")
    said = said.rpartition("FATAL:  ")[2]
    if "password" in said:
        said += f"; the password is read from {DATABASE_PASSWORD_VARIABLE} or ~/.pgpass"
    state = error.sqlstate or ""
    if not state and isinstance(error, psycopg.OperationalError):
        if "password" in said or "does not exist" in said or "no pg_hba" in said:
            return RemoteError(f"PostgreSQL at {where} lets nobody in: {said}.")
        return CutError(f"PostgreSQL at {where} cannot be reached, or the connection was cut ({said}). Try again.")
    if state.startswith(_PASSING):
        return CutError(f"PostgreSQL at {where} ended the connection: {said}. Try again.")
    if state.startswith("42501"):
        return RemoteError(f"PostgreSQL at {where} does not let this user do that: {said}.")
    return RemoteError(f"PostgreSQL at {where} refuses what it was asked: {said}.")
