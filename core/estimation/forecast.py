"""What a plan will be able to say: how wide the interval of recall gets, and when there is enough for a figure."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from core.estimation.estimate import ENOUGH, Estimate, recall
from core.estimation.sampling_cells import Labels, Users
from core.planning import day
from core.planning.backlog import Backlogs
from core.planning.choosing import Pool, choose
from core.planning.day import Given, Places, Tally
from core.review.guidance import GuidanceStore
from core.wording import count

#: Days that are looked ahead to.
DAYS: Final = (1, 5, 10, 20, 40)
#: Samples drawn for each of them; the width of one differs from that of another by a tenth or so.
_SAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """`widths`: of the 95 % interval of recall after each of `DAYS`; `enough`: days until there is a figure, or None
    where there is none within the last of them.
    """

    widths: tuple[float, ...]
    enough: int | None

    @property
    def sentence(self) -> str:
        """What the verdicts of these days will say, for a person."""
        told = ", ".join(f"{width:.2f}" for width in self.widths[:-1]) + f" and {self.widths[-1]:.2f}"
        days = ", ".join(map(str, DAYS[:-1])) + f" and {DAYS[-1]}"
        since = f"after about {count(self.enough, 'day')}" if self.enough else f"only after more than {DAYS[-1]} days"
        return (
            f"If all are judged and the scores are right, the interval of recall is {told} wide after {days} days; "
            f"there are verdicts enough for a figure {since}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Looks ahead from the backlog of a home."""

    backlogs: Backlogs
    guidance: GuidanceStore

    def ahead(self) -> Forecast | None:
        """From today on; None where nobody could be drawn, or a day has no places."""
        users = _drawable(self.backlogs.read().pool)
        a_day = day.places(self.guidance.load(), Tally(0, 0, 0, 0), Given(), unseen=False)
        return forecast(users, a_day) if len(users.score) and a_day.random else None


def forecast(users: Pool, a_day: Places) -> Forecast:
    """By the scores, and by the estimator that figures come from: labels are drawn as the scores say."""
    random = np.random.default_rng(0)
    after = [_recall(users, a_day, days, random) for days in DAYS]
    widths = tuple(float(np.mean([each.high - each.low for each in found])) for found in after)
    events = [found[0].expected_events for found in after]
    if events[-1] < ENOUGH:
        return Forecast(widths, None)
    return Forecast(widths, max(math.ceil(float(np.interp(ENOUGH, [0.0, *events], [0, *DAYS]))), 1))


def _recall(users: Pool, a_day: Places, days: int, random: np.random.Generator) -> list[Estimate]:
    """Recall after so many days, in some samples. Inclusions come to the same by the day and at once."""
    at_once = Places(a_day.certain * days, a_day.uncertain * days, a_day.random * days)
    inclusion = choose(users, at_once).inclusion
    severity = users.severity.astype(np.int64)
    everybody = Users.of(severity, users.score, inclusion)
    found = []
    for _ in range(_SAMPLES):
        drawn = np.flatnonzero(random.random(len(inclusion)) < inclusion)
        label = (random.random(len(drawn)) < users.score[drawn]).astype(np.float64)
        labels = Labels(severity[drawn], inclusion[drawn], label, np.ones(len(drawn), bool))
        found.append(recall(everybody, labels))
    return found


def _drawable(users: Pool) -> Pool:
    return Pool(**{each.name: getattr(users, each.name)[users.drawable] for each in fields(users)})
