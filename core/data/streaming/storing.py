"""From a file of any size to a stored dataset: its rows are never in memory all at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from core.data import datasets
from core.data.datasets import Dataset
from core.data.formats.limits import Limits
from core.data.formats.options import NOTHING, Given
from core.data.intake import id_name
from core.data.streaming.reading import Block, Read, Reading
from core.data.streaming.source import source_of
from core.data.streaming.unfinished import Unfinished, Work
from core.data.streaming.windows import WINDOW
from core.errors import UnknownItemError
from core.ports import DatasetStore
from core.schema.schema import Schema


def _quiet(_what: str, _done: int, _of: int) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Storing:
    """Stores files. `window`: bytes of a file that are read at a time; `limits`: gives those in force."""

    datasets: DatasetStore
    unfinished: Unfinished
    window: int = WINDOW
    limits: Callable[[], Limits] = Limits

    def labelled(
        self, name: str, payload: bytes | Path, schema: Schema, *, now: datetime, given: Given = NOTHING,
        by: str | None = None, progress: Callable[[str, int, int], None] = _quiet,
    ) -> Dataset:  # fmt: skip
        """Store a file of which every row needs a label, read as was `given`, as brought `by` somebody; it goes on
        where it was interrupted.

        Raises what `intake.read` raises.
        """
        progress(f"Reading {name}", 0, 0)
        source = source_of(name, payload, given, self.limits())
        identity = datasets.identify(source.sha256, schema, need_label=True)
        try:
            return self.datasets.find(identity)
        except UnknownItemError:
            pass
        with self.unfinished.work(hashlib.sha256(f"store {identity}".encode()).hexdigest()[:32], now=now) as work:
            reading = Reading(source, schema, work.folder, need_label=True, window=self.window)
            read = None if work.state is None else Read.from_json(work.state)
            for block in reading.blocks(read, work.ids()):
                read = block.read
                work.add(_tables(block, first=work.state is None), block.ids, read.as_json())
                progress(f"Reading {name}", read.received, reading.rows(read))
            assert read is not None  # noqa: S101 - a file without a row was refused
            dataset = described(reading, read, identity, now, by)
            return self.datasets.put_parts(dataset, lambda: work.tables("rows"), read.unwhole, rejected(work))


def described(reading: Reading, read: Read, identity: str, now: datetime, by: str | None) -> Dataset:
    """What is known of a file, all of which was read."""
    return Dataset(
        id=identity,
        name=reading.source.name,
        sha256=reading.source.sha256,
        created=now,
        received=read.received,
        accepted=read.accepted,
        rejected=read.received - read.accepted,
        positives=read.positives if reading.labelled else None,
        id_column=id_name(reading.schema),
        context=tuple(reading.layout.context),
        absent=reading.layout.absent,
        problems=reading.problems(read),
        by=by,
    )


def rejected(work: Work) -> pd.DataFrame:
    """The rejected rows of all parts, the first of which has a table of them, maybe empty."""
    kept: list[pd.DataFrame] = [table.to_pandas() for table in work.tables("rejected")]
    return pd.concat([each for each in kept if len(each)] or kept[:1], ignore_index=True)


def _tables(block: Block, *, first: bool) -> dict[str, pa.Table]:
    tables = {}
    if first or len(block.rejected):
        tables["rejected"] = pa.Table.from_pandas(block.rejected, preserve_index=False)
    if first or len(block.frame):
        tables["rows"] = pa.Table.from_pandas(block.frame)
    return tables
