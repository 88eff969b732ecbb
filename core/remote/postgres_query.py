"""What a query of PostgreSQL gives, or a table, as a Parquet file with the types of its columns.

The server writes it as CSV, in which NULL and an empty text differ, and Arrow makes it Parquet: never all of it is in
memory. Numbers of any precision go on as text, with every digit; the rest of the program reads them from text anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from core.errors import FileProblemError
from core.files import told_when_full
from core.remote import postgres
from core.remote.addresses import Database
from core.remote.retrying import tried

if TYPE_CHECKING:
    from psycopg.sql import Composable

#: Bytes that are read together; a row has fewer.
_BLOCK: Final = 1 << 24
_BYTEA: Final = "bytea"
#: Types of PostgreSQL that Parquet knows; all others go on as the text that the server writes.
_KINDS: Final[Mapping[str, pa.DataType]] = {
    "bool": pa.bool_(), "int2": pa.int64(), "int4": pa.int64(), "int8": pa.int64(),
    "float4": pa.float32(), "float8": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}  # fmt: skip


def fetch(address: Database, target: Path) -> None:
    """Write what an address names to a file that is not there yet.

    A connection that is cut is made anew, and all is asked for again: the rows of two moments are no table that there
    ever was. Raises RemoteError, BadOptionError, and FileProblemError for columns that no file can have.
    """
    raw = target.with_suffix(".csv")
    try:
        with told_when_full(target):
            _written(raw, tried(lambda: _copied(address, raw)), target, address.name)
    finally:
        raw.unlink(missing_ok=True)


def _copied(address: Database, raw: Path) -> dict[str, pa.DataType]:
    """Write the rows as CSV, and say which columns they have."""
    from psycopg import sql  # noqa: PLC0415 - `connected` says so where it is not there

    with postgres.connected(address, read_only=True) as connection:
        what: Composable = sql.SQL("({}\n)").format(sql.SQL(address.query))  # a comment may end it
        if address.table:
            what = sql.Identifier(*address.table)
        asked = sql.SQL("select * from {} asked").format(what)
        cursor = connection.execute(sql.SQL("{} limit 0").format(asked))
        kinds = _kinds(address.name, cursor.description or (), connection.adapters.types)
        with (
            raw.open("wb") as file,
            cursor.copy(sql.SQL("copy ({}) to stdout (format csv)").format(asked)) as rows,
        ):
            for block in rows:
                file.write(block)
    return kinds


def _kinds(name: str, described: Any, types: Any) -> dict[str, pa.DataType]:
    kinds: dict[str, pa.DataType] = {}
    for column in described:
        found = types.get(column.type_code)
        if column.name in kinds:
            sentence = f"it has two columns {column.name}: name them apart in the query (as ...)."
            raise FileProblemError(name, "column_twice", sentence)
        if found is not None and found.name == _BYTEA and found.oid == column.type_code:
            sentence = f"{column.name} is of bytes (bytea), which no table of users has: leave it out of the query."
            raise FileProblemError(name, "bytes", sentence)
        plain = found is not None and found.oid == column.type_code  # an array has the name of what is in it
        kinds[column.name] = _KINDS.get(found.name, pa.string()) if plain else pa.string()
    if not kinds:
        raise FileProblemError(name, "no_column", "it has no column.")
    return kinds


def _written(raw: Path, kinds: Mapping[str, pa.DataType], target: Path, name: str) -> None:
    schema = pa.schema(list(kinds.items()))
    # Nothing is packed: what unpacks to many times its size is refused of a file from elsewhere.
    with pq.ParquetWriter(target, schema, compression="none", use_dictionary=False) as writer:
        if not raw.stat().st_size:
            writer.write_table(schema.empty_table())
            return
        try:
            with pyarrow.csv.open_csv(
                raw,
                pyarrow.csv.ReadOptions(block_size=_BLOCK, column_names=list(kinds)),
                pyarrow.csv.ParseOptions(newlines_in_values=True),
                pyarrow.csv.ConvertOptions(
                    column_types=kinds, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
                    true_values=["t"], false_values=["f"],
                ),
            ) as reader:  # fmt: skip
                for batch in reader:
                    writer.write_batch(batch)
        except pa.ArrowInvalid as error:
            words = str(error).partition("\n")[0][:200].rstrip(".")
            sentence = f"a value has no place in a file ({words}): cast its column to text in the query, or mend it."
            raise FileProblemError(name, "value", sentence) from None
