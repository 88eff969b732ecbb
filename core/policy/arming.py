"""Automation that is earned: whether `auto_remove` may act, on what proof, and when that is lost again.

Verdicts are of users of the band `auto_remove`, under one policy and one model version: blind, drawn from the whole
band, and all of them, from the activation on. `standing` reads them in order, with what leads did, and says how things
stand; `require` says why somebody may not arm now. Nothing here is stored, or looks at a clock.

The first sequence of verdicts begins with the activation. When its bound has passed the target, a lead may arm. From
then on the change rule counts; where it sees a fall, the proof is void, and the next sequence begins after it, with the
next part of the error. A lead who disarms keeps the sequence, but to arm again it has to pass with the next part too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from core.errors import BadOptionError, RefusedError
from core.policy.proof import change, sequence
from core.policy.proof.audit import LEAST_A_DAY
from core.policy.proof.terms import Terms
from core.wording import count, percent

Floats = npt.NDArray[np.float64]
Stage = Literal["not_proven", "may_be_armed", "armed", "disarmed"]
#: The lightest weight of a verdict, of the heaviest.
LIGHTEST: Final = 1 / 3
_NEARLY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer said of a user of the band, or an overturned appeal.

    `weight`: how many users it stands for, relative to the most that one of the same draw stands for: from a third to
    1. A removed user whose appeal was upheld (`appeal`) was drawn by nobody and stands for one, so that the weight is
    the inverse of that most; such a verdict only lowers the bound.
    """

    spammer: bool
    weight: float
    at: datetime
    appeal: bool = False

    def __post_init__(self) -> None:
        if not (0 if self.appeal else LIGHTEST - _NEARLY) < self.weight <= 1:
            raise BadOptionError("weight", f"must lie between a third and 1, not {self.weight}.")
        if self.appeal and self.spammer:
            raise BadOptionError("appeal", "only one that was overturned counts.")


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The verdicts of one policy and model version since the activation, in the order of their times."""

    verdicts: tuple[Verdict, ...]

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Evidence:
        return cls(tuple(sorted(verdicts, key=lambda verdict: verdict.at)))

    @property
    def spammer(self) -> Floats:
        return np.array([verdict.spammer for verdict in self.verdicts], float)

    @property
    def weight(self) -> Floats:
        return np.array([verdict.weight for verdict in self.verdicts], float)


@dataclass(frozen=True, slots=True)
class Act:
    """What a lead did: armed, or disarmed."""

    kind: Literal["arm", "disarm"]
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Arming:
    """How automation stands.

    `stage` since when (None before anything has happened) and `by` whom: the lead who armed or disarmed, None where it
    was the change rule. `proven`: whether a lead may arm, if it is not armed. Of the sequence of now: `attempt`, the
    arming it is for, from 1; `error`, its part of what may go wrong; `verdicts`, how many it has; `bound`, what it
    proves the precision to lie above; `change`, the sum of the change rule, which disarms at `change.LIMIT`.
    """

    terms: Terms
    stage: Stage
    since: datetime | None
    by: str | None
    proven: bool
    attempt: int
    verdicts: int
    bound: float
    change: float

    @property
    def armed(self) -> bool:
        return self.stage == "armed"

    @property
    def error(self) -> float:
        return self.terms.error(self.attempt)

    @property
    def shown(self) -> str:
        """What verdicts prove, as a part of a sentence."""
        verdicts = count(self.verdicts, "blind verdict")
        if not self.bound:
            return f"{verdicts} so far, which {'proves' if self.verdicts == 1 else 'prove'} nothing yet"
        return f"{verdicts} so far, by which precision lies above {percent(self.bound)}"

    @property
    def sentence(self) -> str:
        """How things stand, for a person."""
        target, day = percent(self.terms.target), f"{self.since:%Y-%m-%d %H:%M}" if self.since else ""
        shown = f"{self.shown}; the target is {target}"
        if self.stage == "armed":
            return f"Armed by {self.by} since {day}: {shown}."
        if self.stage == "may_be_armed":
            return f"A lead may arm since {day}: {shown}."
        again = " A lead may arm again." if self.proven else ""
        if self.stage == "disarmed" and self.by is None:
            return f"Disarmed since {day}, as verdicts show that precision fell below {target}: {shown}.{again}"
        if self.stage == "disarmed":
            return f"Disarmed by {self.by} since {day}: {shown}.{again}"
        return f"Not armed: {shown}."


def standing(evidence: Evidence, terms: Terms, acts: Sequence[Act] = (), attempt: int = 1) -> Arming:
    """How automation stands after these verdicts and acts. Acts that were not possible when they came do nothing.

    attempt: that of the first arming; later than the first where earlier ones were spent on what does not stand now.
    """
    now = Arming(terms, "not_proven", None, None, proven=False, attempt=attempt, verdicts=0, bound=0.0, change=0.0)
    rest, acts = evidence.verdicts, sorted(acts, key=lambda act: act.at)
    while True:
        now, used = _sequence(Evidence(rest), acts, now)
        if used is None:
            return now
        rest, acts = rest[used:], [act for act in acts if act.at > rest[used - 1].at]


def _sequence(evidence: Evidence, acts: Sequence[Act], before: Arming) -> tuple[Arming, int | None]:
    """How things stand after a sequence, and how many verdicts it had when a fall ended it, None while it goes on."""
    terms, verdicts = before.terms, evidence.verdicts
    capital = np.maximum.accumulate(sequence.log_capital(evidence.spammer, evidence.weight, terms.share))
    first = _passed(capital, before.error)
    if first is None:
        return _told(evidence, before), None
    sums = change.sums(evidence.spammer[first + 1 :], evidence.weight[first + 1 :], terms.rule)
    fallen = np.flatnonzero(sums >= terms.rule.limit)
    end = verdicts[first + 1 + int(fallen[0])].at if len(fallen) else None
    now = before
    if before.stage == "not_proven":
        now = replace(now, stage="may_be_armed", since=verdicts[first].at)
    now = replace(now, proven=True)
    for act in acts:
        if act.at >= verdicts[first].at and (end is None or act.at < end):
            until = sum(verdict.at <= act.at for verdict in verdicts)
            now = _acted(now, act, float(capital[until - 1]))
    if end is not None:
        return _fallen(now, end), first + 2 + int(fallen[0])
    still = now.armed or capital[-1] >= -math.log(now.error)
    return replace(_told(evidence, now), proven=bool(still), change=float(sums[-1]) if len(sums) else 0.0), None


def _passed(capital: Floats, error: float) -> int | None:
    reached = np.flatnonzero(capital >= -math.log(error))
    return int(reached[0]) if len(reached) else None


def _acted(now: Arming, act: Act, capital: float) -> Arming:
    if act.kind == "arm" and not now.armed and capital >= -math.log(now.error):
        return replace(now, stage="armed", since=act.at, by=act.by)
    if act.kind == "disarm" and now.armed:
        return replace(now, stage="disarmed", since=act.at, by=act.by, attempt=now.attempt + 1)
    return now


def _fallen(now: Arming, at: datetime) -> Arming:
    """After the change rule saw a fall: nothing is proven, and whoever was armed is not any more."""
    next_one = replace(now, proven=False, attempt=now.attempt + 1)
    if now.armed:
        return replace(next_one, stage="disarmed", since=at, by=None)
    return next_one if now.stage == "disarmed" else replace(next_one, stage="not_proven", since=None)


def _told(evidence: Evidence, now: Arming) -> Arming:
    seen = sequence.lower_bound(evidence.spammer, evidence.weight, now.error)
    return replace(now, verdicts=len(evidence.verdicts), bound=now.terms.reviewer.true(seen))


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What the verdicts of the sequence of now have shown one after another, (n,): the `share` of them that says
    spammer, and the `bound` that precision was proven to lie above. `more`: about how many more of the same would prove
    the target, None where they would not.
    """

    share: Floats
    bound: Floats
    more: int | None


def course(evidence: Evidence, now: Arming) -> Course:
    """How the proof went so far; `now` is `standing` of this evidence."""
    first = len(evidence.verdicts) - now.verdicts
    spammer, weight, terms = evidence.spammer[first:], evidence.weight[first:], now.terms
    seen = np.cumsum(weight * spammer) / np.cumsum(weight)
    bound = sequence.lower_bounds(spammer, weight, now.error)
    true = np.vectorize(terms.reviewer.true, otypes=[float])(bound) if len(bound) else bound
    true[-1:] = now.bound
    return Course(seen, true, sequence.more(spammer, weight, terms.share, now.error))


def require(now: Arming, verdicts_per_day: float) -> None:
    """Whether a lead may arm now, with so many audited verdicts a day. Raises RefusedError that says why not."""
    if now.armed:
        raise RefusedError(f"Automation is armed already, by {now.by}.")
    if verdicts_per_day < LEAST_A_DAY:
        raise RefusedError(
            f"Of removed users {verdicts_per_day:.3g} a day would be audited. With fewer than {LEAST_A_DAY} a fall of "
            "precision would be seen too late: raise the audit rate, or let automation remove more users."
        )
    if not now.proven:
        raise RefusedError(
            f"It is not proven that precision lies above {percent(now.terms.target)}: {now.shown}. "
            "Have more users of the band judged blind."
        )
