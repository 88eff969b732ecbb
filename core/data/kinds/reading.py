"""Cells of a column that is no plain number, read by its kind: each distinct text once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from core.data.cells import Floats, Marks, Wrong
from core.data.kinds import category, flag, moment, number, text
from core.data.records import Bools
from core.schema.column import Column
from core.schema.levels import plain


@dataclass(frozen=True, slots=True)
class Read:
    """A column of the good records: `values` (n,), NaN where missing or wrong; of a category also its `words`, null
    where missing. Of a text there are `words` alone, whose numbers are told once it is known which rows are kept, and
    where they are cut (n,).
    """

    values: Floats
    wrong: Wrong | None = None
    words: Any = None
    cut: Bools | None = None


def by_kind(column: Column, own: Marks) -> Callable[[str], float | str]:
    """What a cell says: its number, NaN where it is missing, or the code of what is wrong. `own`: marks of the home."""
    marks = own.and_of(column.missing)
    if column.kind == "text":
        return text.judge(column, marks)
    if column.kind == "category":
        return category.judge(column, marks)
    if column.moment:
        return moment.judge(column, marks)
    return flag.judge(column, marks) if column.yes else number.judge(column, marks)


def allowed(column: Column) -> str:
    """How a cell of the column is written."""
    if column.kind == "text":
        return "a text"
    if column.kind == "category":
        return category.allowed(column)
    if column.moment:
        return moment.allowed(column)
    return flag.allowed(column) if column.yes else number.allowed(column)


def read(texts: Any, column: Column, marks: Marks) -> Read:
    """A column of text as its kind reads it."""
    if column.kind == "text":
        found = text.read(texts, column, marks)
        return Read(np.empty(0), None, found.words, found.long)
    encoded = _whole(texts).dictionary_encode()
    which, distinct = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    judge = by_kind(column, marks)
    verdicts = [judge(cell) for cell in distinct]
    numbers = np.array([np.nan if isinstance(each, str) else each for each in verdicts], np.float64)
    values = numbers[which] if len(which) else np.empty(0)
    words = None
    if column.kind == "category":
        said = [None if each != each else plain(cell) for each, cell in zip(verdicts, distinct, strict=True)]  # noqa: PLR0124
        words = pa.array(said, pa.large_string()).take(encoded.indices)
    kinds = tuple(sorted({each for each in verdicts if isinstance(each, str)}))
    if not kinds:
        return Read(values, None, words)
    codes = np.array([kinds.index(each) if isinstance(each, str) else -1 for each in verdicts], np.int8)[which]
    wrong = codes >= 0
    return Read(values, Wrong(np.flatnonzero(wrong), kinds, codes[wrong], _whole(texts).filter(pa.array(wrong))), words)


def _whole(texts: Any) -> Any:
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
