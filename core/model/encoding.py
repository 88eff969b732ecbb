"""Words as a model gets them: a version knows some as levels, and all others are one more level, or missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.schema.column import MOST_LEVELS
from core.schema.levels import number, written
from core.schema.schema import Schema

#: Users with a word, below which nothing can be learnt of it alone.
RARE: Final = 10
#: Words that are too rare for a level of their own and are remembered all the same, so that they are nothing new.
MOST_RARE: Final = 1_000

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one column in a version: `words`, the most frequent first, and whether it has learnt from `other`
    words, `rare` ones being the most frequent of them. Raises ValueError for more levels than there may be.
    """

    words: tuple[str, ...]
    rare: tuple[str, ...] = ()
    other: bool = False

    def __post_init__(self) -> None:
        if len(self.words) > MOST_LEVELS or len(self.rare) > MOST_RARE:
            raise ValueError("has more levels than a category may have")
        if len({*self.words, *self.rare}) < len(self.words) + len(self.rare):
            raise ValueError("has a level twice")

    @property
    def size(self) -> int:
        """How many codes a model may meet."""
        return len(self.words) + self.other

    def codes(self, values: Floats) -> Floats:
        """Numbers of words (n,) -> positions of their levels; of others the last level where it is learnt, else NaN."""
        return _codes(self, values)[0]

    def unseen(self, values: Floats) -> Bools:
        """Which words (n,) nobody had whom the version learnt from, as far as it remembers."""
        strange = _codes(self, values)[1]
        if strange.any() and self.rare:
            strange &= ~np.isin(values, np.array([number(word) for word in self.rare]))
        return strange

    def places(self, values: Floats) -> Floats:
        """As `codes`, with other words at a place of their own, learnt or not: in drift they are not missing."""
        codes, strange = _codes(self, values)
        codes[strange] = len(self.words)
        return codes

    def word(self, value: float) -> str | None:
        """The word of a number, None where the version does not know it."""
        return _said(self).get(value)

    def name(self, code: float) -> str:
        """What a level is called."""
        return self.words[int(code)] if 0 <= code < len(self.words) else "other"


@lru_cache(maxsize=4_096)
def _said(levels: Levels) -> Mapping[float, str]:
    return {number(word): word for word in (*levels.words, *levels.rare)}


@lru_cache(maxsize=4_096)
def _sorted(levels: Levels) -> tuple[Floats, Floats]:
    """The numbers of the words, ascending, and the position of each."""
    numbers = np.array([number(word) for word in levels.words], np.float64)
    order = np.argsort(numbers, kind="stable")
    return numbers[order], order.astype(np.float64)


def _codes(levels: Levels, values: Floats) -> tuple[Floats, Bools]:
    numbers, places = _sorted(levels)
    there = ~np.isnan(values)
    at = np.searchsorted(numbers, values)
    known = np.zeros(len(values), np.bool_)
    if len(numbers):
        known = numbers.take(at, mode="clip") == values
    codes = np.full(len(values), np.nan)
    codes[known] = places[at[known]]
    strange = there & ~known
    if levels.other:
        codes[strange] = len(levels.words)
    return codes, strange


def learnt(frame: pd.DataFrame, schema: Schema, chosen: Bools) -> dict[str, Levels]:
    """The levels that a model may learn from the chosen (n,) of users, by column.

    A frame that knows words by their numbers alone has none, and there every word is another one.
    """
    return {name: of(_counted(frame, name, chosen)) for name in schema.categories}


def _counted(frame: pd.DataFrame, name: str, chosen: Bools) -> Mapping[str, int]:
    if written(name) not in frame:
        return {}
    counts = frame[written(name)][chosen].value_counts()
    return dict(zip(counts.index.astype(str), counts.tolist(), strict=True))


def of(counts: Mapping[str, int], most: int = MOST_LEVELS) -> Levels:
    """The levels of words by how many users have each.

    >>> of({"PH": 40, "DE": 60, "LI": 2})
    Levels(words=('DE', 'PH'), rare=('LI',), other=True)
    """
    order = sorted(Counter(counts).items(), key=lambda entry: (-entry[1], entry[0]))
    words = [word for word, users in order if users >= RARE][:most]
    rare = [word for word, _ in order[len(words) :]]
    return Levels(tuple(words), tuple(rare[:MOST_RARE]), bool(rare))


def sizes(names: Sequence[str], levels: Mapping[str, Levels]) -> tuple[int, ...]:
    """Of each column how many levels it has, 0 for numbers; nothing where all are numbers."""
    found = tuple(levels[name].size if name in levels else 0 for name in names)
    return found if any(name in levels for name in names) else ()


def unlearnt(levels: Mapping[str, Levels]) -> Iterable[str]:
    """The columns of which nothing can be learnt, because no word is frequent enough."""
    return (name for name, each in levels.items() if not each.words)
