"""The number of a text: the same for all texts that read the same, everywhere and for ever.

It is a whole number that a 64-bit float holds exactly, among those of words (`core.schema.levels`). Of 100 million
texts some two share one with a probability of two thirds, of a million with one of 1e-4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from core.schema.levels import FIRST
from core.text.normalise import plain

_BYTES: Final = 8
_BITS: Final = 52
#: Keeps the numbers of texts apart from those of words that are written alike.
_WHOSE: Final = b"trustdesk text 1"


def number(text: str) -> float:
    """The number of a text as it was sent.

    >>> number("Free  CRYPTO") == number("free crypto"), number("free crypto") == number("free crypt")
    (True, False)
    """
    return _of(plain([text])[0])


def numbers(texts: Iterable[str | None]) -> npt.NDArray[np.float64]:
    """The number of each text (n,), NaN where it is missing."""
    given = list(texts)
    known = [at for at, text in enumerate(given) if text is not None]
    found = np.full(len(given), np.nan)
    found[known] = [_of(text) for text in plain([text for text in given if text is not None])]
    return found


def _of(read: str) -> float:
    digest = hashlib.blake2b(read.encode("utf-8", "surrogatepass"), digest_size=_BYTES, person=_WHOSE).digest()
    return FIRST + float(int.from_bytes(digest, "big") >> (8 * _BYTES - _BITS))
