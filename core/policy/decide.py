"""What a policy decides: the only way to bands and actions.

Precedence is fixed. Lists come first: entries of user ids before those of context values, and among either `block`
before `allow` before `snooze`. Then the rules that act, from the top; the first that matches is the only one. Then the
score. `decided_by` names what the band comes from: a list or rule that leaves the score's band as it is did not decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from core.policy.bands import BANDS
from core.policy.lists import NO_LISTS, Lists
from core.policy.matching import matched
from core.policy.policy import Policy
from core.policy.rules import Effect
from core.policy.users import Bools, Users

_REVIEW: Final = BANDS.index("human_review")
#: What decides where no list and no rule does.
SCORE: Final = "score"
Severity = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Hits:
    """Of a rule: users for whom its conditions hold, and those of them whose band comes from it."""

    matched: int
    decided: int

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.matched + other.matched, self.decided + other.decided)


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Of scores of any shape (n,): `severity`, positions in BANDS, of the same shape; `armed`: whether removal acts.

    `by`: positions in `deciders` of what decided. hits: of rules that act and of those in shadow, by name.
    """

    severity: Severity
    armed: bool
    by: npt.NDArray[np.int16]
    deciders: tuple[str, ...] = (SCORE,)
    hits: Mapping[str, Hits] = field(default_factory=dict)

    @property
    def bands(self) -> npt.NDArray[np.str_]:
        """What the policy says of each."""
        return np.asarray(BANDS)[self.severity]

    @property
    def actions(self) -> npt.NDArray[np.str_]:
        """What is done with each: as the band says, but a person looks first where removal is not armed."""
        return np.asarray(BANDS)[acted(self.severity, armed=self.armed)]

    @property
    def flagged(self) -> Bools:
        """Whether the band asks for more than to be watched: `human_review` or `auto_remove`."""
        return flagged(self.severity)

    @property
    def decided_by(self) -> npt.NDArray[np.str_]:
        """`score`, `rule:<name>` or `list:<name>` of each."""
        return np.asarray(self.deciders)[self.by]


def acted(severity: Severity, *, armed: bool) -> Severity:
    """What is done where the band is this, as positions in BANDS."""
    return severity if armed else np.minimum(severity, np.int8(_REVIEW))


def flagged(severity: Severity) -> Bools:
    """Whose band is `human_review` or `auto_remove`."""
    return np.asarray(severity >= _REVIEW)


def decide(policy: Policy, probability: npt.ArrayLike) -> Decided:
    """What the score alone decides, of calibrated probabilities of any shape (n,). Raises ValueError for one that is no
    number.

    A search would place what is no number above every threshold.
    """
    given = np.asarray(probability, float)
    if not np.isfinite(given).all():
        raise ValueError("a score that is not finite has no band")
    edges = list(policy.thresholds.values())
    severity = np.searchsorted(edges, given, side="left").astype(np.int8)
    return Decided(severity, policy.armed, np.zeros(np.shape(severity), np.int16))


def decide_users(policy: Policy, users: Users, lists: Lists = NO_LISTS, *, now: datetime) -> Decided:
    """What lists, rules and the score decide of users (n,). Raises ValueError as `decide` does."""
    scored = decide(policy, users.probability)
    acting, shadowed = policy.acting(now), policy.shadowed(now)
    if not (acting or shadowed or lists):
        return scored
    ruling = _Ruling(scored.severity, users)
    for name, effect, band, mask in lists.matches(users):
        ruling.apply(f"list:{name}", effect, BANDS.index(band), mask)
    hits = {}
    for rule in acting:
        mask = matched(rule, users)
        decided = ruling.apply(f"rule:{rule.name}", rule.effect, BANDS.index(rule.band), mask)
        hits[rule.name] = Hits(int(mask.sum()), decided)
    hits |= {rule.name: Hits(int(matched(rule, users).sum()), 0) for rule in shadowed}
    return Decided(ruling.severity, policy.armed, ruling.by, tuple(ruling.deciders), hits)


class _Ruling:
    """Bands while lists and rules are applied one after the other; who was matched is out of the reach of the rest."""

    def __init__(self, severity: Severity, users: Users) -> None:
        self.severity, self.by = severity.copy(), np.zeros(len(users), np.int16)
        self.deciders = [SCORE]
        self._open = np.ones(len(users), bool)

    def apply(self, name: str, effect: Effect, band: int, mask: Bools) -> int:
        """Apply an effect to those matched who are still open; how many bands come from it."""
        ours = mask & self._open
        self._open &= ~mask
        bound = np.int8(band)
        match effect:
            case "exactly":
                changed = ours
            case "at least":
                changed = ours & (self.severity < bound)
            case "at most":
                changed = ours & (self.severity > bound)
        if changed.any():
            self.severity[changed] = bound
            if name not in self.deciders:
                self.deciders.append(name)
            self.by[changed] = self.deciders.index(name)
        return int(changed.sum())
