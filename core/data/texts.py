"""Text columns -> ids, labels and context; nothing is reformatted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from core.data.cells import BUILT_IN, Floats, Marks, Wrong, judge
from core.data.records import Bools
from core.schema.schema import Label, key


@dataclass(frozen=True, slots=True)
class Labels:
    """1.0 for a positive value, 0.0 for the negative one, else NaN, (good records,); and where which is why. Of a label
    with categories also which one it is, as the schema writes it, null for all others.
    """

    values: Floats
    missing: Bools
    unknown: Bools
    categories: Any = None


def missing(column: Any, marks: Marks) -> Bools:
    """Where a stripped text column is empty or says that it is missing ("NA", "null" ..., see cells.Marks)."""
    words = pa.array(sorted(marks.words), column.type)
    values: Bools = compute.is_in(compute.ascii_lower(column), value_set=words).to_numpy(zero_copy_only=False)
    if marks.numbers:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        encoded = whole.dictionary_encode()
        said: Bools = np.array([marks.missing(text) for text in encoded.dictionary.to_pylist()], np.bool_)
        values |= said[encoded.indices.to_numpy()]
    return values


def labels(column: Any, label: Label, marks: Marks = BUILT_IN) -> Labels:
    encoded = column.combine_chunks().dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    said = [meaning(text, label, marks) for text in distinct]
    found = np.array(said)[encoded.indices.to_numpy()] if len(column) else np.empty(0, np.str_)
    values = np.select([found == "positive", found == "negative"], [1.0, 0.0], np.nan)
    categories = None
    if label.categories:
        names = [
            _category(text, label) if each == "positive" else None for text, each in zip(distinct, said, strict=True)
        ]
        categories = pa.array(names, pa.large_string()).take(encoded.indices)
    return Labels(values, found == "missing", found == "unknown", categories)


def meaning(text: str, label: Label, marks: Marks = BUILT_IN) -> str:
    """What a label cell says: positive, negative, missing or unknown.

    >>> [meaning(text, Label("label")) for text in ("1.0", " 0", "NA", "maybe")]
    ['positive', 'negative', 'missing', 'unknown']
    """
    if _category(text, label) is not None:
        return "positive"
    if _same(text, label.negative):
        return "negative"
    return "missing" if marks.missing(text) else "unknown"


def _category(text: str, label: Label) -> str | None:
    """Which of the positive values a cell is, as the schema writes it; None for any other."""
    return next((value for value in label.positives if _same(text, value)), None)


def _same(text: str, value: str) -> bool:
    """As text without regard to case and spaces, or as the same number ("1.0" is "1")."""
    if key(text) == key(value):
        return True
    number = judge(text)
    return isinstance(number, float) and number == judge(value)


def context(column: Any) -> Any:
    """Context as it was written, an empty cell as missing."""
    return compute.if_else(compute.equal(column, ""), pa.scalar(None, column.type), column)


def as_pandas(column: Any, keep: npt.NDArray[np.bool_] | None) -> pd.Series[str]:
    """A text column in pandas' own text type (missing = NaN), or the rows of it under `keep`."""
    chosen = column if keep is None else column.filter(pa.array(keep))
    series: pd.Series[str] = chosen.to_pandas()
    return series.astype("str")


def as_list(column: Any) -> list[str | None]:
    """The texts of a column as `as_pandas` makes it, None where missing."""
    return [text if isinstance(text, str) else None for text in column.to_numpy(object)]


def wrong(labels: Labels, texts: Any) -> list[Wrong]:
    """The labels that cannot be used where a label is needed."""
    return [
        Wrong.where(labels.missing, "missing_label", texts),
        Wrong.where(labels.unknown, "unknown_label", texts),
    ]
