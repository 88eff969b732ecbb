"""What a lead wants of thresholds: the work that can be done, what mistakes cost, and what may not be gone below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from core.errors import BadOptionError
from core.policy.thresholds.aims import USUAL, Aims

_HOURS: Final = 60  # minutes


@dataclass(frozen=True, slots=True)
class Demand:
    """A demand on a plan, valid from birth; raises BadOptionError that names the field.

    `users_per_day`: users expected; `reviews_per_day`: cases that people can see, None for any number; `days`: the
    period that predictions are for. Costs are in any one unit: `cost_removal` of a legitimate user who is removed by
    automation, `cost_review` of a case that a person sees, `cost_miss` of a spammer at or below `review`; by default as
    a new home has them. `min_recall`: share of spammers above `review`; `min_precision`: share of spammers among users
    above `remove`; None for no floor. `prevalence`: the share of spammers to expect, None for that of the sample.
    `armed`: whether automation removes. `monitor`: the threshold in force, which a plan keeps.
    """

    users_per_day: float
    reviews_per_day: float | None = None
    days: int = 1
    cost_removal: float = USUAL.cost_removal
    cost_review: float = USUAL.cost_review
    cost_miss: float = USUAL.cost_miss
    min_recall: float | None = None
    min_precision: float | None = None
    prevalence: float | None = None
    armed: bool = False
    monitor: float = 0.3

    def __post_init__(self) -> None:
        _check("users_per_day", self.users_per_day, above=0)
        if self.reviews_per_day is not None:
            _check("reviews_per_day", self.reviews_per_day)
        if isinstance(self.days, bool) or not isinstance(self.days, int) or not 1 <= self.days <= 3_660:
            raise BadOptionError("days", f"must be a whole number from 1 to 3,660, not {self.days}.")
        for name in ("cost_removal", "cost_review", "cost_miss"):
            _check(name, getattr(self, name))
        for name in ("min_recall", "min_precision"):
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), most=1)
        for name in ("prevalence", "monitor"):
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), above=0, below=1)

    @property
    def users(self) -> int:
        """Users of the period."""
        return max(round(self.users_per_day * self.days), 1)

    @property
    def period(self) -> float:
        """The days in which so many users come: `days`, but for what rounding makes of them."""
        return self.users / self.users_per_day

    def aims(self, before: Aims) -> Aims:
        """What a policy with the thresholds of a plan is made for; the share drawn at random is as before.

        Raises BadOptionError.
        """
        reviews = None if self.reviews_per_day is None else math.ceil(self.reviews_per_day)
        return Aims(
            reviews, before.random_share, self.cost_removal, self.cost_review, self.cost_miss, self.min_recall,
            self.min_precision,
        )  # fmt: skip


def reviews_per_day(hours: float, minutes_a_review: float) -> float:
    """The cases that people can see in so many hours a day. Raises BadOptionError.

    >>> reviews_per_day(10, 3)
    200.0
    """
    _check("hours", hours)
    _check("minutes_a_review", minutes_a_review, above=0)
    return hours * _HOURS / minutes_a_review


def _check(
    name: str, value: float, *, above: float | None = None, most: float = math.inf, below: float = math.inf
) -> None:
    """At least 0 unless `above` is given; never NaN, never infinite, never a truth value."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if number and (value >= 0 if above is None else value > above) and value <= most and value < below:
        return
    ends = ["at least 0" if above is None else f"above {above:g}"]
    ends += [f"at most {most:g}"] * math.isfinite(most) + [f"below {below:g}"] * math.isfinite(below)
    raise BadOptionError(name, f"must be a number {' and '.join(ends)}, not {value}.")
