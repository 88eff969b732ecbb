"""The n-grams of a text: characters inside words, words, and pairs of words, each hashed into a bucket, with its place.

A text is an array of the code points of how it reads. A run of word characters, and a border at either end, has the
n-grams of 2 to 5 characters; words are the runs, every character of a script that writes without spaces, runs of
! and ?, and every other sign. Buckets of words follow those of characters.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.compiled import compiled

#: Changes of what a bucket means; part of every text model.
HASH: Final = 1
CHARACTERS: Final = 2**20
WORDS: Final = 2**20
BUCKETS: Final = CHARACTERS + WORDS
SHORTEST, LONGEST = 2, 5
#: n-grams of a text of so many code points, at most.
PER_CODE, MORE = 6, 8
#: Kinds of characters.
UNKNOWN, GAP, LETTER, MARK, SIGN, IDEOGRAPH = 0, 1, 2, 3, 4, 5
_BITS: Final = 20
_P: Final = np.uint64(0x9E3779B97F4A7C15)
_M: Final = np.uint64(0xBF58476D1CE4E5B9)
_BORDER: Final = np.uint64(33)
_FOLD, _MIX, _SHIFT, _ONE = np.uint64(29), np.uint64(31), np.uint64(64 - _BITS), np.uint64(1)
_WORD, _PAIR = np.uint64(101), np.uint64(211)
Array = npt.NDArray[Any]


@functools.cache
def _kinds() -> Array:
    """The kind of each code point (0x110000,), UNKNOWN until it is met."""
    return np.zeros(0x110000, np.uint8)


def kinds(codes: Array) -> Array:
    """The kinds of all code points, those of these among them, as `LETTER` and the like."""
    table = _kinds()
    if len(codes) and not table[codes].all():
        for code in np.unique(codes[table[codes] == UNKNOWN]).tolist():
            table[code] = _kind(chr(code))
    return table


def _kind(character: str) -> int:
    code = ord(character)
    if character.isspace() or code == 0:
        return GAP
    if character in "!?":
        return MARK
    if any(first <= code <= last for first, last in _WITHOUT_SPACES):
        return IDEOGRAPH
    if character.isalnum() or character in "_'" or unicodedata.category(character)[0] == "M":
        return LETTER
    return SIGN


#: Scripts that write without spaces: Thai, Lao, Burmese, Khmer, kana, ideographs.
_WITHOUT_SPACES: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip


def codes(text: str) -> Array:
    """The code points of a text (n,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@compiled
def occurrences(codes: Array, begin: int, end: int, kinds: Array, bucket: Array, start: Array, stop: Array) -> int:
    """Write the n-grams of the code points from `begin` up to `end`: bucket, and from where up to where. Their number.

    The arrays have room for PER_CODE of each code point, and MORE.
    """
    n = 0
    i = begin
    last_hash, last_start, pairs = np.uint64(0), -1, False
    while i < end:
        kind = kinds[codes[i]]
        if kind == GAP:
            i += 1
            continue
        if kind == LETTER or kind == IDEOGRAPH:
            j = i + 1
            while j < end and (kinds[codes[j]] == LETTER or kinds[codes[j]] == IDEOGRAPH):
                j += 1
            # One border before the run, and one after it.
            for first in range(i - 1, j):
                h = _BORDER if first < i else np.uint64(codes[first]) + _ONE
                for k in range(2, LONGEST + 1):
                    last = first + k - 1
                    if last > j:
                        break
                    c = _BORDER if last == j else np.uint64(codes[last]) + _ONE
                    h = (h ^ (h >> _FOLD)) * _P + c
                    mixed = ((h + np.uint64(k)) ^ ((h + np.uint64(k)) >> _MIX)) * _M
                    bucket[n] = np.int64(mixed >> _SHIFT)
                    start[n] = max(first, i)
                    stop[n] = min(last + 1, j)
                    n += 1
        else:
            j = i + 1
            while kind == MARK and j < end and kinds[codes[j]] == MARK:
                j += 1
        at = i
        while at < j:  # the words of the run: one, or one by one
            to = j
            if kinds[codes[at]] == IDEOGRAPH:
                to = at + 1
            else:
                to = at + 1
                while to < j and kinds[codes[to]] != IDEOGRAPH:
                    to += 1
            h = _WORD
            for each in range(at, to):
                h = (h ^ (h >> _FOLD)) * _P + np.uint64(codes[each]) + _ONE
            bucket[n] = CHARACTERS + np.int64(((h ^ (h >> _MIX)) * _M) >> _SHIFT)
            start[n], stop[n] = at, to
            n += 1
            if pairs:
                h2 = ((last_hash ^ (last_hash >> _FOLD)) * _M + h) * _P + _PAIR
                bucket[n] = CHARACTERS + np.int64(((h2 ^ (h2 >> _MIX)) * _M) >> _SHIFT)
                start[n], stop[n] = last_start, to
                n += 1
            last_hash, last_start, pairs = h, at, True
            at = to
        i = j
    return n


@compiled
def count(
    codes: Array, first: Array, kinds: Array, bucket: Array, counts: Array, ends: Array, slots: Array, scratch: Array
) -> int:
    """Write the distinct buckets of texts, one text after the other, and how often each comes (255 for more).

    first: (n + 1,) where texts begin and end. ends: (n,) set to where the buckets of each end. slots: a power of two
    of zeros, twice as many as the n-grams of the longest text, or BUCKETS. scratch: (3, n-grams of the longest text).
    """
    used = 0
    mask = slots.size - 1
    for text in range(first.size - 1):
        begin = used
        found = occurrences(codes, first[text], first[text + 1], kinds, scratch[0], scratch[1], scratch[2])
        for i in range(found):
            each = scratch[0, i]
            slot = each & mask
            while True:
                at = slots[slot] - 1
                if at < begin:  # of nobody, or of a text of before
                    slots[slot] = used + 1
                    bucket[used] = each
                    counts[used] = 1
                    used += 1
                    break
                if bucket[at] == each:
                    if counts[at] < 255:
                        counts[at] += 1
                    break
                slot = (slot + 1) & mask
        ends[text] = used
    return used
