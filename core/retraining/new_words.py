"""Words of categories that a version does not know, and that its successor learns because enough users have them.

A verdict holds the number of a word, and says no word; the word itself stands in the dataset whose user was judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from core.data.datasets import Dataset
from core.errors import listed
from core.model.encoding import MOST_RARE, RARE, Levels
from core.ports import DatasetStore
from core.retraining.training_set import Labelled
from core.schema.column import MOST_LEVELS
from core.schema.levels import number, written
from core.schema.schema import Schema

#: Numbers of words, and how many users have each.
Counts = Mapping[float, int]
#: Words by their numbers, by column.
Said = Mapping[str, Mapping[float, str]]
_NOBODY: Final[Mapping[float, str]] = {}


def extended(
    levels: Mapping[str, Levels], learnt: Labelled, schema: Schema, datasets: DatasetStore
) -> dict[str, Levels]:  # fmt: skip
    """The levels of a version, and after them the words that enough of the users learnt from have, as far as the schema
    lets a category have so many. A word whose dataset is gone stays another word.
    """
    strange = {name: _strange(each, learnt, name) for name, each in levels.items()}
    most = {column.name: column.levels or MOST_LEVELS for column in schema.features}
    said = _said({name: counts for name, counts in strange.items() if counts}, datasets)
    return {
        name: _with(each, strange[name], said.get(name, _NOBODY), most.get(name, MOST_LEVELS))
        for name, each in levels.items()
    }


def sentence(before: Mapping[str, Levels], after: Mapping[str, Levels]) -> str:
    """Which words were learnt that the version before does not know; "" where there are none."""
    fresh = {name: after[name].words[len(each.words) :] for name, each in before.items()}
    told = [f"{name} {listed(words, most=5)}" for name, words in fresh.items() if words]
    return f"Words that are new to it: {'; '.join(told)}." if told else ""


def _strange(levels: Levels, learnt: Labelled, name: str) -> Counts:
    """How many users have each word that has no level of its own."""
    values = learnt.frame[name].to_numpy(np.float64)
    distinct, users = np.unique(values[~np.isnan(values)], return_counts=True)
    own = {number(word) for word in levels.words}
    return {value: count for value, count in zip(distinct.tolist(), users.tolist(), strict=True) if value not in own}


def _with(levels: Levels, strange: Counts, said: Mapping[float, str], most: int) -> Levels:
    """The levels, with those of the strange words that are frequent enough and are known."""
    known = {number(word): word for word in levels.rare} | dict(said)
    order = sorted((value for value in strange if value in known), key=lambda value: (-strange[value], known[value]))
    fresh = [known[value] for value in order if strange[value] >= RARE][: max(most - len(levels.words), 0)]
    if not fresh:
        return levels
    left = [word for word in levels.rare if word not in fresh]
    left += [known[value] for value in order if known[value] not in {*fresh, *left}]
    other = levels.other or len(fresh) < len(strange)
    return replace(levels, words=(*levels.words, *fresh), rare=tuple(left[:MOST_RARE]), other=other)


def _said(strange: Mapping[str, Counts], datasets: DatasetStore) -> Said:
    """The words of these numbers, from the newest datasets on, until all of them are known."""
    wanted = {name: {value for value, users in counts.items() if users >= RARE} for name, counts in strange.items()}
    found: dict[str, dict[float, str]] = {name: {} for name in wanted}
    for dataset in datasets.stored():
        open_ = [name for name, values in wanted.items() if values - found[name].keys()]
        if not open_:
            break
        for name in _there(open_, dataset, datasets):
            words = datasets.frame(dataset.id, [written(name)])[written(name)].dropna().unique()
            found[name] |= {value: word for word in map(str, words) if (value := number(word)) in wanted[name]}
    return found


def _there(names: list[str], dataset: Dataset, datasets: DatasetStore) -> list[str]:
    columns = datasets.columns(dataset.id)
    return [name for name in names if written(name) in columns]
