"""Where one user was scored: in which runs, by what, and how high."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import UnknownItemError
from core.policy.decide import decide
from core.policy.policy import BANDS, Band
from core.ports import DatasetStore
from core.scoring import runs
from core.scoring.online_runs import OnlineRuns
from core.scoring.runs import Run, Runs

#: Runs that are searched, newest first: the id column of a file of half a million users takes about 10 ms to read.
MOST_RUNS: Final = 50


@dataclass(frozen=True, slots=True)
class Sighting:
    """One prediction: the user stood in input row `row` of `run` and got `probability`. `grows`: a run of the API that
    is not closed yet, whose users are on no page."""

    run: Run
    row: int
    probability: float
    grows: bool = False

    @property
    def prediction(self) -> str:
        return f"{self.run.id}-{self.row}"

    @property
    def band(self) -> Band:
        """What the policy of the run says."""
        return BANDS[int(decide(self.run.policy, [self.probability]).severity[0])]


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
            yield from (Sighting(found, row, probability, grows=True) for row, probability in rows.items())

    def _closed(self, user: str, most: int) -> Iterator[Sighting]:
        known: dict[str, tuple[int, ...]] = {}  # a file is often scored more than once
        for run in self.runs.recent(most):
            if run.dataset not in known:
                known[run.dataset] = self._rows(run.dataset, user)
            if rows := known[run.dataset]:
                scores = self.runs.probabilities(run.id, rows)
                yield from (Sighting(run, row, score) for row, score in zip(rows, scores, strict=True))

    def _rows(self, dataset: str, user: str) -> tuple[int, ...]:
        """None where a run has outlived its users."""
        try:
            return self.datasets.rows_of(dataset, user)
        except UnknownItemError:
            return ()
