"""Counts, shares and values in the words of a sentence."""

from __future__ import annotations

import re
from typing import Final

#: A narrow space at which no line breaks.
NARROW: Final = "\u202f"
#: What turns the direction of a text round, so that it reads as another one.
BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\xa0\u00ad\u180e\u2007\u200b-\u200f\u202f\u2060-\u206f\ufeff{BIDI}]")


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


def visible(text: str) -> str:
    """The text with every mark that cannot be seen, or is taken for another one, written as its code.

    >>> visible(f"u1{chr(0x200B)}{chr(0xA0)}x y")
    'u1\\\\u200b\\\\xa0x y'
    """
    return _UNSEEN.sub(lambda found: code(found[0]), text)


def code(letter: str) -> str:
    """A letter as its code; those of the first 256 in two digits."""
    return f"\\x{ord(letter):02x}" if ord(letter) < 0x100 else f"\\u{ord(letter):04x}"
