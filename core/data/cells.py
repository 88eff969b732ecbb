"""Cells -> numbers, ids and labels; what cannot be one is said, never guessed.

A number is an optional sign, digits with an optional point, and an optional exponent: `7`, ` 7 `, `7.0`, `+7`
and `7e0` are the same. `1,5`, `1_000`, `0x10`, `TRUE` and full-width digits are not numbers. A cell is
missing when it is empty or one of `MISSING` in any case, or says what the home's schema names (see `Marks`); spaces
around do not count.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from core.data.formats.numerals import PLAIN, Numerals
from core.data.lines import Ints
from core.data.records import Records

Floats = npt.NDArray[np.float64]

MISSING: Final = ("", "na", "n/a", "#n/a", "nan", "null", "none")
#: Largest number that a model holds: features are 32-bit floats in XGBoost.
LARGEST: Final = float(np.finfo(np.float32).max)
#: Below it every whole float64 is the number that was written.
WHOLE_LIMIT: Final = 2.0**53

TEXT: Final = pa.string()
_NULL: Final = pa.scalar(None, TEXT)
_FALSE: Final = pa.scalar(value=False)
_IS_NUMBER: Final = re.compile(PLAIN.pattern)
_IS_INFINITE: Final = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)


def _casings(token: str) -> Iterator[str]:
    """
    >>> list(_casings("na"))
    ['na', 'nA', 'Na', 'NA']
    """
    pairs = (sorted({letter, letter.upper()}, reverse=True) for letter in token)
    return map("".join, itertools.product(*pairs))


@dataclass(frozen=True, slots=True)
class Marks:
    """What says that a cell is missing: `words` in lower case, and `numbers` however they are written; `nulls` are ways
    to write the words without spaces around them, for a reader that knows no case.
    """

    words: frozenset[str]
    numbers: tuple[float, ...] = ()
    nulls: tuple[str, ...] = ()

    @classmethod
    def of(cls, own: Sequence[str] = ()) -> Marks:
        """The built-in ones and those of a home."""
        if not own:
            return BUILT_IN
        numbers = tuple(float(text) for text in own if _IS_NUMBER.fullmatch(text.strip()))
        words = [text.strip().lower() for text in own if not _IS_NUMBER.fullmatch(text.strip())]
        # Of a long word not every way: what is left is judged cell by cell.
        ways = [way for word in words for way in {word, word.upper(), word.capitalize(), word.title()}]
        return cls(BUILT_IN.words | {*words}, numbers, tuple(dict.fromkeys([*BUILT_IN.nulls, *ways])))

    def and_of(self, own: Sequence[str]) -> Marks:
        """These, and those of one column."""
        if not own:
            return self
        more = Marks.of(own)
        return Marks(self.words | more.words, (*self.numbers, *more.numbers), self.nulls)

    def missing(self, text: str) -> bool:
        """Whether a cell says that it is missing."""
        bare = text.strip().lower()
        if bare in self.words:
            return True
        return bool(self.numbers and _IS_NUMBER.fullmatch(bare) and float(bare) in self.numbers)

    def without(self, values: Floats) -> Floats:
        """The numbers, those that say missing as NaN; changed in place."""
        if self.numbers:
            values[np.isin(values, self.numbers)] = np.nan
        return values


BUILT_IN: Final = Marks(frozenset(MISSING), (), tuple(text for token in MISSING for text in _casings(token)))


@dataclass(frozen=True, slots=True)
class Wrong:
    """Cells that cannot be used: positions among the good records (ascending), and of each its text and which of
    `kinds`, the codes, is wrong with it.
    """

    at: Ints
    kinds: tuple[str, ...]
    which: npt.NDArray[np.int8]
    texts: Any

    @classmethod
    def where(cls, mask: npt.NDArray[np.bool_], code: str, texts: Any) -> Wrong:
        """All cells of a column under `mask`, with one code."""
        at = np.flatnonzero(mask)
        return cls(at, (code,), np.zeros(len(at), np.int8), texts.filter(pa.array(mask)))


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, (good records,); NaN where missing or wrong."""

    values: Floats
    wrong: Wrong | None = None


def judge(text: str, marks: Marks = BUILT_IN, numerals: Numerals = PLAIN) -> float | str:
    """The number in a cell, NaN for a missing one, or the code of what is wrong with it.

    >>> judge(" +7 "), judge("n/a"), judge("1,5"), judge("1e400")
    (7.0, nan, 'not_a_number', 'not_finite')
    """
    text = text.strip()
    number = numerals.plain(text)
    if marks.missing(text if number is None else number):
        return float("nan")
    if _IS_INFINITE.fullmatch(text):
        return "not_finite"
    if number is None:
        return "not_a_number"
    value = float(number)
    return value if abs(value) <= LARGEST else "not_finite"


def read(
    records: Records, numbers: Sequence[int], texts: Sequence[int], marks: Marks = BUILT_IN, numerals: Numerals = PLAIN
) -> tuple[dict[int, Numbers], dict[int, Any]]:  # fmt: skip
    """The columns of the good records at these positions: numbers judged as `judge` does, texts as they are.

    Arrow reads clean columns at once. It takes infinities, "-nan" and "nan(0)" for numbers, and stops at the
    first cell that it cannot read: columns with such cells are read again as text and judged cell by cell, and so are
    all where numbers are written in another way.
    """
    as_text = {position: pa.large_string() for position in texts}
    found: dict[int, Numbers] = {}
    clean = numbers if numerals == PLAIN else ()
    try:
        parsed = records.columns({**dict.fromkeys(clean, pa.float64()), **as_text}, marks.nulls)
    except pa.ArrowInvalid:
        parsed = records.columns(as_text)
    kept = {position: parsed.pop(position) for position in texts}
    for position in list(parsed):
        column = parsed.pop(position)
        values = _values(column)
        if _plausible(values, column.null_count):
            found[position] = Numbers(marks.without(values))
    doubtful = [position for position in numbers if position not in found]
    again = records.columns(dict.fromkeys(doubtful, TEXT), marks.nulls, null_text=True)
    found |= {position: judged(again.pop(position), marks, numerals) for position in doubtful}
    return found, kept


def _values(column: Any) -> Floats:
    """A column of doubles as one array of our own, which may be written to; nulls become NaN."""
    values = np.empty(len(column), np.float64)
    at = 0
    for chunk in column.chunks:
        values[at : at + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
        at += len(chunk)
    return values


def _plausible(values: Floats, missing: int) -> bool:
    """Whether nothing is infinite or too large, and only missing cells are NaN."""
    if missing == 0:
        # NaN makes both comparisons false.
        return not values.size or bool(values.min() >= -LARGEST and values.max() <= LARGEST)
    unknown = np.isnan(values)
    return np.count_nonzero(unknown) == missing and _plausible(values[~unknown], 0)


def judged(texts: Any, marks: Marks = BUILT_IN, numerals: Numerals = PLAIN) -> Numbers:
    """A text column, nulls where a cell is one of the marks' nulls, each cell judged as `judge` does."""
    with contextlib.suppress(pa.ArrowInvalid):
        values = _values(compute.cast(texts, pa.float64())) if numerals == PLAIN else None
        if values is not None and _plausible(values, texts.null_count):
            return Numbers(marks.without(values))
    trimmed = compute.utf8_trim_whitespace(texts)
    plain = compute.match_substring_regex(trimmed, f"^{numerals.pattern}$")
    values = _values(compute.cast(numerals.all_plain(compute.if_else(plain, trimmed, _NULL)), pa.float64()))
    odd = (compute.equal(plain, _FALSE).fill_null(_FALSE).to_numpy()) | (np.abs(values) > LARGEST)
    return _with_odd(
        marks.without(values), np.flatnonzero(odd), texts.filter(pa.array(odd)).combine_chunks(), marks, numerals
    )


def _with_odd(values: Floats, odd: Ints, texts: Any, marks: Marks, numerals: Numerals) -> Numbers:
    """Judge the cells at `odd`, each distinct text once, and fill in those that are numbers after all."""
    encoded = texts.dictionary_encode()
    which = encoded.indices.to_numpy()
    verdicts = [judge(text, marks, numerals) for text in encoded.dictionary.to_pylist()]
    values[odd] = np.array([np.nan if isinstance(verdict, str) else verdict for verdict in verdicts])[which]
    kinds = tuple(sorted({verdict for verdict in verdicts if isinstance(verdict, str)}))
    if not kinds:
        return Numbers(values)
    codes = np.array([kinds.index(each) if isinstance(each, str) else -1 for each in verdicts], np.int8)[which]
    wrong = codes >= 0
    return Numbers(values, Wrong(odd[wrong], kinds, codes[wrong], texts.filter(pa.array(wrong))))
