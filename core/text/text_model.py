"""What was learnt of texts: a weight for each bucket of n-grams and each output, and how a margin comes from words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from core.text.kernels import descent, grams, parts
from core.text.normalise import normalised
from core.text.rows import TextRows, chunks

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, from code point `start` up to `end` of the text as sent, and its part of the margin.

    `undone`: whether something in it was written so that a program does not see it.
    """

    start: int
    end: int
    part: float
    undone: bool


@dataclass(frozen=True, eq=False)
class TextModel:
    """A linear model of texts with k outputs.

    buckets: int32 (m,), rising, those that have a weight; seen: int32 (m,), how many of the `texts` learnt from have
    each; weights: float32 (m, k), of numbers that float16 holds; biases: k of them.
    """

    buckets: Array
    seen: Array
    texts: int
    weights: Array
    biases: tuple[float, ...]

    @property
    def outputs(self) -> int:
        return len(self.biases)

    def bias(self, output: int = 0) -> float:
        """The margin of a text without any word that is known."""
        return self.biases[output]

    def margins(self, rows: TextRows) -> npt.NDArray[np.float32]:
        """The margin in log-odds of each row for each output (n, k), NaN where the text is missing."""
        found = np.empty((len(rows), self.outputs), np.float32)
        descent.margins(
            rows.bucket, rows.counts, rows.first, rows.chosen, self._where, self._idf, self.weights, self._biases, found
        )
        found[rows.absent] = np.nan
        return found

    def margins_of(self, texts: Sequence[str | None]) -> npt.NDArray[np.float32]:
        """`margins` of texts as they were sent, however many: some are held as rows at a time."""
        found = [self.margins(TextRows.of(texts[start:end])) for start, end in chunks(texts)]
        return np.concatenate([np.empty((0, self.outputs), np.float32), *found])

    def words(self, text: str, output: int = 0) -> tuple[Word, ...]:
        """The words of a text in order, each with its part of the margin for an output: they and the bias are it."""
        read = normalised(text)
        codes = grams.codes(read.text)
        kinds = grams.kinds(codes)
        room = grams.PER_CODE * len(codes) + grams.MORE
        bucket, start, stop = np.empty((3, room), np.int32)
        found = grams.occurrences(codes, 0, len(codes), kinds, bucket, start, stop)
        begins, ends, word = np.empty((3, len(codes)), np.int32)
        n = parts.words(codes, kinds, begins, ends, word)
        part = np.zeros(n)
        parts.share(
            bucket[:found], start[:found], stop[:found], word, self._where, self._idf, self.weights[:, output], part
        )
        places = np.array([(place.start, place.end) for place in read.places], np.int64).reshape(-1, 2)
        begin, end = read.at[begins[:n]], read.at[ends[:n] - 1] + 1
        # The places are in order, but may lie in each other: the farthest end of all that begin before a word's.
        farthest = np.maximum.accumulate(np.concatenate([[-1], places[:, 1]]))
        undone = farthest[np.searchsorted(places[:, 0], end)] > begin
        return tuple(map(Word, begin.tolist(), end.tolist(), part.tolist(), undone.tolist()))

    def unseen(self, rows: TextRows) -> npt.NDArray[np.float64]:
        """The share of the distinct n-grams of each row that have no weight (n,), NaN where there are none."""
        lacking = np.concatenate([[0], np.cumsum(self._where[rows.bucket] < 0)])
        begin, end = rows.first[rows.chosen], rows.first[rows.chosen + 1]
        with np.errstate(invalid="ignore"):
            return np.asarray((lacking[end] - lacking[begin]) / (end - begin), np.float64)

    @cached_property
    def _where(self) -> Array:
        return where(self.buckets)

    @cached_property
    def _idf(self) -> Array:
        return idf(self.seen, self.texts)

    @cached_property
    def _biases(self) -> Array:
        return np.array(self.biases)


def where(buckets: Array) -> Array:
    """The place of each bucket among these, -1 for none: int32 (BUCKETS,)."""
    found = np.full(grams.BUCKETS, -1, np.int32)
    found[buckets] = np.arange(len(buckets), dtype=np.int32)
    return found


def idf(seen: Array, texts: int) -> Array:
    """How much an n-gram counts that so many of the texts have, as scikit-learn's smoothed idf: float64 (m,)."""
    return np.log((1 + texts) / (1 + seen.astype(np.float64))) + 1
