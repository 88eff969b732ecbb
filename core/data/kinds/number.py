"""Numbers beside which something stands: percent, a currency, signs between thousands, marks of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from core.data.cells import Marks
from core.data.cells import judge as plain_number
from core.schema.column import Column

CODE: Final = "not_a_number"
#: Digits that no number begins with: 007 is a code.
_CODED: Final = re.compile(r"[+-]?0[0-9]")
#: What may stand beside a number that nobody has to be asked about: before or after it, or after it alone.
_EITHER: Final = frozenset({"€", "$", "£", "¥", "₹", "EUR", "USD", "GBP", "CHF"})
_AFTER: Final = frozenset({"%", "km", "kg"})
_BESIDE: Final = re.compile(
    r"(?P<before>[^\d\s.,+-]{0,4})\s?(?P<number>[+-]?[\d.,' ]*\d)\s?(?P<after>[^\d\s.,+-]{0,4})"
)


def judge(column: Column, marks: Marks) -> Callable[[str], float | str]:
    """A cell -> its number without the unit and the signs between thousands, NaN where it is missing, or a code."""
    between = column.thousands
    grouped = re.compile(rf"[+-]?[0-9]{{1,3}}(?:{re.escape(between)}[0-9]{{3}})+(?:\.[0-9]*)?") if between else None

    def value(text: str) -> float | str:
        bare = text.strip()
        if marks.missing(bare):
            return float("nan")
        if column.unit:
            sign = bare[:1] if bare[:1] in {"+", "-"} else ""
            rest = bare.removeprefix(sign).strip()
            if rest.startswith(column.unit) or rest.endswith(column.unit):
                bare = sign + rest.removeprefix(column.unit).removesuffix(column.unit).strip()
                if marks.missing(bare):
                    return CODE
        if grouped is not None:
            bare = bare.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
            if grouped.fullmatch(bare):
                bare = bare.replace(between, "")
        return plain_number(bare, marks)

    return value


def allowed(column: Column) -> str:
    """
    >>> allowed(Column("fee", unit="%", thousands=","))
    '1,234.5 %'
    """
    return f"1{column.thousands}234.5 {column.unit}".strip()


def beside(cells: Iterable[str]) -> tuple[str, str] | None:
    """The unit and the sign between thousands with which every one of these cells is a number; None where none is.

    >>> beside(["$1,200", "$80"]), beside(["12 %", "5.5 %"]), beside(["1.5", "2"]), beside(["h01"]), beside(["1,5"])
    (('$', ','), ('%', ''), ('', ''), None, None)
    """
    units, grouped = set[str](), False
    for cell in cells:
        found = _BESIDE.fullmatch(cell.strip())
        if found is None or (found["before"] and found["after"]) or _CODED.match(found["number"]):
            return None
        if not {found["before"]} <= {"", *_EITHER} or not {found["after"]} <= {"", *_EITHER, *_AFTER}:
            return None
        units.add(found["before"] or found["after"])
        grouped = grouped or "," in found["number"]
    units.discard("")
    if len(units) > 1:
        return None
    column = Column("", unit=next(iter(units), ""), thousands="," if grouped else "")
    value = judge(column, Marks.of())
    return (column.unit, column.thousands) if all(isinstance(value(cell), float) for cell in cells) else None
