"""Files that were read, kept as Parquet by content: the same bytes under the same schema are stored once.

`data/datasets/<id>/`: `accepted.parquet` (typed rows, indexed by the input's row number), `rejected.parquet`
(what was turned away and why) and `dataset.json`. No row in it is ever changed; texts may be erased at their end.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core import formats
from core.access.stored_users import StoredUsers
from core.data import problems
from core.data.intake import Checked, Problem
from core.data.records import KEPT
from core.errors import TextsErasedError, UnknownItemError
from core.files import add_digests, removed, replacing, unknown_when_gone, with_digest, within
from core.schema.levels import WRITTEN, written
from core.schema.schema import Schema
from core.store import frames

#: Of dataset.json, and of what was stored before anybody asked who brought it.
FORMAT: Final = 2
_UPGRADES: Final = {1: lambda raw: {**raw, "by": None}}
#: Raised when reading the same bytes would give other rows than before.
_READING: Final = 2
#: Rows stored together: as many are read and unpacked for one user.
ROW_GROUP: Final = 16_384
#: Rows given at a time.
_BATCH: Final = ROW_GROUP
_ACCEPTED: Final = "accepted.parquet"
_REJECTED: Final = "rejected.parquet"
_ABOUT: Final = "dataset.json"
#: An empty file beside them: columns of text are there no more.
_ERASED: Final = "texts-erased"
_there = unknown_when_gone("dataset")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is known of a stored file without opening its rows. `positives` is None without labels; `by`: who brought it
    first, None where that is not known.
    """

    id: str
    name: str
    sha256: str
    created: datetime
    received: int
    accepted: int
    rejected: int
    positives: int | None
    id_column: str
    context: tuple[str, ...]
    absent: tuple[str, ...]
    problems: tuple[Problem, ...]
    by: str | None = None


def identify(sha256: str, schema: Schema, *, allow_missing: bool = False, need_label: bool = False) -> str:
    """The id of the dataset that a file with this digest becomes; 64 hexadecimal digits."""
    parts = [str(_READING), sha256, schema.fingerprint, str(allow_missing), str(need_label)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Datasets:
    """The datasets of a home, kept in `folder`."""

    folder: Path

    @property
    def users(self) -> StoredUsers:
        """Keeps users from being forgotten while what is read here is being stored elsewhere."""
        return StoredUsers(self.folder.with_name("claims"))

    def put(
        self, checked: Checked, schema: Schema, *, now: datetime,
        allow_missing: bool = False, need_label: bool = False, by: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Store what was read, as brought `by` somebody; a dataset that is there already is left as it is."""
        identity = identify(checked.sha256, schema, allow_missing=allow_missing, need_label=need_label)
        dataset = _describe(identity, checked, schema, now, by)
        return self._store(dataset, lambda path: _write(checked.frame, path), checked.rejected)

    def put_parts(
        self, dataset: Dataset, parts: Callable[[], Iterator[pa.Table]], unwhole: Collection[str],
        rejected: pd.DataFrame,
    ) -> Dataset:  # fmt: skip
        """As `put`, of accepted rows that come in parts; unwhole: columns of whole numbers that are not so in each."""
        return self._store(dataset, lambda path: _write_parts(parts(), unwhole, path), rejected)

    def _store(self, dataset: Dataset, write: Callable[[Path], None], rejected: pd.DataFrame) -> Dataset:
        folder, gone = self.folder / dataset.id, tuple[int, ...]()
        # Whoever gives the file again has its texts kept again, but forgets nobody less.
        if (folder / _ERASED).is_file():
            gone = self.forgotten(dataset.id)
            removed(folder)
        if not folder.is_dir():
            try:
                with replacing(folder) as temporary:
                    temporary.mkdir()
                    write(temporary / _ACCEPTED)
                    frames.forget(temporary / _ACCEPTED, gone)
                    rejected.to_parquet(temporary / _REJECTED, index=False)
                    (temporary / _ABOUT).write_text(json.dumps(_as_json(dataset), indent=1), encoding="utf-8")
                    add_digests(temporary)
            except OSError:
                if not folder.is_dir():  # otherwise another process has just stored the same content
                    raise
        return self.find(dataset.id)

    def without(self, dataset: Dataset, rows: pd.Index[int], *, now: datetime) -> Dataset:
        """The same file with some of its accepted rows rejected, because a model gives them no score.

        rows: input row numbers. It is stored beside the dataset, which stays as it is, and knows of no labels: whoever
        learns or judges takes the whole one.
        """
        accepted, before = self.frame(dataset.id), self.rejected(dataset.id)
        rows = rows.intersection(accepted.index)
        told = rows[:KEPT]
        sentences = [f"Row {row}: {problems.clause('no_score')}" for row in told]
        ours = pd.DataFrame(
            {"line": pd.NA, "row": told, "column": None, "code": "no_score", "sentence": sentences,
             "record": _records(accepted.loc[told])},
        ).astype(before.dtypes.to_dict() | {"line": "Int64"})  # fmt: skip
        all_of_them = pd.concat([before.astype({"line": "Int64"}), ours]).sort_values("row", kind="stable")
        problem = problems.no_score(int(rows[0]), len(rows))
        identity = hashlib.sha256("\n".join([dataset.id, "no_score", *map(str, rows)]).encode()).hexdigest()
        kept = replace(
            dataset, id=identity, created=now, accepted=len(accepted) - len(rows),
            rejected=dataset.rejected + len(rows), positives=None,
            problems=problems.ordered([problem, *dataset.problems]),
        )  # fmt: skip
        return self._store(kept, lambda path: _write(accepted.drop(rows), path), all_of_them)

    @_there
    def find(self, identity: str) -> Dataset:
        """Raises UnknownItemError when this home has no such dataset."""
        return _from_json(formats.load(self._folder(identity) / _ABOUT, known=FORMAT, upgrades=_UPGRADES))

    def stored(self) -> tuple[Dataset, ...]:
        """All datasets of this home, newest first."""
        found = []
        for about in self.folder.glob(f"*/{_ABOUT}"):
            with contextlib.suppress(UnknownItemError):  # deleted meanwhile
                found.append(self.find(about.parent.name))
        return tuple(sorted(found, key=lambda each: each.created, reverse=True))

    def labelled(self) -> tuple[Dataset, ...]:
        """Those with a spammer among their labels, newest first; of a file read in two ways with the same rows, one.

        Reading for training turns away rows without a label, which many files do not have.
        """
        kept: dict[tuple[str, int, tuple[str, ...]], Dataset] = {}
        for dataset in self.stored():
            if dataset.positives:
                kept.setdefault((dataset.sha256, dataset.accepted, dataset.absent), dataset)
        return tuple(kept.values())

    @_there
    def frame(self, identity: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The accepted rows, or some of their columns, indexed by row number. Raises TextsErasedError."""
        if columns is not None and (self._folder(identity) / _ERASED).is_file():
            gone = [name for name in columns if name.startswith(WRITTEN) and name not in self.columns(identity)]
            if gone:
                raise TextsErasedError([name.removeprefix(WRITTEN) for name in gone])
        path = self._accepted(identity)
        found = pd.read_parquet(path, columns=None if columns is None else list(columns))
        return frames.living(found, pq.read_schema(path))

    def batches(self, identity: str) -> Iterator[pd.DataFrame]:
        """As `frame`, some rows at a time."""
        # Buffered ahead, all that was read of the file would stay in memory until its end.
        with pq.ParquetFile(self._accepted(identity), pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield frames.living(pa.Table.from_batches([batch]).to_pandas(), file.schema_arrow)
        # Else Arrow keeps it for the next file, which may never come.
        pa.default_memory_pool().release_unused()

    @_there
    def columns(self, identity: str) -> frozenset[str]:
        """The names of the columns stored, and of the row number: those of the schema by which the file was read."""
        return frozenset(pq.read_schema(self._accepted(identity)).names)

    def one(self, identity: str, row: int) -> pd.Series[Any]:
        """One accepted row, all columns, by its input row number. Raises UnknownItemError when it was not accepted."""
        found = self._where(identity, None, row)
        if found.empty:
            raise UnknownItemError("accepted row", str(row))
        return found.iloc[0]

    def row_of(self, identity: str, user: str) -> int | None:
        """The latest input row of the user with this id, or None."""
        return next(reversed(self.rows_of(identity, user)), None)

    def rows_of(self, identity: str, user: str) -> tuple[int, ...]:
        """The input rows with this id, in order: one in a file, maybe several in what the API was asked."""
        column = self.find(identity).id_column
        return tuple(map(int, self._where(identity, column, user.strip(), [column]).index))

    def rows_with(self, identity: str, column: str, value: str, read: Sequence[str]) -> pd.DataFrame:
        """The accepted rows with this value in a column of words, in the order of the file; some of their columns."""
        return self._where(identity, column, value, read)

    @_there
    def _where(
        self, identity: str, column: str | None, value: object, read: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The accepted rows with this value in a column; None means the row number. `read`: columns, all without."""
        path = self._accepted(identity)
        # Where the file has a column of its own called "row", the row number is stored under another name.
        schema = pq.read_schema(path)
        equal = (column or schema.pandas_metadata["index_columns"][0], "==", value)
        found = pd.read_parquet(path, columns=None if read is None else list(read), filters=[equal])
        return frames.living(found, pq.read_schema(path))

    def with_texts(self, texts: Collection[str]) -> tuple[Dataset, ...]:
        """The datasets that hold one of these texts."""
        names = {*map(written, texts)}
        return tuple(each for each in self.stored() if names & self.columns(each.id)) if names else ()

    def erase_texts(self, identity: str, texts: Collection[str]) -> None:
        """Erase these texts for ever, and what stood in rejected rows; ids, numbers and all other columns stay."""
        folder, path, names = self._folder(identity), self._accepted(identity), {*map(written, texts)}
        with self.users.in_use():
            refused = self.rejected(identity)
            blank = refused.assign(record=pd.Series(None, refused.index, refused["record"].dtype))
            with with_digest(folder / _REJECTED) as temporary:
                blank.to_parquet(temporary, index=False)
            (folder / _ERASED).touch()
            with with_digest(path) as temporary:
                _regroup(path, temporary, [name for name in pq.read_schema(path).names if name not in names])

    @_there
    def forgotten(self, identity: str) -> tuple[int, ...]:
        """The input rows of accepted users who were forgotten: they are given to nobody."""
        return frames.forgotten(pq.read_schema(self._accepted(identity)))

    def in_one_piece(self) -> tuple[str, ...]:
        """The ids of datasets of before, each a single row group that is read whole for one user."""
        return tuple(dataset.id for dataset in self.stored() if _largest_group(self._accepted(dataset.id)) > ROW_GROUP)

    def regroup(self, identity: str) -> None:
        """Store the rows of a dataset in row groups; its id and its rows stay."""
        path = self._accepted(identity)
        with self.users.in_use(), with_digest(path) as temporary:
            _regroup(path, temporary, pq.read_schema(path).names)

    @_there
    def rejected(self, identity: str) -> pd.DataFrame:
        """The rejected rows: line, row, column, code, sentence, record."""
        return pd.read_parquet(self._folder(identity) / _REJECTED)

    def remove(self, identity: str) -> None:
        """Delete a dataset, whose rows nothing is to need any more."""
        removed(self._folder(identity))

    def _accepted(self, identity: str) -> Path:
        if not (path := self._folder(identity) / _ACCEPTED).is_file():
            raise UnknownItemError("dataset", identity)
        return path

    def _folder(self, identity: str) -> Path:
        return within(self.folder, identity)


def _largest_group(path: Path) -> int:
    about = pq.read_metadata(path)
    return max((about.row_group(at).num_rows for at in range(about.num_row_groups)), default=0)


def _write(accepted: pd.DataFrame, path: Path) -> None:
    schema = pa.Schema.from_pandas(accepted)
    # A row group at a time: as a whole, the table would be there twice.
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        for begin in range(0, max(len(accepted), 1), ROW_GROUP):
            writer.write_table(pa.Table.from_pandas(accepted.iloc[begin : begin + ROW_GROUP], schema=schema))


def _regroup(path: Path, target: Path, names: Sequence[str]) -> None:
    """These columns of a table, a row group at a time, with all that it says of its rows."""
    table = pq.read_table(path, columns=list(names))
    with pq.ParquetWriter(target, table.schema, compression="lz4") as writer:
        for begin in range(0, max(len(table), 1), ROW_GROUP):
            writer.write_table(table.slice(begin, ROW_GROUP))


def _write_parts(parts: Iterator[pa.Table], unwhole: Collection[str], path: Path) -> None:
    """The same, of parts one after another: the same bytes."""
    first = next(parts)
    kinds = {name: np.float64 for name in first.column_names if name in unwhole}
    schema = pa.Schema.from_pandas(first.slice(0, 0).to_pandas().astype(kinds))
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        rest = schema.empty_table()
        for part in itertools.chain([first], parts):
            rest = pa.concat_tables([rest, part.cast(schema)])
            whole = len(rest) - len(rest) % ROW_GROUP
            for begin in range(0, whole, ROW_GROUP):
                writer.write_table(rest.slice(begin, ROW_GROUP).combine_chunks())
            rest = rest.slice(whole).combine_chunks()
        if len(rest):
            writer.write_table(rest)


def _records(rows: pd.DataFrame) -> list[str]:
    """Each row as a record of CSV: the file itself is not kept."""
    return [row.to_frame().T.to_csv(index=False, header=False).rstrip("\n") for _, row in rows.iterrows()]


def _describe(identity: str, checked: Checked, schema: Schema, now: datetime, by: str | None) -> Dataset:
    labels = checked.frame.get(schema.label.column) if schema.label else None
    return Dataset(
        id=identity, name=checked.name, sha256=checked.sha256, created=now, received=checked.received,
        accepted=len(checked.frame), rejected=checked.turned_away,
        positives=None if labels is None else int(labels.sum()), id_column=str(checked.frame.columns[0]),
        context=checked.context, absent=checked.absent, problems=checked.problems, by=by,
    )  # fmt: skip


def _as_json(dataset: Dataset) -> dict[str, Any]:
    return {**asdict(dataset), "created": dataset.created.isoformat(), "format": FORMAT}


def _from_json(raw: dict[str, Any]) -> Dataset:
    return Dataset(
        **{
            **raw,
            "created": datetime.fromisoformat(raw["created"]),
            "context": tuple(raw["context"]),
            "absent": tuple(raw["absent"]),
            "problems": tuple(Problem(**problem) for problem in raw["problems"]),
        }
    )
