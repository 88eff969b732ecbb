"""Words and texts as a model gets them.

Of the words of a category a version knows some as levels, and all others are one more level, or missing. A text becomes
one number, the margin of the version's own model of that text (`core.text`); and a number for each category of the
owner's phrases, counted by the list that the version was trained with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import TextsErasedError, WrongFeaturesError
from core.model.learner import Matrix
from core.schema.column import MOST_LEVELS, phrase_column
from core.schema.levels import number, written
from core.schema.schema import Schema
from core.text.lists.phrases import Phrases
from core.text.rows import TextRows
from core.text.text_model import TextModel

#: Users with a word, below which nothing can be learnt of it alone.
RARE: Final = 10
#: Words that are too rare for a level of their own and are remembered all the same, so that they are nothing new.
MOST_RARE: Final = 1_000

#: Share of what a text is made of that no text learnt from had, above which it is unlike them.
STRANGE: Final = 0.5

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: Texts as sent (n,), None where missing.
Texts = Sequence[str | None]


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
    """The levels that a model may learn from the chosen (n,) of users, by column: as many as the schema lets it.

    A frame that knows words by their numbers alone has none, and there every word is another one.
    """
    return {
        column.name: of(_counted(frame, column.name, chosen), column.levels or MOST_LEVELS)
        for column in schema.features
        if column.kind == "category"
    }


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


class Coded(NamedTuple):
    """Users as a model sees them: `x` (n, f); of each column of words or texts `missing` (n,) and `strange` (n,): who
    has none, and who has one that is unlike all that the version learnt from. `further` (n, t): what texts say of each
    category.
    """

    x: Matrix
    further: Matrix
    missing: Mapping[str, Bools]
    strange: Mapping[str, Bools]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a version turns columns that are no numbers into some: the `levels` of its categories, the models of its
    `texts` and the `phrases` that it counts in them, by column.
    """

    levels: Mapping[str, Levels] = field(default_factory=dict)
    texts: Mapping[str, TextModel] = field(default_factory=dict)
    phrases: Mapping[str, Phrases] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.levels or self.texts or self.phrases)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that hold the words and texts."""
        return tuple(written(name) for name in (*self.levels, *self.texts))

    @property
    def counted(self) -> tuple[str, ...]:
        """The features that are counts of phrases: no table has them."""
        return tuple(phrase_column(name, each) for name, lists in self.phrases.items() for each in lists.categories)

    def matrix(self, frame: pd.DataFrame, names: Sequence[str], version: str = "") -> Matrix:
        """Users of a frame as float32 (n, f); see `of_frame`."""
        return self.of_frame(frame, names, version).x

    def of_frame(self, frame: pd.DataFrame, names: Sequence[str], version: str = "") -> Coded:
        """The users of a frame (n rows) by its columns `names`, without a copy of the whole in float64. What is
        counted of phrases is among the names, and in no column.

        Raises WrongFeaturesError where the frame lacks one of them, TextsErasedError where it lacks the texts of one.
        """
        spoken, counted = {**self.texts, **self.phrases}, {*self.counted}
        absent = [name for name in names if name not in frame.columns and name not in counted]
        if gone := [name for name in spoken if name not in absent and written(name) not in frame.columns]:
            raise TextsErasedError(gone)
        if absent:
            raise WrongFeaturesError(version, absent)
        x = np.empty((len(frame), len(names)), np.float32)
        for position, name in enumerate(names):
            if name not in self.levels and name not in self.texts and name not in counted:
                x[:, position] = frame[name].to_numpy()
        own = {name: frame[name].to_numpy(np.float64) for name in self.levels}
        return self._coded(x, names, own, {name: as_texts(frame, name) for name in spoken})

    def of_values(self, values: Floats, names: Sequence[str], texts: Mapping[str, Texts]) -> Coded:
        """The same users by their values (n, f) of the columns `names` and, by column, the texts among them. What
        stands for counts of phrases is not looked at.

        Raises WrongFeaturesError where texts are absent.
        """
        if absent := [name for name in {**self.texts, **self.phrases} if name not in texts]:
            raise WrongFeaturesError("", absent)
        own = {name: values[:, names.index(name)] for name in self.levels}
        return self._coded(values.astype(np.float32), names, own, texts)

    def _coded(
        self, x: Matrix, names: Sequence[str], numbers: Mapping[str, Floats], texts: Mapping[str, Texts]
    ) -> Coded:  # fmt: skip
        missing, strange, further = dict[str, Bools](), dict[str, Bools](), [np.empty((len(x), 0), np.float32)]
        for name, levels in self.levels.items():
            x[:, names.index(name)] = levels.codes(numbers[name])
            missing[name], strange[name] = np.isnan(numbers[name]), levels.unseen(numbers[name])
        for name, model in self.texts.items():
            rows = TextRows.of(texts[name])
            margins = model.margins(rows)
            x[:, names.index(name)], missing[name] = margins[:, 0], np.isnan(margins[:, 0])
            strange[name] = model.unseen(rows) > STRANGE
            further.append(margins[:, 1:])
        for name, lists in self.phrases.items():
            for category, counts in lists.counts(texts[name]).items():
                x[:, names.index(phrase_column(name, category))] = counts
        return Coded(x, np.concatenate(further, axis=1), missing, strange)


def as_texts(frame: pd.DataFrame, name: str) -> list[str | None]:
    """The texts of a column of a frame (n rows) as sent, None where missing. Raises TextsErasedError."""
    if written(name) not in frame:
        raise TextsErasedError([name])
    column: list[Any] = frame[written(name)].to_numpy(object).tolist()
    return [text if isinstance(text, str) else None for text in column]
