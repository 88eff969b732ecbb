"""Tables in a home as Parquet that says its format, in the facts of its schema; see `core.formats`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import formats
from core.files import with_digest

_KEY: Final = b"trustdesk format"
#: The numbers of rows whose users were forgotten: they stand there blank, so that all others keep their places.
_FORGOTTEN: Final = b"trustdesk forgotten"


def write(frame: pd.DataFrame, path: Path, *, known: int) -> None:
    """Write a table with its number, index and all."""
    write_parts([pa.Table.from_pandas(frame)], path, known=known)


def write_parts(parts: Iterable[pa.Table], path: Path, *, known: int) -> None:
    """The same, of one or more parts one after another, each as `pa.Table.from_pandas` makes it."""
    parts = iter(parts)
    first = next(parts)
    schema = first.schema.with_metadata({**(first.schema.metadata or {}), _KEY: str(known).encode()})
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        for part in itertools.chain([first], parts):
            writer.write_table(part.cast(schema))


def read(path: Path, *, known: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table that `write` wrote, or one of before there were numbers, without users who were forgotten.

    Raises NewerFormatError.
    """
    schema = pq.read_schema(path)
    formats.number(int((schema.metadata or {}).get(_KEY, b"1")), formats.shown(path), known)
    found = pd.read_parquet(path, columns=None if columns is None else list(columns))
    return living(found, pq.read_schema(path))  # read once more: somebody may be forgotten meanwhile


def forgotten(schema: pa.Schema) -> tuple[int, ...]:
    """The numbers of the rows of a stored table whose users were forgotten."""
    return tuple(json.loads((schema.metadata or {}).get(_FORGOTTEN, b"[]")))


def living(frame: pd.DataFrame, schema: pa.Schema) -> pd.DataFrame:
    """Rows of a table with this schema without those forgotten, in the types that they had among no blank ones."""
    if not (rows := forgotten(schema)):
        return frame
    told = (schema.pandas_metadata or {}).get("columns", ())
    # Of words in a dictionary the type is that of their numbers, which are not what is read.
    kinds = {each["field_name"]: each["numpy_type"] for each in told if each["pandas_type"] != "categorical"}
    whole = {name: kind for name, kind in kinds.items() if name in frame and kind.startswith(("int", "uint", "bool"))}
    return frame[~frame.index.isin(rows)].astype(whole)


def forget(path: Path, rows: Collection[int]) -> int:
    """Blank the rows of these numbers in a stored table for ever; how many there were that were not blank yet."""
    with pq.ParquetFile(path) as file:
        schema, before = file.schema_arrow, forgotten(file.schema_arrow)
        wanted = sorted({*rows} - {*before})
        there = [number for number in wanted if number in _numbers(file)]
        if not there:
            return 0
        facts = {**(schema.metadata or {}), _FORGOTTEN: json.dumps(sorted({*before, *there})).encode()}
        index, first = _index(schema), 0
        with (
            with_digest(path) as temporary,
            pq.ParquetWriter(temporary, schema.with_metadata(facts), compression="lz4") as writer,
        ):
            for at in range(file.num_row_groups):
                group = file.read_row_group(at)
                numbers = group[index].to_numpy() if index else np.arange(first, first + len(group))
                first += len(group)
                places = pa.array(np.arange(len(group)), mask=np.isin(numbers, there))
                columns = [group[name] if name == index else group[name].take(places) for name in group.column_names]
                writer.write_table(pa.table(columns, schema=schema.with_metadata(facts)))
    return len(there)


def forget_in(folder: Path, rows: Collection[int]) -> int:
    """As `forget`, in every table of a folder; in how many something was blanked."""
    return sum(bool(forget(path, rows)) for path in sorted(folder.glob("*.parquet"))) if rows else 0


def _index(schema: pa.Schema) -> str | None:
    """The column of the row numbers, None where these are the places."""
    found = schema.pandas_metadata["index_columns"][0]
    return found if isinstance(found, str) else None


def _numbers(file: pq.ParquetFile) -> Collection[int]:
    index = _index(file.schema_arrow)
    if index is None:
        return range(file.metadata.num_rows)
    return frozenset(file.read([index])[index].to_pylist())
