"""How a verdict stands in the file, and how rows of the file become columns and verdicts again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.feedback.columns import Floats, Numbers, Texts
from core.feedback.verdict import Verdict
from core.schema.schema import RESERVED
from core.scoring.table_marks import Mark
from core.store import log_line

_TIME: Final = pa.timestamp("us", tz="UTC")
#: The columns of a file, in order; one for each feature follows. The first FIRST are in every file. One that is added
#: some day has a name that begins with RESERVED, which no feature's does: no program takes it for a feature.
FIELDS: Final[Mapping[str, pa.DataType]] = {
    "id": pa.string(), "time": _TIME, "case": pa.string(), "prediction": pa.string(), "user": pa.string(),
    "reviewer": pa.string(), "verdict": pa.string(), "is_correct": pa.bool_(), "actual_label": pa.float64(),
    "reason": pa.string(), "notes": pa.string(), "seconds": pa.float64(), "model": pa.string(), "policy": pa.string(),
    "score": pa.float64(), "band": pa.string(), "action": pa.string(), "reasons": pa.string(), "blind": pa.bool_(),
    "stratum": pa.string(), "inclusion": pa.float64(), "supersedes": pa.string(), "trustdesk:category": pa.string(),
}  # fmt: skip
FIRST: Final = 22
#: The category of a violation; files have it from the first verdict on that says one.
CATEGORY: Final = "trustdesk:category"
#: A table of verdicts that has left the home. A copy of the home's own file, whose lines are sealed, is none.
MARK: Final = Mark(
    "verdicts",
    lambda names: (
        tuple(names[:FIRST]) == tuple(FIELDS)[:FIRST] and tuple(names[-len(log_line.SEAL) :]) != log_line.SEAL
    ),
)
TEXTS: Final = tuple(name for name, kind in FIELDS.items() if kind == pa.string())
NUMBERS: Final = tuple(name for name in FIELDS if name not in TEXTS)
_DERIVED: Final = frozenset({"is_correct", "actual_label"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def cells(verdict: Verdict, fields: Sequence[str], features: Sequence[str]) -> list[str]:
    """The encoded cells of a verdict's row in a file with these fields and features."""
    fixed = [_cell(getattr(verdict, name.removeprefix(RESERVED))) for name in fields]
    return fixed + [log_line.number(verdict.features.get(name)) for name in features]


def column(feature: str) -> str:
    """The column of a feature in a frame: its name, marked where a column of every frame has it already.

    >>> column("links"), column("score")
    ('links', 'feature score')
    """
    return f"feature {feature}" if feature in FIELDS else feature


def _cell(value: object) -> str:
    if isinstance(value, bool):  # before the numbers, of which it is one
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return log_line.encode(value) if isinstance(value, str) else log_line.number(cast(float | None, value))


class Table:
    """Rows of one or more files in memory, with all features of these files; forgotten rows are left out."""

    def __init__(self, features: Sequence[str]) -> None:
        self.features = tuple(features)
        self._texts = {name: Texts() for name in TEXTS}
        # The last column is the number of the row in the files, forgotten ones counted.
        self._numbers = Numbers(len(NUMBERS) + len(self.features) + 1)
        self._rows = 0
        #: The fields that the files have: those of all, and later ones.
        self.fields = tuple(FIELDS)[:FIRST]

    def __len__(self) -> int:
        return self._rows

    def add(self, part: pa.Table, fields: Sequence[str], features: Sequence[str], first: int) -> None:
        """Rows as `chained_log.tables` gives them, of a file with these columns; the first is row `first` of all.

        A field that the file does not have is blank in each of its rows.
        """
        self.fields = tuple(name for name in FIELDS if name in {*self.fields, *fields})
        at = dict(zip([*fields, *(("feature", name) for name in features)], part.column_names, strict=False))
        kept = pc.not_equal(part[at["id"]], "")
        number = first + np.flatnonzero(kept.to_numpy())
        part = part.filter(kept)
        for name, texts in self._texts.items():
            blank = pa.chunked_array([pa.array([""] * part.num_rows, pa.string())])
            texts.add(part[at[name]] if name in at else blank)
        sources = [at.get(name) for name in NUMBERS] + [at.get(("feature", name)) for name in self.features]
        self._numbers.add(np.column_stack([*(_floats(part, source) for source in sources), number]))
        self._rows += part.num_rows

    def text(self, name: str, first: int = 0) -> list[str]:
        """The cells of a column of text, from row `first` of this table on."""
        found: list[str] = self._texts[name].column()[first:].to_pylist()
        return found

    def text_of(self, name: str, rows: Sequence[int]) -> list[str]:
        """The cells of a column of text in these rows of this table."""
        found: list[str] = self._texts[name].column().take(pa.array(rows, pa.int64())).to_pylist()
        return found

    def times(self, rows: Sequence[int]) -> list[datetime]:
        """When the verdicts in these rows of this table were given."""
        moments = self._numbers.view()[np.asarray(rows, int), NUMBERS.index("time")]
        return [_EPOCH + timedelta(microseconds=moment) for moment in moments.tolist()]

    def frame(self) -> pd.DataFrame:
        """Every row as FIELDS and `column` of each feature: `time` in UTC, labels and features float, text str.

        The index is the number of the row in the files. Numbers are not copied, and read-only.
        """
        view = self._numbers.view()
        columns: dict[str, Any] = {name: texts.series() for name, texts in self._texts.items()}
        columns |= {name: view[:, i] for i, name in enumerate((*NUMBERS, *map(column, self.features)))}
        columns["time"] = pd.Series(view[:, 0].astype("int64").view("M8[us]")).dt.tz_localize("UTC")
        columns["blind"] = view[:, NUMBERS.index("blind")] > 0
        names = (*self.fields, *map(column, self.features))
        frame = pd.DataFrame({name: columns[name] for name in names}, copy=False)
        return frame.set_axis(view[:, -1].astype("int64"), axis="index")

    def since(self, number: int) -> int:
        """The row of this table that is the first with at least this number in the files."""
        return int(np.searchsorted(self._numbers.view()[:, -1], number))

    def verdicts(self, rows: Sequence[int] | range) -> tuple[Verdict, ...]:
        """The verdicts in these rows of this table."""
        taken = pa.array(rows, pa.int64())
        texts = [self._texts[name].column().take(taken).to_pylist() for name in TEXTS]
        numbers = self._numbers.view()[np.asarray(rows, int), :-1].tolist()
        return tuple(self._verdict(row[:-1], row[-1]) for row in zip(*texts, numbers, strict=True))

    def _verdict(self, texts: Iterable[str], numbers: list[float]) -> Verdict:
        told: dict[str, Any] = dict(zip(TEXTS, texts, strict=True))
        told |= zip(NUMBERS, map(_known, numbers), strict=False)
        told |= {"time": _EPOCH + timedelta(microseconds=numbers[0]), "blind": bool(told["blind"])}
        features = dict(zip(self.features, map(_known, numbers[len(NUMBERS) :]), strict=True))
        known = {name.removeprefix(RESERVED): value for name, value in told.items() if name not in _DERIVED}
        return Verdict(**known, features=features)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _floats(part: pa.Table, source: str | None) -> Floats:
    if source is None:
        return np.full(part.num_rows, np.nan)
    kind = part[source].type
    values = part[source].cast(pa.int64()) if kind in (_TIME, pa.bool_()) else part[source]
    return np.asarray(values.cast(pa.float64()).to_numpy(), float)
