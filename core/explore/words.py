"""Columns of words as numbers that mean something: the place of a word among those of a table, the commonest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore.bins import MOST, Bins
from core.schema.levels import written
from core.schema.schema import Schema
from core.wording import count

#: Users with a word, below which it is one of the rare ones that are taken together.
RARE: Final = 10
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The k words of a column, the commonest first, and their numbers (k,)."""

    words: tuple[str, ...]
    numbers: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str) -> Places:
        """Those of a table; of one that has lost its words they have no names."""
        values = frame[name].to_numpy(np.float64)
        numbers, first, users = np.unique(values[~np.isnan(values)], return_index=True, return_counts=True)
        if written(name) in frame:
            there = frame[written(name)].to_numpy(object)[~np.isnan(values)][first]
        else:
            there = np.array([f"word {at}" for at in range(1, len(numbers) + 1)], object)
        texts = there.astype(str)
        order = np.lexsort([texts, -users])
        return cls(tuple(texts[order].tolist()), numbers[order])

    def __call__(self, values: npt.ArrayLike) -> Floats:
        """Numbers of words (n,) -> their places from 0 on, k for words that the table has not, NaN for missing."""
        given = np.asarray(values, np.float64)
        order = np.argsort(self.numbers)
        at = np.searchsorted(self.numbers[order], given)
        places = np.full(len(given), float(len(self.numbers)))
        if len(order):
            known = self.numbers[order].take(at, mode="clip") == given
            places[known] = order[at[known]]
        places[np.isnan(given)] = np.nan
        return places

    def name(self, place: float) -> str:
        """What the word at a place is."""
        return self.words[int(place)] if 0 <= place < len(self.words) else "another word"

    def bins(self, most: int = MOST) -> Bins:
        """A bin for each of the commonest words, and one for all others where they are more than can be drawn."""
        shown = len(self.words) if len(self.words) <= most else most - 1
        names = list(self.words[:shown])
        rest = len(self.words) - shown
        if rest:
            names.append(f"{count(rest, 'other word')}")
        starts = tuple(float(at) for at in range(len(names)))
        ends = (*starts[:-1], float(len(self.words) - 1)) if rest else starts
        return Bins(starts, ends, "values", tuple(names))


def placed(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, dict[str, Places]]:
    """A table with its words as places, and what these are; the table itself where it has none."""
    known = {name: Places.of(frame, name) for name in schema.categories if name in frame}
    if not known:
        return frame, known
    left = frame.drop(columns=[written(name) for name in known], errors="ignore")
    return left.assign(**{name: places(frame[name]) for name, places in known.items()}), known


def by_rate(frame: pd.DataFrame, schema: Schema, label: npt.ArrayLike | None) -> pd.DataFrame:
    """A table with its words as places by their spam rate: in this order a word that gives the label away shows as a
    number that does. Words of few users are taken together, or each would.
    """
    known = {name: frame[name].to_numpy(np.float64) for name in schema.categories if name in frame}
    if not known or label is None:
        return frame
    spam = np.asarray(label, np.float64)
    return frame.assign(**{name: _by_rate(values, spam) for name, values in known.items()})


def _by_rate(values: Floats, spam: Floats) -> Floats:
    codes, numbers = pd.factorize(values)
    labelled = (codes >= 0) & ~np.isnan(spam)
    users = np.bincount(codes[labelled], minlength=len(numbers))
    spammers = np.bincount(codes[labelled], spam[labelled], minlength=len(numbers))
    rare = users < RARE
    rate = np.divide(spammers, users, out=np.zeros(len(numbers)), where=users > 0)
    if rare.any():
        rate[rare] = spammers[rare].sum() / max(users[rare].sum(), 1)
    _, places = np.unique(rate, return_inverse=True)
    return np.where(codes < 0, np.nan, np.append(places, 0)[codes].astype(np.float64))


def spoken(frame: pd.DataFrame, places: Mapping[str, Places]) -> pd.DataFrame:
    """A table of places with the words themselves, for people to read."""
    texts = {name: frame[name].map(each.name, na_action="ignore").astype(object) for name, each in places.items()}
    return frame.assign(**texts) if texts else frame
