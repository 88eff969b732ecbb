"""Where one user was scored: in which runs, by what, and how high."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import UnknownItemError
from core.policy.bands import BANDS, Band
from core.ports import DatasetStore
from core.scoring import runs
from core.scoring.online_runs import OnlineRuns, decided_severity
from core.scoring.runs import Run, Runs

#: Runs that are searched, newest first: the id column of a file of half a million users takes about 10 ms to read.
MOST_RUNS: Final = 50


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
    def prediction(self) -> str:
        return f"{self.run.id}-{self.row}"


@dataclass(frozen=True, slots=True, eq=False)
class PredictionsOfUser:
    """What was ever predicted of a user."""

    datasets: DatasetStore
    online_runs: OnlineRuns
    runs: Runs

    def of_user(self, user: str, most: int = MOST_RUNS) -> tuple[Sighting, ...]:
        """Predictions on the user with exactly this id in the latest runs, newest first."""
        # By prediction: while a run of the API is being closed its users stand in both places.
        found = {each.prediction: each for each in (*self._growing(user, most), *self._closed(user, most))}
        return tuple(sorted(found.values(), key=lambda each: (runs.number_of(each.run.id), each.row), reverse=True))

    def _growing(self, user: str, most: int) -> Iterator[Sighting]:
        for run, rows in self.online_runs.of_user(user, most).items():
            found = self.runs.find(run)
            for row, told in rows.items():
                severity = decided_severity(found.policy, told.probability, told.severity)
                yield Sighting(found, row, told.probability, BANDS[severity], told.decided_by, grows=True)

    def _closed(self, user: str, most: int) -> Iterator[Sighting]:
        known: dict[str, tuple[int, ...]] = {}  # a file is often scored more than once
        for run in self.runs.recent(most):
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
