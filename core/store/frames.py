"""Tables in a home as Parquet that says its format, in the facts of its schema; see `core.formats`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import formats

_KEY: Final = b"trustdesk format"


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
    """A table that `write` wrote, or one of before there were numbers. Raises NewerFormatError."""
    found = (pq.read_schema(path).metadata or {}).get(_KEY, b"1")
    formats.number(int(found), formats.shown(path), known)
    return pd.read_parquet(path, columns=None if columns is None else list(columns))
