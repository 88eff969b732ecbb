"""How many removed users are to be audited, told as what it means: days until a fall is seen, and wrong removals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from core.errors import BadOptionError
from core.policy.proof.change import run_length
from core.policy.proof.terms import Terms

#: Audited verdicts a day without which a fall would be seen too late, and automation may not be armed.
LEAST_A_DAY: Final = 10
#: The default audit disarms so many of 100 falls within so many days.
SURE: Final = 0.95
WITHIN_DAYS: Final = 7
#: The fall that is meant, below the target: from .90 to .70.
FALL: Final = 0.2


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an audit of `verdicts_per_day` among `removed_per_day` users comes to, if precision falls to `fallen`.

    `inclusion`: the share of removed users who are audited; `days`: until it is disarmed, on average; `days_mostly`:
    in 95 of 100 cases at most; `wrong_removals`: legitimate users removed until then, on average.
    """

    removed_per_day: float
    verdicts_per_day: float
    fallen: float
    days: float
    days_mostly: float
    wrong_removals: float

    @property
    def inclusion(self) -> float:
        return min(self.verdicts_per_day / self.removed_per_day, 1.0) if self.removed_per_day else 1.0


def outlook(terms: Terms, removed_per_day: float, verdicts_per_day: float, fallen: float | None = None) -> Outlook:
    """Days to disarm and wrong removals until then. `fallen`: None for FALL below the target. Raises BadOptionError."""
    fallen = max(terms.target - FALL, 0.0) if fallen is None else fallen
    if not (0 < verdicts_per_day < math.inf and 0 <= removed_per_day < math.inf):
        raise BadOptionError("verdicts_per_day", f"must be a number above 0, not {verdicts_per_day}.")
    if not 0 <= fallen < terms.target:
        raise BadOptionError("fallen", f"must lie below the target of {terms.target:g}, not {fallen}.")
    length = run_length(terms.rule, terms.reviewer.seen(fallen))
    days = length.mean / verdicts_per_day
    return Outlook(
        removed_per_day, verdicts_per_day, fallen, days, length.within(SURE) / verdicts_per_day,
        days * removed_per_day * (1 - fallen),
    )  # fmt: skip


def default_rate(terms: Terms, removed_per_day: float) -> float:
    """Verdicts a day that disarm a fall within WITHIN_DAYS in 95 of 100 cases; at least LEAST_A_DAY, at most of all."""
    length = run_length(terms.rule, terms.reviewer.seen(max(terms.target - FALL, 0.0)))
    return min(float(max(math.ceil(length.within(SURE) / WITHIN_DAYS), LEAST_A_DAY)), removed_per_day)
