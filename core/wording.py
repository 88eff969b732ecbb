"""Counts, shares and values in the words of a sentence."""

from __future__ import annotations

from typing import Final

#: A narrow space at which no line breaks.
NARROW: Final = "\u202f"


def count(number: int, noun: str) -> str:
    """
    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """A share in words of a sentence; what is not 0 or 1 is never shown as 0 or 100 %.

    >>> [percent(share).replace(NARROW, " ") for share in (0.0268, 1e-7, 0.99999)]
    ['2.7 %', '<0.1 %', '>99.9 %']
    """
    text = f"{100 * share:.1f}"
    if share > 0 and text == "0.0":
        text = "<0.1"
    elif share < 1 and text == "100.0":
        text = ">99.9"
    return f"{text}{NARROW}%"


def value_text(value: float | None) -> str:
    """A value as a person would write it; never 0 for missing.

    >>> [value_text(v) for v in (7.0, 0.25, None, float("nan"), 1e12)]
    ['7', '0.25', 'missing', 'missing', '1000000000000']
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN is the one value that differs from itself
        return "missing"
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
