"""Rows written to a table of PostgreSQL: a new one, or one that was made here; never over anything, and nothing twice.

All of it is one transaction: rows go into a table of that connection alone, and from there those whose key is not there
yet. Cut before its end, nothing was written; cut at its end, the same rows are found when it is done again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.csv

from core.errors import BadOptionError, RefusedError, RemoteError
from core.remote import postgres
from core.remote.addresses import Database
from core.remote.retrying import tried

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

#: A table in parts of the same columns, as often as it is asked for.
Parts = Callable[[], Iterable[pa.Table]]
#: Bytes of the longest name of a column; PostgreSQL cuts off what is longer.
_LONGEST: Final = 63
#: What a table that was made here says of itself, before the kind of its rows.
_MADE: Final = "Made by Trustdesk, format 1: "


def check(address: Database, kind: str) -> None:
    """Raises RefusedError where the table is there and was not made here for such rows, BadOptionError for a query,
    RemoteError where the database cannot be reached.
    """
    if not address.table:
        raise BadOptionError("--output", "rows go into a table: name it (?table=scores), without a query.")

    def looked() -> None:
        with postgres.connected(address, read_only=True) as connection:
            if not _is_ours(connection, address, kind):
                _check_place(connection, address)

    tried(looked)


def write(address: Database, parts: Parts, *, kind: str, key: str) -> int:
    """Add rows to the table, which is made where it is not there; how many were not there yet.

    key: the column by which rows are told apart. Raises as `check` does, and RefusedError where the table has other
    columns, or another row with a key of these.
    """
    return tried(lambda: _written(address, parts, kind, key))


def _written(address: Database, parts: Parts, kind: str, key: str) -> int:
    from psycopg import sql  # noqa: PLC0415 - `connected` says so where it is not there

    table = sql.Identifier(*address.table)
    with postgres.connected(address, read_only=False) as connection:
        # Two who make the same table do so one after the other.
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [_MADE + ".".join(address.table)])
        staging = sql.Identifier("trustdesk_rows")
        columns = ""
        for part in parts():
            if not columns:
                columns = _columns(part.schema)
                connection.execute(sql.SQL("create temp table {} ({}) on commit drop").format(staging, columns))
                if not _is_ours(connection, address, kind):
                    primary = sql.SQL(", primary key ({})").format(sql.Identifier(key))
                    connection.execute(sql.SQL("create table {} ({}{})").format(table, columns, primary))
                    said = sql.SQL("comment on table {} is {}").format(table, sql.Literal(_MADE + kind))
                    connection.execute(said)
                _check_columns(connection, table, staging, address)
            _copy(connection, staging, part)
        return _added(connection, table, staging, key, address)


def _added(connection: Connection[Any], table: Any, staging: Any, key: str, address: Database) -> int:
    from psycopg import sql  # noqa: PLC0415

    names = {"table": table, "new": staging, "key": sql.Identifier(key)}
    other = sql.SQL(
        "select new.{key} from {new} new join {table} old on old.{key} = new.{key} "
        "where new.* is distinct from old.* limit 1"
    ).format(**names)
    if found := connection.execute(other).fetchone():
        raise RefusedError(
            f"{'.'.join(address.table)} has another row {found[0]} already: another workspace writes to this table. "
            "Nothing was written; name another table."
        )
    insert = sql.SQL("insert into {table} select * from {new} on conflict ({key}) do nothing").format(**names)
    return int(connection.execute(insert).rowcount)


def _copy(connection: Connection[Any], staging: Any, part: pa.Table) -> None:
    from psycopg import sql  # noqa: PLC0415

    sink = io.BytesIO()
    # Texts are quoted and what is missing is not, which is what parts them for PostgreSQL, too.
    pyarrow.csv.write_csv(part, sink, pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"))
    with connection.cursor().copy(sql.SQL("copy {} from stdin (format csv)").format(staging)) as copy:
        copy.write(sink.getbuffer())


def _is_ours(connection: Connection[Any], address: Database, kind: str) -> bool:
    """Whether the table is there, and was made here for such rows. Raises RefusedError where it is somebody else's."""
    quoted = ".".join(f'"{part}"' for part in address.table)
    found = connection.execute(
        "select obj_description(oid, 'pg_class') from pg_class where oid = to_regclass(%s)", [quoted]
    ).fetchone()
    if found is not None and found[0] != _MADE + kind:
        raise RefusedError(
            f"{'.'.join(address.table)} is there already and was not made by this command: it is left as it is. "
            "Name a table that is not there."
        )
    return found is not None


def _check_place(connection: Connection[Any], address: Database) -> None:
    """Raises RemoteError unless a table may be made there."""
    schema = f'"{address.table[0]}"' if len(address.table) > 1 else None
    there, may = connection.execute(
        "select found is not null, has_schema_privilege(found, 'create') from "
        "(select coalesce(to_regnamespace(%(name)s), case when %(name)s::text is null then "
        "to_regnamespace(quote_ident(current_schema())) end)::oid as found) place",
        {"name": schema},
    ).fetchone() or (False, False)  # fmt: skip
    if not there:
        raise RemoteError(f"{address.name}: there is no schema {address.table[0]} in the database. Make it first.")
    if not may:
        raise RemoteError(f"{address.name}: this user may not make a table there.")


def _check_columns(connection: Connection[Any], table: Any, staging: Any, address: Database) -> None:
    from psycopg import sql  # noqa: PLC0415

    def described(which: Any) -> list[tuple[str, int]]:
        cursor = connection.execute(sql.SQL("select * from {} limit 0").format(which))
        return [(each.name, each.type_code) for each in cursor.description or ()]

    there, ours = described(table), described(staging)
    if there != ours:
        odd = sorted({name for name, _ in {*there} ^ {*ours}}) or ["their order"]
        raise RefusedError(
            f"{'.'.join(address.table)} has other columns than these rows ({', '.join(odd[:8])}). "
            "Nothing was written; name another table."
        )


def _columns(schema: pa.Schema) -> Composed:
    from psycopg import sql  # noqa: PLC0415

    if long := [name for name in schema.names if len(name.encode()) > _LONGEST]:
        raise RefusedError(f"{long[0]} has more than {_LONGEST} bytes, as no column of PostgreSQL may. Write a file.")
    pairs = (sql.SQL("{} {}").format(sql.Identifier(each.name), sql.SQL(_kind(each.type))) for each in schema)
    return sql.SQL(", ").join(pairs)


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "bigint"
    if pa.types.is_floating(kind):
        return "double precision"
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamptz"
    return "date" if pa.types.is_date(kind) else "text"
