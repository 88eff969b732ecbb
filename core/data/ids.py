"""Ids as they came -> ids as they were meant; what a spreadsheet has made of them is undone or said, never guessed.

Marks that cannot be seen are taken out, `="123"` is 123, and 1001.0 in a column of whole numbers is 1001. An id in
scientific notation has lost its digits: where the same one stands on two rows, these may be two users, and both are
turned away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

from core.data import texts
from core.data.cells import Marks
from core.data.problems import Finding, Problem
from core.data.records import Bools, Small
from core.wording import count, visible

#: Share of numbers among the ids from which a column is one of numbers.
ENOUGH: Final = 0.95
#: Marks without a width or a direction of their own; two that join letters count at the ends only.
_UNSEEN: Final = (
    r"[\x{0000}\x{00AD}\x{061C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}"
    r"\x{10F800}-\x{10FFFF}]"
)
_JOINERS: Final = r"[\x{200C}\x{200D}]"
_NO_BREAK: Final = r"[\x{00A0}\x{2007}\x{202F}]"
_MARKS: Final = f"{_UNSEEN}|{_NO_BREAK}|^{_JOINERS}|{_JOINERS}$"
_FORMULA: Final = r'(?s)^="(.*)"$'
_NUMBER: Final = r"^[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_FRACTION: Final = r"^[+-]?[0-9]+[.,][0-9]*[1-9][0-9]*$"
_ZEROS: Final = r"^[+-]?[0-9]+[.,]0+$"
#: As spreadsheets show long numbers, in any column; and as programs write them.
_SPREADSHEET: Final = r"^[+-]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}$"
_SCIENTIFIC: Final = r"^[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+$"
#: Long whole numbers, and those of which a spreadsheet has kept 15 digits.
_LONG: Final = r"^[1-9][0-9]{15,}$"
_KEPT_15: Final = r"^[1-9][0-9]{14}0+$"
#: Letters of an id that a sentence shows.
_LONGEST: Final = 40
#: What is worth a closer look; a column without it is as it is.
_ODD: Final = f'{_MARKS}|^="|[.,][0-9]*$|[0-9][eE][+-]?[0-9]+$|^[1-9][0-9]{{14}}0+$'
_PARTS: Final = re.compile(r"([+-]?)([0-9]+)(?:[.,]([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
#: Above it a number written with a point has been through a 64-bit float, which may have changed it.
_WHOLE: Final = 15


#: What is done to ids, each said once, and ids that have lost digits.
KINDS: Final = ("marks", "formulas", "zeros", "lost")
Digits = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to some ids, one of KINDS, and where."""

    kind: str
    mask: Bools
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of the good records, cleaned. `twice`: where one that has lost its digits stands on more than one row;
    `lost`: where any stands.
    """

    values: Any
    twice: Bools
    lost: Bools
    changes: tuple[_Change, ...]

    def findings(self, column: str, line: Small, accepted: Bools) -> Iterator[Finding]:
        """What was cleaned, in how many rows, with an example; and which accepted ids have lost digits."""
        for change in self.changes:
            first = int(change.mask.argmax())
            told = _shown(change.before[first].as_py()), _shown(change.after[first].as_py())
            yield Finding(change.kind, column, int(np.count_nonzero(change.mask)), int(line[first]), told)
        kept = self.lost & accepted
        if kept.any():
            first = int(kept.argmax())
            yield Finding(
                "lost", column, int(np.count_nonzero(kept)), int(line[first]), (_shown(self.values[first].as_py()),)
            )


def problem(found: Finding, place: str = "on line") -> Problem:
    """What is said of a finding of ids."""
    rows, column = found.rows, found.column
    if found.kind == "lost":
        have, names = ("has", "it may name") if rows == 1 else ("have", "they may name")
        sentence = (
            f"{column}: {count(rows, 'id')} {have} lost digits in a spreadsheet (first {place} {found.first}: "
            f"{found.told[0]}); {names} nobody on the platform. Export ids as text. Kept as written."
        )
        return Problem("spoilt_id", column, rows, rejected=False, sentence=sentence)
    words = {"marks": _of_marks, "formulas": _of_formulas, "zeros": _of_zeros}[found.kind]
    before, after = found.told
    sentence = f"{column}: {words(rows)} (first {place} {found.first}: {before} is read as {after})."
    return Problem("cleaned_id", column, rows, rejected=False, sentence=sentence)


@dataclass(frozen=True, slots=True)
class Survey:
    """How the ids of a file are written, counted after marks and formulas are gone; surveys of its parts add up."""

    known: int = 0
    numbers: int = 0
    fractions: int = 0
    long: int = 0
    kept_15: int = 0

    @classmethod
    def of(cls, values: Any, marks: Marks) -> Survey:
        number, known = _matching(values, _NUMBER), ~texts.missing(values, marks)
        return cls(*(
            int(np.count_nonzero(mask))
            for mask in (known, number & known, _matching(values, _FRACTION), _matching(values, _LONG),
                         _matching(values, _KEPT_15))
        ))  # fmt: skip

    def __add__(self, other: Survey) -> Survey:
        return Survey(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def numeric(self) -> bool:
        """Whether the ids are numbers."""
        return self.numbers >= ENOUGH * max(1, self.known)

    def odd(self, values: Any) -> Bools:
        """Which ids of the file may not be as they were."""
        odd = _matching(values, _SCIENTIFIC if self.numeric else _SPREADSHEET)
        if self.numeric and not self.fractions:
            odd |= _matching(values, _ZEROS)
        if self.long > 1 and self.long == self.kept_15:
            odd |= _matching(values, _LONG)
        return odd

    def digits(self, values: Any) -> Counter[Digits]:
        """How often the digits of each odd id stand there."""
        encoded = _one(values.filter(pa.array(self.odd(values)))).dictionary_encode()
        found: Counter[Digits] = Counter()
        for text, rows in zip(encoded.dictionary.to_pylist(), np.bincount(encoded.indices.to_numpy()), strict=True):
            found[_digits(text)] += int(rows)
        return found


@dataclass(frozen=True, slots=True)
class Habits:
    """How the ids of a whole file are written, and the digits of odd ones that stand on more than one row."""

    survey: Survey
    repeated: frozenset[Digits]

    @classmethod
    def of(cls, survey: Survey, digits: Counter[Digits]) -> Habits:
        return cls(survey, frozenset(each for each, rows in digits.items() if rows > 1))


def numbered(row: Small) -> Ids:
    """The numbers of the records, where a home has no ids."""
    nothing = np.zeros(len(row), np.bool_)
    return Ids(pa.array(row).cast(pa.large_string()), nothing, nothing, ())


def read(column: Any, marks: Marks, habits: Callable[[], Habits] | None = None) -> Ids:
    """The ids of a text column, (good records,): without surrounding spaces, so that "007" stays "007".

    habits: gives those of the file where the column is a part of one.
    """
    if not _matching(column, _ODD).any():
        nothing = np.zeros(len(column), np.bool_)
        return Ids(compute.utf8_trim_whitespace(column), nothing, nothing, ())
    values, changes = bare(column)
    return _numbers(values, changes, _habits(values, marks) if habits is None else habits())


def _habits(values: Any, marks: Marks) -> Habits:
    survey = Survey.of(values, marks)
    return Habits.of(survey, survey.digits(values))


def bare(column: Any) -> tuple[Any, list[_Change]]:
    """A text column without what cannot be seen and without formulas, and what was changed."""
    values, changes = compute.utf8_trim_whitespace(column), list[_Change]()
    marked = _matching(column, _MARKS)
    if marked.any():
        values = _changed(changes, "marks", marked, column, values, _without_marks(column))
    formula = _matching(values, _FORMULA)
    if formula.any():
        inner = compute.replace_substring_regex(values, _FORMULA, r"\1")
        inner = compute.utf8_trim_whitespace(compute.replace_substring(inner, '""', '"'))
        values = _changed(changes, "formulas", formula, values, values, inner)
    return values, changes


def _numbers(values: Any, changes: list[_Change], habits: Habits) -> Ids:
    odd = habits.survey.odd(values)
    lost, twice = np.zeros(len(values), np.bool_), np.zeros(len(values), np.bool_)
    if not odd.any():
        return Ids(values, twice, lost, tuple(changes))
    encoded = _one(values.filter(pa.array(odd))).dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    whole = [_whole(text) for text in distinct]
    which, at = encoded.indices.to_numpy(), np.flatnonzero(odd)
    exact = np.array([text is not None for text in whole])[which]
    lost[at[~exact]] = True
    # Of two ways to write the same digits both are the same number to a spreadsheet.
    twice[at] = ~exact & np.array([_digits(text) in habits.repeated for text in distinct])[which]
    if exact.any():
        fixed = np.zeros(len(values), np.bool_)
        fixed[at[exact]] = True
        exactly = pa.array([text or "" for text in whole], values.type)
        replaced = compute.replace_with_mask(
            _one(values), pa.array(fixed), exactly.take(pa.array(which[exact]))
        )  # fmt: skip
        values = _changed(changes, "zeros", fixed, values, values, replaced)
    return Ids(values, twice, lost, tuple(changes))


def _changed(changes: list[_Change], kind: str, mask: Bools, before: Any, values: Any, after: Any) -> Any:
    """The values, those under the mask as they are after the change, which is noted."""
    changes.append(_Change(kind, mask, before, after))
    return compute.if_else(pa.array(mask), _one(after), _one(values))


def _one(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _matching(column: Any, pattern: str) -> Bools:
    mask = compute.match_substring_regex(column, pattern)
    values: Bools = mask.to_numpy(zero_copy_only=False) if isinstance(mask, pa.Array) else mask.to_numpy()
    return values


def _without_marks(column: Any) -> Any:
    bare = compute.replace_substring_regex(column, _UNSEEN, "")
    bare = compute.replace_substring_regex(bare, _NO_BREAK, " ")
    return compute.replace_substring_regex(bare, rf"^(?:{_JOINERS}|\s)+|(?:{_JOINERS}|\s)+$", "")


def _whole(text: str) -> str | None:
    """The whole number that a number is for certain; None where digits may have been lost.

    >>> [_whole(text) for text in ("1001.0", "1.001E+3", "9.91214E+15", "12345678901234568.0", "1234567890123450")]
    ['1001', '1001', None, None, None]
    """
    sign, digits, decimals, power = _taken(text)
    if not decimals or not 0 <= power <= len(decimals) or decimals[power:].strip("0") or len(digits) + power > _WHOLE:
        return None
    return sign.replace("+", "") + ((digits + decimals[:power]).lstrip("0") or "0")


def _digits(text: str) -> Digits:
    """The same for all ways to write a number: its sign, its digits without zeros around, and their power of ten.

    >>> _digits("9.91214E+15") == _digits("9,912140e15") == _digits("9912140000000000")
    True
    """
    sign, digits, decimals, exponent = _taken(text)
    mantissa = (digits + decimals).lstrip("0")
    bare = mantissa.rstrip("0")
    return sign.replace("+", ""), bare, exponent - len(decimals) + len(mantissa) - len(bare)


def _taken(text: str) -> tuple[str, str, str, int]:
    found = _PARTS.fullmatch(text)
    assert found is not None, text  # noqa: S101 - only what is a number comes here
    power = found[4] or "0"
    # Longer exponents than any number has are all the same.
    return found[1], found[2], found[3] or "", int(power[:6])


def _shown(text: str) -> str:
    """An id as a sentence shows it: with everything that cannot be seen in it."""
    shown = visible(text)
    return f'"{shown[:_LONGEST]}…"' if len(shown) > _LONGEST else f'"{shown}"'


def _of_marks(rows: int) -> str:
    held = "holds" if rows == 1 else "hold"
    return f"{count(rows, 'id')} {held} marks that cannot be seen or spaces that do not break, which are taken out"


def _of_formulas(rows: int) -> str:
    return f'{count(rows, "id")} {"is" if rows == 1 else "are"} written as a formula, ="...", and read as its text'


def _of_zeros(rows: int) -> str:
    verb = "is" if rows == 1 else "are"
    return f"{count(rows, 'id')} {verb} written with a point in a column of whole numbers, and read without it"
