"""All users of a run, to be listed: which of them pass filters, in which order, and what a page of them says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import BadOptionError
from core.ports import DatasetStore
from core.schema import schema as schemas
from core.schema.levels import WRITTEN
from core.schema.schema import Schema
from core.scoring.decisions.deciding import counted
from core.scoring.decisions.times_seen import TimesSeen
from core.scoring.filters import Filters
from core.scoring.listing import sorting
from core.scoring.listing.sorting import Positions, Sort
from core.scoring.runs import Run, Runs
from core.scoring.view import Views

#: How many users a page may show.
SIZES: Final = (20, 50, 100)


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The users of a run in input order. `users`: id, context, words as they were written, then the scores, indexed by
    input row; `texts`: the names of its columns up to the scores, the id first.
    """

    run: Run
    users: pd.DataFrame
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RunUsers:
    """Lists the users of runs."""

    datasets: DatasetStore
    runs: Runs
    times_seen: TimesSeen
    views: Views
    schema_file: Path

    def listed(self, run: Run) -> Listed:
        """Everybody in a run. Raises UnknownItemError."""
        dataset, spoken = self.datasets.find(run.dataset), self._spoken(run.dataset)
        names = [dataset.id_column, *dataset.context]
        frame = self.datasets.frame(run.dataset, [*names, *spoken]).rename(columns=spoken)
        return Listed(run, frame.join(self.runs.scores(run.id)), (*names, *spoken.values()))

    def keys(self, listed: Listed) -> tuple[str, ...]:
        """What a list can be sorted by, of KEYS: a column that says nothing of anybody is left out."""
        out = set() if "category" in listed.users else {"category"}
        if self.datasets.find(listed.run.dataset).positives is None:
            out.add("label")
        return tuple(key for key in sorting.KEYS if key not in out)

    def column(self, listed: Listed, key: str) -> npt.NDArray[Any]:
        """What users are sorted by, (n,), in input order: `label` is 1 for a spammer, NaN where not known;
        `runs`: in how many of the latest runs a user stands. Raises BadOptionError where there is no such column.
        """
        users, name = listed.users, Sort(key).column
        if name:
            return self._of_file(listed, name)
        if key in {"category", "decided_by"}:
            return sorting.ranks(users[key]) if key in users else np.full(len(users), np.nan)
        if key == "label":
            known = self.views.label(listed.run.dataset, self._schema())
            return np.full(len(users), np.nan) if known is None else known
        return np.asarray(self._simple[key](users, listed.texts[0]))

    @property
    def _simple(self) -> Mapping[str, Callable[[pd.DataFrame, str], Any]]:
        return {
            "score": lambda users, _: users["probability"],
            "action": lambda users, _: users["severity"],
            "missing": lambda users, _: users["n_missing"],
            "novel": lambda users, _: counted(users["novel_features"].fillna("").to_numpy(object)),
            "row": lambda users, _: users.index,
            "user": lambda users, named: sorting.id_ranks(users[named]),
            "runs": lambda users, named: self.times_seen.of(users[named].to_numpy(object)),
        }

    def matching(self, listed: Listed, filters: Filters, reasons: pd.DataFrame | None) -> npt.NDArray[np.bool_]:
        """Who passes, (n,), in input order. reasons: as a run stores them, None while there are none.

        Raises BadOptionError where a filter is on a column that there is not.
        """
        values = None
        if filters.context is not None and filters.context not in listed.texts:
            raise BadOptionError("context", f"{listed.run.id} has no context column {filters.context[:60]}.")
        if filters.feature is not None and filters.within is not None:
            self._check_feature(listed, filters.feature, "feature")
            values = self.datasets.frame(listed.run.dataset, [filters.feature])[filters.feature]
        known = self.views.label(listed.run.dataset, self._schema()) if filters.label != "any" else None
        return filters.matches(listed.users, texts=listed.texts, reasons=reasons, values=values, label=known)

    def _of_file(self, listed: Listed, name: str) -> npt.NDArray[Any]:
        if name in listed.texts:
            return sorting.ranks(listed.users[name])
        self._check_feature(listed, name, "sort")
        return self.datasets.frame(listed.run.dataset, [name])[name].to_numpy(np.float64)

    def _check_feature(self, listed: Listed, name: str, option: str) -> None:
        if name not in self._schema().measures or name not in self.datasets.columns(listed.run.dataset):
            raise BadOptionError(option, f"{listed.run.id} has no column {name[:60]}.")

    def _spoken(self, dataset: str) -> dict[str, str]:
        """The columns of a dataset that hold words as they were written, and the features that they are of."""
        label = self._schema().label
        there = {name: name.removeprefix(WRITTEN) for name in sorted(self.datasets.columns(dataset))}
        of_label = "" if label is None else label.column
        return {name: column for name, column in there.items() if name.startswith(WRITTEN) and column != of_label}

    def _schema(self) -> Schema:
        return schemas.load(self.schema_file)


def ordered(column: npt.NDArray[Any], sort: Sort) -> Positions:
    """Positions of all users, (n,), by what they are sorted by, (n,)."""
    return sorting.order(column, descending=sort.descending)


def found(order: Positions, matching: npt.NDArray[np.bool_]) -> Positions:
    """The positions of those that pass, in the order: (n,) and (n,) -> (k,)."""
    return order[matching[order]]


def pages(users: int, size: int) -> int:
    """How many pages so many users fill; one where there is nobody."""
    return max(-(-users // size), 1)


def page(found: Sequence[Any] | npt.NDArray[Any], number: int, size: int) -> Any:
    """Those on a page, counted from 1."""
    return found[(number - 1) * size : number * size]
