"""Words as numbers: every table of features holds numbers, and a word's own number is the same everywhere and for ever.

It lies beyond the numbers that people write, so that none is taken for a word, and is a whole number that a 64-bit
float holds exactly. That any two of a thousand words share one has a probability of 1e-10. Next to a feature of words,
a table of users has the words themselves, in a column of our own (`written`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

#: Whole float64 numbers from here to twice as far are those of words.
FIRST: Final = 2.0**52
#: Begins the names of columns of words as they were written.
WRITTEN: Final = "trustdesk:words:"
_BYTES: Final = 8
_WHOLE: Final = re.compile(r"([+-]?[0-9]+)\.0+")
#: Number -> word, of a column.
Words = Mapping[float, str]


def plain(text: str) -> str:
    """A word as it is compared: without spaces around it; a whole number is the same with and without a point.

    >>> plain(" PH "), plain("12.0"), plain("007")
    ('PH', '12', '007')
    """
    bare = text.strip()
    whole = _WHOLE.fullmatch(bare)
    return whole[1] if whole else bare


@lru_cache(maxsize=65_536)
def number(word: str) -> float:
    """The number of a word.

    >>> FIRST <= number("PH") < 2 * FIRST, number("PH") == number(" PH"), number("PH") == number("ph")
    (True, True, False)
    """
    digest = hashlib.blake2b(plain(word).encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
    return FIRST + float(int.from_bytes(digest, "big") >> (8 * _BYTES - 52))


def words(known: Iterable[str]) -> Words:
    return {number(word): word for word in known}


def written(name: str) -> str:
    """The name of the column that holds the words of a feature.

    >>> written("country")
    'trustdesk:words:country'
    """
    return f"{WRITTEN}{name}"
