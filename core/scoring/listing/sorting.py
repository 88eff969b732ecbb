"""In which order users are listed: by one column, either way; equals stay in input order, and what is missing is last.

Of ids those that are whole numbers come first, as numbers: 9 stands before 10, and both before `anna`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadOptionError

Positions = npt.NDArray[np.int32]
Ranks = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
#: What lists can be sorted by, beside columns of the file.
KEYS: Final = ("score", "user", "action", "category", "decided_by", "missing", "novel", "label", "runs", "row")
#: Begins the key of a column of the file, so that it may be called as one of ours.
COLUMN: Final = "column."
#: Digits of a whole number that a double tells from every other.
_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Sort:
    """`by` one of KEYS, or COLUMN and the name of a column of the file. Raises BadOptionError for another key."""

    by: str = "score"
    descending: bool = True

    def __post_init__(self) -> None:
        if self.by not in KEYS and not (self.by.startswith(COLUMN) and self.column):
            raise BadOptionError("sort", f"{self.by[:60]!r} is none of {', '.join(KEYS)} and no column of the file.")

    @property
    def column(self) -> str:
        """The column of the file, "" where it is one of ours."""
        return self.by.removeprefix(COLUMN) if self.by.startswith(COLUMN) else ""

    @property
    def text(self) -> str:
        """As an address has it: `-score` from high to low, `score` from low to high."""
        return f"{'-' if self.descending else ''}{self.by}"

    @classmethod
    def of(cls, text: str) -> Sort:
        """What `text` says. Raises BadOptionError."""
        return cls(text.removeprefix("-"), text.startswith("-"))


def order(values: npt.ArrayLike, *, descending: bool) -> Positions:
    """Positions of the values (n,) in their order, (n,): equals as they stand, NaN last, whichever way.

    >>> order([2.0, np.nan, 1.0, 2.0], descending=True).tolist()
    [0, 3, 2, 1]
    """
    keys = np.asarray(values)
    # Of whole numbers the smallest has no opposite of its own, and none is as large as that here.
    return np.argsort(-keys if descending else keys, kind="stable").astype(np.int32)


def ranks(values: pd.Series[Any]) -> Ranks:
    """A number for each text, (n,), in the order of the texts, without regard to case; NaN where one is missing."""
    coded = _texts(values).dictionary_encode()
    words = pc.utf8_lower(coded.dictionary)
    of_words = _ranks(words, np.zeros(len(words), np.int64))
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(codes < 0, np.nan, np.append(of_words, 0)[codes])


def id_ranks(ids: pd.Series[Any]) -> Ranks:
    """The same for ids: whole numbers first, as numbers of any length, then the others."""
    texts = _texts(ids)
    numeric = pc.match_substring_regex(texts, r"^[0-9]+$").fill_null(False)
    if pc.all(numeric).as_py() and pc.max(pc.utf8_length(texts)).as_py() <= _DIGITS:
        return np.asarray(texts.cast(pa.int64()).to_numpy(), np.float64)
    short = pc.if_else(numeric, pc.utf8_ltrim(texts, "0"), pc.utf8_lower(texts))
    # Of whole numbers the shorter is the smaller; of the same length the text decides, as for other ids.
    length = np.where(
        numeric.to_numpy(zero_copy_only=False), pc.utf8_length(short).fill_null(0), np.iinfo(np.int64).max
    )
    return np.where(ids.isna(), np.nan, _ranks(short.fill_null(""), length))


def _texts(values: pd.Series[Any]) -> pa.Array:
    found = pa.array(values.astype("str"), from_pandas=True).cast(pa.large_string())
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _ranks(texts: pa.Array, first: Whole) -> Ranks:
    """Where each text (n,) stands among the different ones, by `first` (n,), then by its code points, (n,) from 0."""
    _, offsets, data = texts.buffers()
    if not len(texts):
        return np.zeros(0)
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.append(np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8), np.zeros(8, np.uint8))
    found, length = _dense(first, first), np.diff(ends)
    for start in range(0, int(length.max()), 8):
        if found.max() == len(texts) - 1:
            break
        found = _dense(found, _eight(letters, ends[:-1] + start, length - start))
    return _dense(found, length).astype(np.float64)


def _eight(letters: npt.NDArray[np.uint8], begin: Whole, left: Whole) -> npt.NDArray[Any]:
    """Up to eight bytes of each text as one number, (n,), where so many are left of it."""
    at = np.arange(8)
    taken = letters[np.minimum(begin[:, None] + at, len(letters) - 1)]
    return np.where(at < left[:, None], taken, 0).astype(np.uint8).view(">u8")[:, 0].astype(np.uint64)


def _dense(first: npt.NDArray[Any], then: npt.NDArray[Any]) -> Whole:
    """Ranks from 0 by the first, then by the second, (n,); equals share one."""
    by = np.lexsort((then, first))
    new = (first[by][1:] != first[by][:-1]) | (then[by][1:] != then[by][:-1])
    found = np.empty(len(by), np.int64)
    found[by] = np.append(0, np.cumsum(new))
    return found
