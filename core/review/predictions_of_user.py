"""Where one user was scored: in which runs, by what, and how high."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.data import datasets
from core.errors import UnknownItemError
from core.policy.policy import BANDS, Band
from core.scoring import online_runs, runs
from core.scoring.runs import Run
from core.settings import Settings

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
        return BANDS[int(self.run.policy.severity([self.probability])[0])]


def of_user(settings: Settings, user: str, most: int = MOST_RUNS) -> tuple[Sighting, ...]:
    """Predictions on the user with exactly this id in the latest runs, newest first."""
    # By prediction: while a run of the API is being closed its users stand in both places.
    found = {each.prediction: each for each in (*_growing(settings, user, most), *_closed(settings, user, most))}
    return tuple(sorted(found.values(), key=lambda each: (runs.number_of(each.run.id), each.row), reverse=True))


def _growing(settings: Settings, user: str, most: int) -> Iterator[Sighting]:
    for run, rows in online_runs.of_user(settings, user, most).items():
        found = runs.find(settings, run)
        yield from (Sighting(found, row, probability, grows=True) for row, probability in rows.items())


def _closed(settings: Settings, user: str, most: int) -> Iterator[Sighting]:
    known: dict[str, tuple[int, ...]] = {}  # a file is often scored more than once
    for run in runs.recent(settings, most):
        if run.dataset not in known:
            known[run.dataset] = _rows(settings, run.dataset, user)
        if rows := known[run.dataset]:
            scores = runs.probabilities(settings, run.id, rows)
            yield from (Sighting(run, row, score) for row, score in zip(rows, scores, strict=True))


def _rows(settings: Settings, dataset: str, user: str) -> tuple[int, ...]:
    """None where a run has outlived its users."""
    try:
        return datasets.rows_of(settings, dataset, user)
    except UnknownItemError:
        return ()
