"""What stored tables hold of a user: datasets, runs, the shadow, comparisons, predictions from outside, baselines.

A row of the user stays where it is, blank but for its number, so that all others keep their places; who reads the
table is not given it. So it stays when the same file is given again.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.catalog.erasure.who import Part, Who
from core.data.datasets import Dataset, Datasets
from core.files import with_digest, write_kept
from core.formats import shown
from core.registry import forgetting
from core.registry.registry import Registry
from core.schema.schema import Schema
from core.scoring.runs import Runs
from core.store import frames
from core.wording import count

#: What names a user where users have no ids: the file and the row, as `core.scoring.user_names` has it.
_UNNAMED: Final = re.compile(r"([0-9a-f]{12})-([0-9]+)")
_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class InTables:
    """The stored tables of a home. `compared`, `predictions`, `shadow`: their folders."""

    datasets: Datasets
    registry: Registry
    runs: Runs
    compared: Path
    predictions: Path
    shadow: Path

    def rows_of(self, who: Who, schema: Schema | None) -> dict[Dataset, tuple[int, ...]]:
        """The rows of a user, by dataset; those without any are left out."""
        return {each: found for each in self.datasets.stored() if (found := _rows(self.datasets, each, who, schema))}

    def messages_of(self, who: Who, schema: Schema | None) -> tuple[str, ...]:
        """The ids of the messages that the user is the author of."""
        found = (_written(self.datasets, each, who, schema) for each in self.datasets.stored())
        return tuple(dict.fromkeys(str(each) for ids in found for each in ids))

    def predictions_on(self, who: Who, schema: Schema | None) -> frozenset[str]:
        """The ids of the predictions on a user in runs that are closed."""
        rows = {each.id: found for each, found in self.rows_of(who, schema).items()}
        return frozenset(f"{run.id}-{row}" for run in self.runs.recent(_ALL) for row in rows.get(run.dataset, ()))

    def parts(self, who: Who, schema: Schema | None, *, erase: bool) -> Iterator[Part]:
        """What there is of a user, erased as it is told of where that is asked for; the rows of files last, which tell
        where the others are.
        """
        rows = self.rows_of(who, schema)
        yield from self._baselines(rows, erase=erase)
        yield from self._runs({each.id: found for each, found in rows.items()}, erase=erase)
        yield from self._comparisons(who, erase=erase)
        for path in sorted(self.predictions.glob("*/predictions.parquet")):
            yield from _renamed(path, "id", who, erase=erase)
        for dataset in self.datasets.stored():
            yield from self._dataset(dataset, rows.get(dataset, ()), who, erase=erase)

    def _baselines(self, rows: dict[Dataset, tuple[int, ...]], *, erase: bool) -> Iterator[Part]:
        """The values of the user among those that a version keeps to compare others with."""
        values = [self.datasets.frame(each.id).loc[list(found)] for each, found in rows.items()]
        for version in self.registry.versions() if values else ():
            if number := forgetting.forget(self.registry.load(version), values, erase=erase):
                yield Part(f"models/{version}", f"{count(number, 'row')} of the sample of its baseline")

    def _runs(self, rows: dict[str, tuple[int, ...]], *, erase: bool) -> Iterator[Part]:
        for run in self.runs.recent(_ALL):
            ours = rows.get(run.dataset, ())
            folder, beside = self.runs.folder / run.id, sorted(self.shadow.glob(f"{run.id}-*.parquet"))
            if not ours or not folder.is_dir():
                continue
            yield Part(shown(folder), f"scores, reasons and plan of {count(len(ours), 'row')}")
            if erase:
                frames.forget_in(folder, ours)
                for path in beside:
                    frames.forget(path, ours)

    def _comparisons(self, who: Who, *, erase: bool) -> Iterator[Part]:
        for path in sorted(self.compared.glob("*/users.parquet")):
            frame = pd.read_parquet(path)
            rows = frame.index[(frame["user"].astype("str") == who.user).to_numpy()]
            why = path.with_name("why.parquet")
            if len(rows) and erase and why.is_file():
                told = pd.read_parquet(why)
                with with_digest(why) as temporary:
                    told[~told["row"].isin(rows)].to_parquet(temporary, index=False)
            yield from _renamed(path, "user", who, erase=erase)

    def _dataset(self, dataset: Dataset, rows: Sequence[int], who: Who, *, erase: bool) -> Iterator[Part]:
        folder = self.datasets.folder / dataset.id
        where = shown(folder)[:28]
        if rows:
            yield Part(where, f"{count(len(rows), 'row')} of {dataset.name}, blanked")
            if erase:
                frames.forget(folder / "accepted.parquet", rows)
        yield from _without_mentions(folder / "accepted.parquet", who, erase=erase)
        rejected = self.datasets.rejected(dataset.id)
        texts = zip(rejected["record"], rejected["sentence"], strict=True)
        named = np.array([any(isinstance(text, str) and who.named_in(text) for text in row) for row in texts], bool)
        if named.any():
            yield Part(where, f"{count(int(named.sum()), 'rejected row')}, blanked")
            if erase:
                _blank(folder / "rejected.parquet", named)
        about = folder / "dataset.json"
        raw = json.loads(about.read_text(encoding="utf-8"))
        if who.named_within(raw):
            yield Part(where, "the id in what was found in the file")
            if erase:
                write_kept(about, json.dumps(who.struck_within(raw), indent=1))


def _rows(datasets: Datasets, dataset: Dataset, who: Who, schema: Schema | None) -> tuple[int, ...]:
    """The rows of the user in a dataset, and those that the user is the author of."""
    if schema is None or schema.id is not None:
        return tuple(sorted({*datasets.rows_of(dataset.id, who.user), *_written(datasets, dataset, who, schema).index}))
    match = _UNNAMED.fullmatch(who.user)
    if match is None or not dataset.id.startswith(match[1]):
        return ()
    return datasets.rows_of(dataset.id, match[2])


def _written(datasets: Datasets, dataset: Dataset, who: Who, schema: Schema | None) -> pd.Series[str]:
    """The ids of the messages in a dataset that the user is the author of, by row."""
    nothing = pd.Series(dtype="str", index=pd.Index([], dtype="int64"))
    if schema is None or schema.author is None or schema.author not in datasets.columns(dataset.id):
        return nothing
    found = datasets.rows_with(dataset.id, schema.author, who.user, [dataset.id_column])
    return found.get(dataset.id_column, nothing)


def _without_mentions(path: Path, who: Who, *, erase: bool) -> Iterator[Part]:
    """Rows of others that have the id as a value, as a message has that of who is answered: there it is missing."""
    table = pq.read_table(path)
    texts = [
        field.name for field in table.schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    ]
    held = {name: pc.fill_null(pc.equal(table[name], who.user), fill_value=False) for name in texts}
    rows = np.zeros(len(table), bool)
    for each in held.values():
        rows |= each.to_numpy()
    own = np.isin(table.column(0).to_numpy(zero_copy_only=False), [who.user])
    rows &= ~own
    if not rows.any():
        return
    yield Part(shown(path.parent)[:28], f"the id in {count(int(rows.sum()), 'row')} of others, missing there")
    if erase:
        _rewritten(path, {name: _nulled(table[name], held[name].to_numpy()) for name in texts}, table)


def _renamed(path: Path, column: str, who: Who, *, erase: bool) -> Iterator[Part]:
    """Rows that keep their label and scores under a name that says nothing."""
    table = pq.read_table(path)
    if column not in table.column_names:
        return
    ours = pc.fill_null(pc.equal(table[column].cast(pa.string()), who.user), fill_value=False).to_numpy()
    if not ours.any():
        return
    yield Part(shown(path.parent)[:36], f"the name of {count(int(ours.sum()), 'row')}")
    if erase:
        names = table[column].cast(pa.string()).to_pylist()
        fresh = [f"forgotten-{secrets.token_hex(8)}" if gone else name for name, gone in zip(names, ours, strict=True)]
        _rewritten(path, {column: pa.chunked_array([pa.array(fresh, table.schema.field(column).type)])}, table)


def _blank(path: Path, rows: npt.NDArray[np.bool_]) -> None:
    table = pq.read_table(path)
    blank = {name: _nulled(table[name], rows) for name in ("record", "sentence")}
    _rewritten(path, blank, table)


def _nulled(column: pa.ChunkedArray, rows: npt.NDArray[np.bool_]) -> pa.ChunkedArray:
    return column.take(pa.array(np.arange(len(column)), mask=rows))


def _rewritten(path: Path, columns: dict[str, Any], table: pa.Table) -> None:
    with pq.ParquetFile(path) as file:
        group = max((file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)), default=1)
    for name, column in columns.items():
        at = table.column_names.index(name)
        table = table.set_column(at, table.schema.field(name), column)
    with with_digest(path) as temporary:
        pq.write_table(table, temporary, compression="lz4", row_group_size=max(group, 1))
