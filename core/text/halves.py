"""Halves of letters: lone surrogates, which no file in UTF-8 can hold, as letters of private use that it can.

A text that was cut between the two halves of a letter, or made to look so, is kept as it was sent: each half has its
own letter at the end of Unicode, which nobody is given.
"""

from __future__ import annotations

import re
from typing import Final

_HALF: Final = re.compile("[\ud800-\udfff]")
#: What stands for U+D800, and up to U+10FFFF for those after it.
FIRST: Final = 0x10F800
_HALVES: Final = 0xD800
_TO: Final = {_HALVES + at: FIRST + at for at in range(0x800)}


def sent(letter: str) -> str:
    """The letter, or half of one, that a letter stands for."""
    return chr(ord(letter) - FIRST + _HALVES) if ord(letter) >= FIRST else letter


def whole(text: str) -> str:
    r"""The same text with a letter for each half of one; it can be written as UTF-8.

    >>> whole("a\ud83d") == "a\U0010f83d", whole("a\U0001f600")
    (True, 'a😀')
    """
    return text.translate(_TO) if _HALF.search(text) else text
