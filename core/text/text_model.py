"""What was learnt of texts: a weight for each bucket of n-grams and each output, and how a margin comes from words."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from core.text.normalise import Normalised, normalised
from core.text.rows import TextRows, chunks
from core.text.undo.draft import Place

if TYPE_CHECKING:
    from core.text.kernels.known import Known

Array = npt.NDArray[Any]
#: Texts explained together.
TOGETHER: Final = 500
#: What a count of 0 to 255 is worth: (256,).
FREQUENCY: Final = np.concatenate([[0.0], 1 + np.log(np.arange(1, 256))])


class Word(NamedTuple):
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
    each; weights: float32 (m, k), of numbers that float16 holds; biases: k of them. `strange`: of texts that were left
    out in training, the mean share of n-grams that had no weight, NaN where that was not measured.
    """

    buckets: Array
    seen: Array
    texts: int
    weights: Array
    biases: tuple[float, ...]
    strange: float = float("nan")

    @property
    def outputs(self) -> int:
        return len(self.biases)

    def bias(self, output: int = 0) -> float:
        """The margin of a text without any word that is known."""
        return self.biases[output]

    def margins(self, rows: TextRows) -> npt.NDArray[np.float32]:
        """The margin in log-odds of each row for each output (n, k), NaN where the text is missing."""
        from core.text.kernels import descent  # noqa: PLC0415 - the compiler is half a second's import

        found = np.empty((len(rows), self.outputs), np.float32)
        descent.margins(
            rows.bucket, rows.counts, rows.first, rows.chosen, self._known, self._table, FREQUENCY, self._biases,
            found,
        )  # fmt: skip
        found[rows.absent] = np.nan
        return found

    def margins_of(self, texts: Sequence[str | None]) -> npt.NDArray[np.float32]:
        """`margins` of texts as they were sent, however many: some are held as rows at a time."""
        found = [self.margins(TextRows.of(texts[start:end])) for start, end in chunks(texts)]
        return np.concatenate([np.empty((0, self.outputs), np.float32), *found])

    def words(self, text: str, output: int = 0) -> tuple[Word, ...]:
        """The words of a text in order, each with its part of the margin for an output: they and the bias are it."""
        return next(self.words_of([text], output))

    def words_of(self, texts: Iterable[str], output: int = 0) -> Iterator[tuple[Word, ...]]:
        """`words` of each text, in their order."""
        return (_words(*each) for each in self._explained(texts, output))

    def strongest(self, texts: Iterable[str], output: int = 0, most: int = 3) -> Iterator[tuple[Word, ...]]:
        """Of the words of each text those few that push its margin up most, strongest first, and none that does not."""
        for read, begin, end, part in self._explained(texts, output):
            some = np.argsort(-part, kind="stable")[:most]
            some = some[part[some] > 0]
            yield _words(read, begin[some], end[some], part[some])

    def _explained(self, texts: Iterable[str], output: int) -> Iterator[tuple[Normalised, Array, Array, Array]]:
        """Each text as it reads, and its words. Some are read, then explained: in turns they would drive what either
        needs out of the processor's memory, which takes twice as long.
        """
        left = iter(texts)
        while some := [normalised(text) for text in itertools.islice(left, TOGETHER)]:
            yield from [(read, *self._parts(read, output)) for read in some]

    def _parts(self, read: Normalised, output: int) -> tuple[Array, Array, Array]:
        """From where up to where each word is in the text as it reads, and its part."""
        from core.text.kernels import descent, grams, parts  # noqa: PLC0415

        codes = grams.codes(read.text)
        begin, end = np.empty((2, len(codes)), np.int32)
        part = np.zeros(len(codes))
        n = parts.explain(
            codes, grams.kinds(codes), self._known, self._table, descent.width(self.outputs), FREQUENCY, output, begin,
            end, part,
        )  # fmt: skip
        return begin[:n], end[:n], part[:n]

    def unseen(self, rows: TextRows) -> npt.NDArray[np.float64]:
        """The share of the distinct n-grams of each row that have no weight (n,), NaN where there are none."""
        from core.text.kernels.known import unknown  # noqa: PLC0415

        found = np.empty(len(rows))
        unknown(self._known, rows.bucket, rows.first, rows.chosen, found)
        return found

    @cached_property
    def _known(self) -> Known:
        from core.text.kernels.known import known  # noqa: PLC0415

        return known(self.buckets)

    @cached_property
    def _table(self) -> Array:
        from core.text.kernels import descent  # noqa: PLC0415

        return descent.tabled(idf(self.seen, self.texts), self.weights)

    @cached_property
    def _biases(self) -> Array:
        return np.array(self.biases)


def _words(read: Normalised, begin: Array, end: Array, part: Array) -> tuple[Word, ...]:
    start, stop = read.at[begin], read.at[end - 1] + 1
    undone = _with_some(read.places, start, stop) if read.places else [False] * len(part)
    return tuple(map(Word, start.tolist(), stop.tolist(), part.tolist(), undone))


def _with_some(places: Sequence[Place], begin: Array, end: Array) -> list[bool]:
    """In which spans something of these places lies."""
    spans = np.array([(place.start, place.end) for place in places], np.int64)
    # They are in order, but may lie in each other: the farthest end of all that begin before a span ends.
    farthest = np.maximum.accumulate(np.concatenate([[-1], spans[:, 1]]))
    found: list[bool] = (farthest[np.searchsorted(spans[:, 0], end)] > begin).tolist()
    return found


def idf(seen: Array, texts: int) -> Array:
    """How much an n-gram counts that so many of the texts have, as scikit-learn's smoothed idf: float32 (m,)."""
    found: Array = (np.log((1 + texts) / (1 + seen.astype(np.float64))) + 1).astype(np.float32)
    return found
