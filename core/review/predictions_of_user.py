"""Where one user was scored: in which runs, by what, and how high."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.errors import UnknownItemError
from core.policy.bands import BANDS, Band
from core.policy.decide import acted
from core.ports import DatasetStore
from core.scoring import runs
from core.scoring.online_runs import OnlineRuns, decided_severity
from core.scoring.runs import Run, Runs

#: Runs that are searched, newest first: the id column of a file of half a million users takes about 10 ms to read.
MOST_RUNS: Final = 50


#: Predictions of runs that still grow, all of them.
EVERY: Final = 2**31 - 1
#: A run by its number, and a row of it.
Place = tuple[int, int]
NEWEST: Final[Place] = (10**18, 0)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One prediction: the user stood in input row `row` of `run` and got `probability` and `band`, which came from
    `decided_by`. `grows`: a run of the API that is not closed yet, whose users are on no page."""

    run: Run
    row: int
    probability: float
    band: Band
    decided_by: str
    grows: bool = False

    @property
    def action(self) -> Band:
        """What was done: the band, but human review for auto-remove where that was not armed."""
        return BANDS[int(acted(np.array([BANDS.index(self.band)], np.int8), armed=self.run.policy.armed)[0])]

    @property
    def prediction(self) -> str:
        return f"{self.run.id}-{self.row}"

    @property
    def place(self) -> Place:
        """In the order of all predictions: later ones have a greater one."""
        return runs.number_of(self.run.id), self.row


@dataclass(frozen=True, slots=True, eq=False)
class PredictionsOfUser:
    """What was ever predicted of a user."""

    datasets: DatasetStore
    online_runs: OnlineRuns
    runs: Runs

    def of_user(self, user: str, most: int = MOST_RUNS) -> tuple[Sighting, ...]:
        """Predictions on the user with exactly this id in the latest runs, newest first."""
        return _in_order((*self._growing(user, most), *self._closed(user, self.runs.recent(most))))

    def page(self, user: str, most: int, before: Place = NEWEST) -> tuple[tuple[Sighting, ...], Place | None]:
        """The latest predictions before a place, newest first, and the place to go on before; None after the last.

        MOST_RUNS runs are searched for a page, so that it may hold few or none, and others follow.
        """
        searched = self.runs.recent(MOST_RUNS, before=before[0] + 1)
        end = (runs.number_of(searched[-1].id), 0) if len(searched) == MOST_RUNS else None
        there = _in_order((*self._growing(user, EVERY), *self._closed(user, searched)))
        ours = [each for each in there if (end or (0, 0)) < each.place < before]
        if len(ours) > most:
            return tuple(ours[:most]), ours[most - 1].place
        return tuple(ours), end

    def _growing(self, user: str, most: int) -> Iterator[Sighting]:
        for run, rows in self.online_runs.of_user(user, most).items():
            found = self.runs.find(run)
            for row, told in rows.items():
                severity = decided_severity(found.policy, told.probability, told.severity)
                yield Sighting(found, row, told.probability, BANDS[severity], told.decided_by, grows=True)

    def _closed(self, user: str, searched: Iterable[Run]) -> Iterator[Sighting]:
        known: dict[str, tuple[int, ...]] = {}  # a file is often scored more than once
        for run in searched:
            if run.dataset not in known:
                known[run.dataset] = self._rows(run.dataset, user)
            if rows := known[run.dataset]:
                scores = self.runs.some_scores(run.id, rows)
                columns = (scores[name].tolist() for name in ("probability", "severity", "decided_by"))
                for row, score, severity, by in zip(rows, *columns, strict=True):
                    yield Sighting(run, row, score, BANDS[severity], by)

    def _rows(self, dataset: str, user: str) -> tuple[int, ...]:
        """None where a run has outlived its users."""
        try:
            return self.datasets.rows_of(dataset, user)
        except UnknownItemError:
            return ()


def _in_order(found: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """The latest first, each once: while a run of the API is being closed its users stand in both places."""
    by_prediction = {each.prediction: each for each in found}
    return tuple(sorted(by_prediction.values(), key=lambda each: each.place, reverse=True))
