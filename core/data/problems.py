"""What is wrong with a file's rows, in codes that stay and in sentences for the person who can mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from core.wording import count

#: Codes of rows that are turned away; every other code is of rows that are kept.
REJECTING: Final = frozenset(
    {"not_a_number", "not_a_flag", "not_a_date", "not_a_time", "not_finite", "ragged", "blank", "bad_quote"}
    | {"bad_record", "totals_row"}
    | {"duplicate_id", "missing_id", "lost_digits", "unknown_label", "missing_label", "no_score"}
)
_SHOWN: Final = 40
#: Codes that say too little by themselves, in a few words.
_BRIEF: Final = {
    "not_a_flag": "neither yes nor no", "not_a_time": "not a moment", "not_finite": "too large a number",
    "missing_id": "no ID", "duplicate_id": "ID seen before", "lost_digits": "ID has lost digits",
    "missing_label": "no label", "unknown_label": "no label of ours", "ragged": "too few or too many cells",
    "blank": "blank", "bad_quote": "quote not closed", "bad_record": "not one object",
    "totals_row": "a sum of the others",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem in one column: how many rows have it, and whether these were rejected or kept.

    A rejected row counts under its first problem only, so that the rejecting problems add up to the rejected rows.
    """

    code: str
    column: str | None
    rows: int
    rejected: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one record (from 0) was turned away; `more` further columns of it are wrong too."""

    record: int
    column: str | None
    code: str
    clause: str
    more: int = 0

    def sentence(self, line: int, noun: str = "line") -> str:
        """`noun`: what a record is found by, `line` its number.

        >>> Fault(6, "X3", "not_a_number", clause("not_a_number", "1,5"), more=2).sentence(7)
        'Line 7, X3: "1,5" is not a number; write 1.5; 2 more columns of this row are wrong too'
        """
        place = f"{noun.capitalize()} {line}" + (f", {self.column}" if self.column is not None else "")
        verb = "column of this row is" if self.more == 1 else "columns of this row are"
        return f"{place}: {self.clause}" + (f"; {self.more} more {verb} wrong too" if self.more else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a problem is made of: rows of one kind in one column. `first`: where the first of them stands, by row or
    line; `told`: what a sentence says of that one, nothing where it is not known.
    """

    kind: str
    column: str | None
    rows: int
    first: int
    told: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str | None]:
        return self.kind, self.column

    def __add__(self, later: Finding) -> Finding:
        """With those of the same kind that stand further down."""
        return Finding(self.kind, self.column, self.rows + later.rows, self.first, self.told)


class Findings:
    """Those of a file so far: what is found in its parts adds up."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._found: dict[tuple[str, str | None], Finding] = {}
        self.add(found)

    def add(self, found: Iterable[Finding]) -> None:
        """Those of the rows that follow."""
        for each in found:
            before = self._found.get(each.key)
            self._found[each.key] = each if before is None else before + each

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def of(self, kinds: Iterable[str], column: str) -> Iterator[Finding]:
        """Those of a column, in the order of the kinds."""
        return (self._found[kind, column] for kind in kinds if (kind, column) in self._found)

    def as_json(self) -> list[list[Any]]:
        return [[each.kind, each.column, each.rows, each.first, list(each.told)] for each in self]

    @classmethod
    def from_json(cls, raw: list[list[Any]]) -> Findings:
        return cls(Finding(kind, column, rows, first, tuple(told)) for kind, column, rows, first, told in raw)


def ordered(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Rejecting ones first, then by rows."""
    return tuple(sorted(found, key=lambda problem: (not problem.rejected, -problem.rows)))


def clause(code: str, text: str = "", *, allowed: str = "") -> str:
    """What is wrong with a cell and what to do; `allowed`: how it is to be written, such as "1 or 0"."""
    cell = quoted(text)
    if code == "not_a_number" and allowed:
        return f"{cell} is not a number; write it as in {allowed}, or leave the cell empty"
    return {
        "not_a_number": f"{cell} is not a number; {_advice(text.strip())}",
        "not_a_flag": f"{cell} is neither yes nor no; write {allowed}, or leave the cell empty",
        "not_a_date": f"{cell} is not a date; write it as in {allowed}, or leave the cell empty",
        "not_a_time": f"{cell} is not a moment; write it as in {allowed}, or leave the cell empty",
        "not_finite": f"{cell} is not a number that a model can hold; write one between -3.4e38 and 3.4e38, "
        "or leave the cell empty",
        "missing_id": "the id is missing; every row needs one",
        "lost_digits": f"{cell} has lost digits in a spreadsheet and is on more than one row, so that two users may "
        "have become one; export the ids again, as text",
        "missing_label": f"the label is missing; write {allowed}",
        "unknown_label": f"{cell} is no label; write {allowed}",
        "blank": "the line is blank; remove it",
        "bad_record": "this is no JSON object with one value a name; correct or remove it",
        "totals_row": f"{cell} in the last row is taken for the sum of the others; remove it, or put it further up "
        "where a user is called so",
        "no_score": "the model gives no score, because what it works out is not a finite number; check the values, and "
        "promote another version if they are right",
        "bad_quote": "a double quote is not closed properly; close it at the end of the field, "
        "and double the quotes inside",
    }[code]


def no_score(first: int, rows: int) -> Problem:
    """That a model gives so many rows no score, the first of which is that of this number."""
    told = f"{'row' if rows > 1 else 'Row'} {first}: {clause('no_score')}."
    sentence = f"{count(rows, 'row')} {'was' if rows == 1 else 'were'} rejected. {'The first: ' * (rows > 1)}{told}"
    return Problem("no_score", None, rows, rejected=True, sentence=sentence)


def brief(code: str) -> str:
    """Why a row is rejected, in a few words for a column of a table.

    >>> brief("not_a_date")
    'not a date'
    """
    return _BRIEF.get(code, code.replace("_", " "))


def ragged(fields: int, expected: int) -> str:
    """
    >>> ragged(1, 3)
    '1 field where the header has 3; add what is missing'
    """
    advice = "add what is missing" if fields < expected else "put double quotes around text with a delimiter in it"
    return f"{count(fields, 'field')} where the header has {expected}; {advice}"


def duplicate(text: str, first: int, place: str = "on line") -> str:
    return f"the id {quoted(text)} is {place} {first} already; keep one row per id"


def quoted(text: str) -> str:
    """A cell as it is shown: on one line, and not longer than `_SHOWN` characters."""
    shown = " ".join(text.split()) if text.strip() else text
    return f'"{shown[:_SHOWN]}…"' if len(shown) > _SHOWN else f'"{shown}"'


def _advice(text: str) -> str:
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+", text):
        return f"write {text.replace(',', '')}" + (f" or {text.replace(',', '.')}" if text.count(",") == 1 else "")
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]*", text):
        return f"write {text.replace(',', '.')}"
    if re.fullmatch(r"[+-]?[0-9]+(_[0-9]+)+", text):
        return f"write {text.replace('_', '')}"
    return "write digits such as 12 or 0.5, or leave the cell empty"
