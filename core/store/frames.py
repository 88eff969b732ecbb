"""Tables in a home as Parquet that says its format, in the facts of its schema; see `core.formats`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import formats

_KEY: Final = b"trustdesk format"


def write(frame: pd.DataFrame, path: Path, *, known: int) -> None:
    """Write a table with its number, index and all."""
    table = pa.Table.from_pandas(frame)
    facts = {**(table.schema.metadata or {}), _KEY: str(known).encode()}
    pq.write_table(table.replace_schema_metadata(facts), path, compression="lz4")


def read(path: Path, *, known: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table that `write` wrote, or one of before there were numbers. Raises NewerFormatError."""
    found = (pq.read_schema(path).metadata or {}).get(_KEY, b"1")
    formats.number(int(found), formats.shown(path), known)
    return pd.read_parquet(path, columns=None if columns is None else list(columns))
