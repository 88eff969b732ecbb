"""The audit of automatic removal: a sample of all whom the score puts into the band, drawn before anything else is.

What may be removed by automation is proven on blind verdicts, and these must speak for the whole band. So each user is
drawn once, by the first plan that sees the user there and before anybody is made certain: with the same probability as
all others whom the plan sees first, by a permanent random number of its own, which depends neither on the score nor on
the draws of other plans. Users whom a list or a rule removes are not in the band that the score makes, and those whom a
person has judged on the same values are not removed by automation: neither is drawn.

Who is drawn is reviewed for certain, whatever else the plan says, as somebody who was sent by hand: the draw does not
depend on those of the plan, so that for its estimates they are known, and its own sample speaks for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.planning import sampling
from core.planning.sampling import Bools, Floats
from core.scoring.runs import Run

#: At most this part of the users drawn at random is drawn for the audit: the others speak for all other bands.
MOST: Final = 0.5
_BAND: Final = "auto_remove"


@dataclass(frozen=True, slots=True, eq=False)
class Audits:
    """Of the users of a pool, (n,) each: who is `new` in the band that the score makes, the permanent random `number`,
    and the inclusion so far, `before`, 0 for who was never in it.
    """

    new: Bools
    number: Floats
    before: Floats

    @classmethod
    def none(cls, n: int) -> Audits:
        """Of so many users of whom none is in the band."""
        return cls(np.zeros(n, bool), np.ones(n), np.zeros(n))

    def __getitem__(self, some: Bools | slice) -> Audits:
        """Of some of the users alone."""
        return Audits(self.new[some], self.number[some], self.before[some])

    def drawn(self, expected: float) -> tuple[Bools, Floats]:
        """Who is drawn where so many are expected to be, (n,), and the inclusion of all from now on, (n,)."""
        new = int(self.new.sum())
        rate = min(expected / new, 1.0) if new else 0.0
        return self.new & (self.number < rate), np.where(self.new, rate, self.before)


def draws(users: Sequence[str], salt: bytes, model: str, policy: str) -> Floats:
    """The permanent random numbers of users for the band of a model and policy version, (k,): others for each."""
    return sampling.draws([f"{policy} {model}\0{user}" for user in users], salt, b"removal audit")


def removed_a_day(runs: Sequence[Run]) -> float:
    """Users whom the policy of these runs puts into the band, on a day. runs: of one model and policy."""
    if not runs:
        return 0.0
    made = [run.created for run in runs]
    return sum(run.counts[_BAND] for run in runs) / ((max(made) - min(made)).days + 1)


def a_day(asked: float, random_a_day: float) -> float:
    """How many users are audited on a day, where so many are to be: as many as the random share lets."""
    return min(asked, MOST * random_a_day)


def expected(new: int, audits_a_day: float, removed: float) -> float:
    """How many of the users who are new in the band are to be drawn, where so many are in it on a usual day."""
    return min(audits_a_day * new / max(removed, new), new) if new else 0.0
