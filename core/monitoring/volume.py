"""How much is scored and judged, and how long users wait: run by run and day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, func, select

from core.policy.bands import BANDS
from core.policy.snoozing import snoozed
from core.review.guidance import GuidanceStore
from core.scoring.runs import Run, Runs
from core.store.database import Database
from core.store.tables import OPEN, cases

#: The shares of users below the scores that tell how scores are spread; most users score low.
LEVELS: Final = (0.5, 0.9, 0.95, 0.99)


#: Whole days of work from which a pace is told.
LEAST_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Queue:
    """`open` cases, of them `late` ones, but for those of snoozed users; hours the first and the middle one waited,
    NaN while nobody waits.

    `days`: for each of the last days (UTC), oldest first, `day`, users `queued` and users `judged`.
    """

    open: int
    late: int
    service_hours: float
    oldest_hours: float
    median_hours: float
    days: pd.DataFrame

    @property
    def judged_a_day(self) -> float | None:
        """Users judged a day, over the whole days since the first with any work; None while there are too few."""
        begun = self.days.loc[(self.days[["queued", "judged"]] > 0).any(axis=1).cummax(), "judged"].iloc[:-1]
        return float(begun.mean()) if len(begun) >= LEAST_DAYS else None


def runs_frame(found: Sequence[Run]) -> pd.DataFrame:
    """A row for each run, oldest first: run, when, name, model, users, rejected, and the share of each band."""
    columns = ["run", "when", "name", "model", "users", "rejected", *BANDS]
    rows = [
        [each.id, each.created, each.name, each.model, each.users, each.rejected, *_shares(each)]
        for each in sorted(found, key=lambda each: (each.created, len(each.id), each.id))
    ]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """How much a home scores, and how long its queue is."""

    database: Database
    guidance: GuidanceStore
    runs: Runs

    def quantiles(self, run: Run) -> tuple[float, ...]:
        """The scores that `LEVELS` of the users of a run lie below; NaN for a run without users."""
        score = self.runs.scores(run.id)["probability"].to_numpy(np.float64)
        return tuple(np.quantile(score, LEVELS).tolist()) if len(score) else (float("nan"),) * len(LEVELS)

    def queue(self, *, now: datetime, days: int = 14) -> Queue:
        """The queue as it is now, and what came in and was judged on each of the last days."""
        hours = self.guidance.load().service_hours
        first = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        with self.database.connect() as connection:
            since = connection.execute(select(cases.c.queued).where(OPEN, ~snoozed(now))).scalars().all()
            queued, judged = (
                {row[0]: row[1] for row in connection.execute(_by_day(column, first))}
                for column in (cases.c.queued, cases.c.judged_at)
            )
        waited = np.array([(now - at).total_seconds() / 3600 for at in since])
        names = [(first + timedelta(days=each)).date().isoformat() for each in range(days)]
        frame = pd.DataFrame(
            {"day": pd.to_datetime(names), "queued": [queued.get(name, 0) for name in names],
             "judged": [judged.get(name, 0) for name in names]}
        )  # fmt: skip
        oldest, median = (float(waited.max()), float(np.median(waited))) if len(waited) else (float("nan"),) * 2
        return Queue(len(waited), int((waited >= hours).sum()), hours, oldest, median, frame)


def _by_day(column: ColumnElement[Any], first: datetime) -> Any:
    # Times are stored as text in UTC, whose first ten characters are the day.
    day = func.substr(column, 1, 10, type_=cases.c.user.type)
    return select(day, func.count()).where(column >= first).group_by(day)


def _shares(run: Run) -> list[float]:
    return [run.counts[band] / run.users if run.users else float("nan") for band in BANDS]
