"""Texts that come more than once, and those among them that carry two labels, which no model can tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore.quality import Finding
from core.schema.levels import written
from core.schema.schema import Schema
from core.wording import count, percent


@dataclass(frozen=True, slots=True)
class Repeats:
    """Of `rows` with a text: how many texts come more than once (`texts`) and in how many rows, how many carry two
    labels (`opposed`) and in how many rows, and the share of the labelled rows in which whoever knows the text alone
    can be right (`best`, 1 without a label).
    """

    column: str
    rows: int
    texts: int
    repeated: int
    opposed: int
    opposed_rows: int
    best: float

    @property
    def sentence(self) -> str:
        if not self.texts:
            return f"{self.column}: no text comes twice."
        come = "text comes" if self.texts == 1 else "texts come"
        said = f"{self.column}: {self.texts:,} {come} more than once, in {self.repeated:,} of {count(self.rows, 'row')}"
        if not self.opposed:
            return f"{said}: each is learnt from or judged on, never both."
        carry = "carries" if self.opposed == 1 else "carry"
        return (
            f"{said}; {self.opposed:,} {carry} two labels ({count(self.opposed_rows, 'row')}), so that nothing that "
            f"knows the text alone can be right in more than {percent(self.best)} of the rows."
        )


def repeats(column: str, numbers: npt.ArrayLike, label: npt.ArrayLike | None = None) -> Repeats:
    """Of the numbers of texts (n,), NaN where missing, and codes of their labels (n,), NaN where not known."""
    values = np.asarray(numbers, np.float64)
    there = ~np.isnan(values)
    codes = np.full(len(values), np.nan) if label is None else np.asarray(label, np.float64)
    _, text, rows = np.unique(values[there], return_inverse=True, return_counts=True)
    codes = codes[there]
    known = ~np.isnan(codes)
    pairs, votes = np.unique(np.stack([text[known], codes[known]]), axis=1, return_counts=True)
    of_text = pairs[0].astype(np.int64)
    labels = np.bincount(of_text, minlength=len(rows))
    best = np.zeros(len(rows))
    np.maximum.at(best, of_text, votes)
    return Repeats(
        column, int(there.sum()), int((rows > 1).sum()), int(rows[rows > 1].sum()), int((labels > 1).sum()),
        int(rows[labels > 1].sum()), float(best.sum() / known.sum()) if known.any() else 1.0,
    )  # fmt: skip


def of_users(frame: pd.DataFrame, schema: Schema, label: npt.ArrayLike | None) -> Iterator[Repeats]:
    """Of each text of the schema; label (n,) of 1, 0 and NaN, told apart by category where the frame has those."""
    codes = None if label is None else _codes(frame, schema, np.asarray(label, np.float64))
    return (repeats(name, frame[name].to_numpy(np.float64), codes) for name in schema.texts if name in frame)


def findings(frame: pd.DataFrame, schema: Schema, label: npt.ArrayLike | None) -> Iterator[Finding]:
    """What there is to know of the texts of users."""
    for found in of_users(frame, schema, label):
        severity = "warning" if found.opposed else "note" if found.texts else "fine"
        code = "opposite_texts" if found.opposed else "repeated_texts"
        yield Finding(code, found.sentence, float(found.opposed or found.texts), severity=severity)  # type: ignore[arg-type]


def _codes(frame: pd.DataFrame, schema: Schema, label: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A number for each label (n,), NaN where none is known: 0 for the negative one, from 1 on for each category."""
    name = written(schema.label.column) if schema.label else ""
    if not schema.label or name not in frame:
        return label
    place = {each: float(at) for at, each in enumerate(schema.label.categories, 1)}
    told: npt.NDArray[Any] = frame[name].map(place).to_numpy(np.float64)
    return np.where(label == 1, np.where(np.isnan(told), 1.0, told), label)
