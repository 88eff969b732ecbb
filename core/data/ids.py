"""Ids as they came -> ids as they were meant; what a spreadsheet has made of them is undone or said, never guessed.

Marks that cannot be seen are taken out, `="123"` is 123, and 1001.0 in a column of whole numbers is 1001. An id in
scientific notation has lost its digits: where the same one stands on two rows, these may be two users, and both are
turned away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

from core.data import texts
from core.data.cells import Marks
from core.data.problems import Problem
from core.data.records import Bools, Small
from core.wording import count, visible

#: Share of numbers among the ids from which a column is one of numbers.
ENOUGH: Final = 0.95
#: Marks without a width or a direction of their own; two that join letters count at the ends only.
_UNSEEN: Final = r"[\x{00AD}\x{061C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}]"
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


@dataclass(frozen=True, slots=True)
class _Change:
    """What was done to some ids: where, and what to say of them."""

    mask: Bools
    words: Callable[[int], str]
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

    def problems(self, column: str, line: Small, accepted: Bools) -> Iterator[Problem]:
        """What was cleaned, in how many rows, with an example; and which accepted ids have lost digits."""
        for change in self.changes:
            rows, first = int(np.count_nonzero(change.mask)), int(change.mask.argmax())
            before, after = _shown(change.before[first].as_py()), _shown(change.after[first].as_py())
            sentence = f"{column}: {change.words(rows)} (first on line {line[first]}: {before} is read as {after})."
            yield Problem("cleaned_id", column, rows, rejected=False, sentence=sentence)
        kept = self.lost & accepted
        if kept.any():
            rows, first = int(np.count_nonzero(kept)), int(kept.argmax())
            have, names = ("has", "it may name") if rows == 1 else ("have", "they may name")
            example = _shown(self.values[first].as_py())
            sentence = (
                f"{column}: {count(rows, 'id')} {have} lost digits in a spreadsheet (first on line {line[first]}: "
                f"{example}); {names} nobody on the platform. Export ids as text. Kept as written."
            )
            yield Problem("spoilt_id", column, rows, rejected=False, sentence=sentence)


def numbered(row: Small) -> Ids:
    """The numbers of the records, where a home has no ids."""
    nothing = np.zeros(len(row), np.bool_)
    return Ids(pa.array(row).cast(pa.large_string()), nothing, nothing, ())


def read(column: Any, marks: Marks) -> Ids:
    """The ids of a text column, (good records,): without surrounding spaces, so that "007" stays "007"."""
    values = compute.utf8_trim_whitespace(column)
    nothing = np.zeros(len(column), np.bool_)
    if not _where(compute.match_substring_regex(column, _ODD)).any():
        return Ids(values, nothing, nothing, ())
    changes: list[_Change] = []
    marked = _where(compute.match_substring_regex(column, _MARKS))
    if marked.any():
        values = _changed(changes, marked, column, values, _without_marks(column), _of_marks)
    formula = _where(compute.match_substring_regex(values, _FORMULA))
    if formula.any():
        bare = compute.replace_substring_regex(values, _FORMULA, r"\1")
        bare = compute.utf8_trim_whitespace(compute.replace_substring(bare, '""', '"'))
        values = _changed(changes, formula, values, values, bare, _of_formulas)
    return _numbers(values, changes, marks)


def _numbers(values: Any, changes: list[_Change], marks: Marks) -> Ids:
    number = _where(compute.match_substring_regex(values, _NUMBER))
    known = ~texts.missing(values, marks)
    numeric = np.count_nonzero(number & known) >= ENOUGH * max(1, int(np.count_nonzero(known)))
    odd = _where(compute.match_substring_regex(values, _SCIENTIFIC if numeric else _SPREADSHEET))
    zeros = _where(compute.match_substring_regex(values, _ZEROS))
    if numeric and zeros.any() and not _where(compute.match_substring_regex(values, _FRACTION)).any():
        odd |= zeros
    long = _where(compute.match_substring_regex(values, _LONG))
    kept_15 = _where(compute.match_substring_regex(values, _KEPT_15))
    if np.count_nonzero(long) > 1 and (kept_15 == long).all():
        odd |= long
    lost, twice = np.zeros(len(values), np.bool_), np.zeros(len(values), np.bool_)
    if not odd.any():
        return Ids(values, twice, lost, tuple(changes))
    encoded = _one(values.filter(pa.array(odd))).dictionary_encode()
    whole = [_whole(text) for text in encoded.dictionary.to_pylist()]
    which, at = encoded.indices.to_numpy(), np.flatnonzero(odd)
    exact = np.array([text is not None for text in whole])[which]
    lost[at[~exact]] = True
    # Of two ways to write the same digits both are the same number to a spreadsheet.
    shown = [_digits(text) for text in encoded.dictionary.to_pylist()]
    numbered = {digits: number for number, digits in enumerate(dict.fromkeys(shown))}
    of_row = np.array([numbered[digits] for digits in shown])[which]
    twice[at] = ~exact & (np.bincount(of_row)[of_row] > 1)
    if exact.any():
        fixed = np.zeros(len(values), np.bool_)
        fixed[at[exact]] = True
        exactly = pa.array([text or "" for text in whole], values.type)
        replaced = compute.replace_with_mask(
            _one(values), pa.array(fixed), exactly.take(pa.array(which[exact]))
        )  # fmt: skip
        values = _changed(changes, fixed, values, values, replaced, _of_zeros)
    return Ids(values, twice, lost, tuple(changes))


def _changed(
    changes: list[_Change], mask: Bools, before: Any, values: Any, after: Any, words: Callable[[int], str]
) -> Any:  # fmt: skip
    """The values, those under the mask as they are after the change, which is noted."""
    changes.append(_Change(mask, words, before, after))
    return compute.if_else(pa.array(mask), _one(after), _one(values))


def _one(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _where(mask: Any) -> Bools:
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


def _digits(text: str) -> tuple[str, str, int]:
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
