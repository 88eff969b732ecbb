"""The margin of a text shared over its words: the loop itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.text.kernels.grams import BUCKETS, CHARACTERS, GAP, LETTER, MARK, MORE, PER_CODE, occurrences
from core.text.kernels.known import Known, place

Array = npt.NDArray[Any]


@compiled
def words(codes: Array, kinds: Array, start: Array, stop: Array, word: Array) -> int:
    """Write from where up to where each word of a text is, and the word of each code point, -1 for none; how many."""
    n = 0
    for i in range(codes.size):
        kind = kinds[codes[i]]
        before = kinds[codes[i - 1]] if i else GAP
        if kind == GAP:
            word[i] = -1
            continue
        if kind == before and (kind == LETTER or kind == MARK):
            stop[n - 1] = i + 1
        else:
            start[n], stop[n] = i, i + 1
            n += 1
        word[i] = n - 1
    return n


@compiled
def explain(
    codes: Array, kinds: Array, known: Known, table: Array, step: int, frequency: Array, output: int, begin: Array,
    end: Array, part: Array,
) -> int:  # fmt: skip
    """Write from where up to where each word of a text is, and add its share of the margin to its part; how many.

    An n-gram of characters counts for the words that it lies in, by its code points there; a pair of words for both
    alike. table: as `descent.tabled` has it, with `step` numbers for each slot. begin, end, part: (code points,).
    """
    room = PER_CODE * codes.size + MORE
    bucket, start, stop = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    n = occurrences(codes, 0, codes.size, kinds, bucket, start, stop)
    word = np.empty(codes.size, np.int32)
    found = int(words(codes, kinds, begin, end, word))
    _share(bucket[:n], start, stop, word, known, table, step, frequency, output, part)
    return found


@compiled
def _share(
    bucket: Array, start: Array, stop: Array, word: Array, known: Known, table: Array, step: int, frequency: Array,
    output: int, part: Array,
) -> None:  # fmt: skip
    size = 16
    while size < 2 * bucket.size and size < BUCKETS:
        size *= 2
    slots = np.zeros(size, np.int32)  # by its last bits, where a bucket comes first, from 1
    earliest, times = np.empty(bucket.size, np.int32), np.zeros(bucket.size, np.int32)
    for i in range(bucket.size):
        slot = bucket[i] & (size - 1)
        while slots[slot] and bucket[slots[slot] - 1] != bucket[i]:
            slot = (slot + 1) & (size - 1)
        if not slots[slot]:
            slots[slot] = i + 1
        earliest[i] = slots[slot] - 1
        times[earliest[i]] += 1
    each_time = np.zeros(bucket.size, np.float64)
    characters = words = 0.0
    for i in range(bucket.size):
        row = place(known, bucket[i]) if times[i] else -1
        if row < 0:
            continue
        number = frequency[min(times[i], 255)] * table[row * step]
        each_time[i] = number * table[row * step + 1 + output] / times[i]
        if bucket[i] < CHARACTERS:
            characters += number * number
        else:
            words += number * number
    by_characters = 1.0 / np.sqrt(characters) if characters > 0 else 0.0
    by_words = 1.0 / np.sqrt(words) if words > 0 else 0.0
    for i in range(bucket.size):
        push = each_time[earliest[i]]
        if push == 0:
            continue
        first, last = word[start[i]], word[stop[i] - 1]
        if bucket[i] >= CHARACTERS:
            part[first] += push * by_words / 2
            part[last] += push * by_words / 2
        elif first == last:
            part[first] += push * by_characters
        else:
            each = push * by_characters / (stop[i] - start[i])
            for at in range(start[i], stop[i]):
                part[word[at]] += each
