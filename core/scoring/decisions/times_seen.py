"""In how many runs a user stands: what a rule may ask for as `times_seen`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import UnknownItemError
from core.ports import DatasetStore
from core.scoring.runs import Run, Runs

#: Runs that are counted, newest first; those of the API count once they are closed.
MOST_RUNS: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class TimesSeen:
    """Counts the runs of users, by ids; threads may share it."""

    datasets: DatasetStore
    runs: Runs
    _guard: Any = field(default_factory=threading.Lock)
    #: The runs counted last, the hashes of the ids in them, in order, and how often each stands there.
    _counted: list[Any] = field(default_factory=list)

    def of(self, users: Sequence[str], before: Run | None = None) -> npt.NDArray[np.int64]:
        """In how many of the latest runs each user stands, (n,); of those before a run where one is given."""
        known, counts = self._table(before)
        if not len(known):
            return np.zeros(len(users), np.int64)
        wanted = _hashes(np.asarray(users, object))
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[at] == wanted, counts[at], 0)

    def _table(self, before: Run | None) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        recent = [run for run in self.runs.recent(MOST_RUNS) if before is None or run.created < before.created]
        ids = tuple(run.id for run in recent)
        with self._guard:
            if not self._counted or self._counted[0] != ids:
                self._counted[:] = [ids, *self._count(recent)]
            return self._counted[1], self._counted[2]

    def _count(self, recent: Sequence[Run]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        by_dataset = {dataset: self._of_dataset(dataset) for dataset in {run.dataset for run in recent}}
        parts = [by_dataset[run.dataset] for run in recent]
        return np.unique(np.concatenate([np.zeros(0, np.uint64), *parts]), return_counts=True)

    def _of_dataset(self, dataset: str) -> npt.NDArray[np.uint64]:
        try:
            column = self.datasets.find(dataset).id_column
            ids = self.datasets.frame(dataset, [column])[column].to_numpy(object)
        except UnknownItemError:  # a run has outlived its users
            return np.zeros(0, np.uint64)
        return np.unique(_hashes(ids))


def _hashes(ids: npt.NDArray[np.object_]) -> npt.NDArray[np.uint64]:
    return pd.util.hash_array(ids, categorize=False)
