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
    """1.0 for the positive value, 0.0 for the negative one, else NaN, (good records,); and where which is why."""

    values: Floats
    missing: Bools
    unknown: Bools


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
    meanings = np.array([meaning(text, label, marks) for text in encoded.dictionary.to_pylist()])
    found = meanings[encoded.indices.to_numpy()] if len(column) else np.empty(0, np.str_)
    values = np.select([found == "positive", found == "negative"], [1.0, 0.0], np.nan)
    return Labels(values, found == "missing", found == "unknown")


def meaning(text: str, label: Label, marks: Marks = BUILT_IN) -> str:
    """What a label cell says: positive, negative, missing or unknown.

    >>> [meaning(text, Label("label")) for text in ("1.0", " 0", "NA", "maybe")]
    ['positive', 'negative', 'missing', 'unknown']
    """
    if _same(text, label.positive):
        return "positive"
    if _same(text, label.negative):
        return "negative"
    return "missing" if marks.missing(text) else "unknown"


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


def wrong(labels: Labels, texts: Any) -> list[Wrong]:
    """The labels that cannot be used where a label is needed."""
    return [
        Wrong.where(labels.missing, "missing_label", texts),
        Wrong.where(labels.unknown, "unknown_label", texts),
    ]
