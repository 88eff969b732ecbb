"""Which buckets are known, and the place of each among these: small enough for the processor's cache."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.text.kernels.grams import BUCKETS

Array = npt.NDArray[Any]
_U = np.uintp
_EACH, _LAST = np.uint32(5), np.uint32(31)
_ONE, _TWO, _FOUR, _TOP = np.uint32(1), np.uint32(2), np.uint32(4), np.uint32(24)
_PAIRS, _NIBBLES, _BYTES, _SUM = (np.uint32(each) for each in (0x55555555, 0x33333333, 0x0F0F0F0F, 0x01010101))


class Known(NamedTuple):
    """bits: uint32 (BUCKETS / 32,), one for each bucket; ranks: int32, how many are known before those of each."""

    bits: Array
    ranks: Array


def known(buckets: Array) -> Known:
    """buckets: (m,), rising."""
    marks = np.zeros(BUCKETS, np.bool_)
    marks[buckets] = True
    bits = np.packbits(marks, bitorder="little").view(np.uint32)
    counts = marks.reshape(-1, 32).sum(1, dtype=np.int32)
    return Known(bits, (np.cumsum(counts) - counts).astype(np.int32))


@compiled
def place(known: Known, bucket: int) -> int:
    """The place of a bucket among those known, -1 for none."""
    each = np.uint32(bucket)
    word = known.bits[_U(each >> _EACH)]
    bit = _ONE << (each & _LAST)
    if not word & bit:
        return -1
    # How many bits are set below: H. S. Warren, "Hacker's Delight", figure 5-2.
    below = word & (bit - _ONE)
    below -= (below >> _ONE) & _PAIRS
    below = (below & _NIBBLES) + ((below >> _TWO) & _NIBBLES)
    below = (below + (below >> _FOUR)) & _BYTES
    return int(known.ranks[_U(each >> _EACH)]) + int(np.uint32(below * _SUM) >> _TOP)


@compiled
def unknown(known: Known, bucket: Array, first: Array, chosen: Array, found: Array) -> None:
    """Set for each row the share of its buckets that are not known, NaN where it has none."""
    for i in range(chosen.size):
        begin, end = first[chosen[i]], first[chosen[i] + 1]
        lacking = 0
        for at in range(begin, end):
            lacking += place(known, bucket[_U(at)]) < 0
        found[i] = lacking / (end - begin) if end > begin else np.nan
