"""The margin of a text shared over its words: the loop itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.text.kernels.grams import CHARACTERS, GAP, LETTER, MARK

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
def share(
    bucket: Array, start: Array, stop: Array, word: Array, where: Array, idf: Array, weights: Array, part: Array
) -> None:
    """Add to the part (words,) of each word its share of the margin.

    An n-gram of characters counts for the words that it lies in, by its code points there; a pair of words for both
    alike. weights: (m,).
    """
    order = np.argsort(bucket, kind="mergesort")
    times = np.empty(bucket.size, np.float64)
    characters = words = 0.0
    i = 0
    while i < order.size:
        j = i
        while j < order.size and bucket[order[j]] == bucket[order[i]]:
            j += 1
        known = where[bucket[order[i]]]
        number = 0.0
        if known >= 0:
            number = (1.0 + np.log(np.float64(min(j - i, 255)))) * idf[known]
            if bucket[order[i]] < CHARACTERS:
                characters += number * number
            else:
                words += number * number
        for at in range(i, j):
            times[order[at]] = number / (j - i)
        i = j
    by_characters = 1.0 / np.sqrt(characters) if characters > 0 else 0.0
    by_words = 1.0 / np.sqrt(words) if words > 0 else 0.0
    for i in range(bucket.size):
        if times[i] == 0:
            continue
        push = times[i] * weights[where[bucket[i]]]
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
