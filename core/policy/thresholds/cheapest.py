"""The cheapest pair of cuts, exactly: every pair of `review` and `remove` is weighed, in m log m steps instead of m^2.

With F the users above a cut, L the legitimate and S the spammers among them, and T all spammers, a day costs

    armed:    removal L(remove) + review (F(review) - F(remove)) + miss (T - S(review))
    unarmed:  review F(review) + miss (T - S(review))

Each is a part of `review` plus a part of `remove`, so for each `review` the least of the other part is needed among the
cuts that capacity and the floor for precision leave: the minimum of a window whose two ends only rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.policy.thresholds.demand import Demand

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Costs, and users against a limit, that differ by less than this part of all there is are equal: sums of floats do not
#: come out the same in every order, and ties are to be seen.
EQUAL: Final = 1e-12
_TINY: Final = 1e-300  # a made-up sample may be of nobody


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Users above each of m rising cuts, in r samples: `spam` and `legitimate` (r, m), falling along the cuts.

    `spammers`, `users`: all there are of each sample, (r,).
    """

    spam: Floats
    legitimate: Floats
    spammers: Floats
    users: Floats

    @property
    def flagged(self) -> Floats:
        return self.spam + self.legitimate


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The cheapest cuts of each of r samples, (r,): positions of `review` and `remove`; `met`: whether floors hold."""

    review: Ints
    remove: Ints
    met: Bools


def cheapest(curves: Curves, demand: Demand, capacity: Floats) -> Pairs:
    """The cheapest pair of cuts of each sample; `capacity` (r,) is of the users of the sample, inf for no limit.

    Of pairs that cost the same the one of the highest `review`, and of these the one of the highest `remove`. Where no
    pair meets floors and capacity it is the nearest: the highest precision there is, the highest recall within
    capacity, or else the least work.
    """
    allowed, precise = _precise(curves, demand.min_precision)
    worth = np.where(allowed, _of_remove(curves, demand), np.inf)
    last = _last(curves, demand, capacity)
    scale = EQUAL * _scale(curves, demand)[:, None]
    within = _window_least(worth, last)
    total = _of_review(curves, demand) + within
    if not demand.armed:
        total = np.where(curves.flagged <= _limit(curves, capacity)[:, None], total, np.inf)
    reach, recalled = _reach(curves, demand.min_recall, np.isfinite(total))
    at = np.arange(total.shape[1])
    total = np.where(at <= reach[:, None], total, np.inf)
    possible = np.isfinite(total).any(axis=1)
    review = _highest(total <= total.min(axis=1, keepdims=True) + scale)
    row = np.arange(len(review))
    inside = (at >= review[:, None]) & (at <= last[row, review][:, None])
    remove = _highest(inside & (worth <= within[row, review][:, None] + scale))
    top = total.shape[1] - 1
    return Pairs(np.where(possible, review, top), np.where(possible, remove, top), possible & precise & recalled)


def least_flagged(curves: Curves, demand: Demand) -> float | None:
    """The fewest users, of the first sample, whom people see where floors hold; None where none of its pairs does."""
    allowed, precise = _precise(curves, demand.min_precision)
    enough = np.ones(curves.spam.shape[1], bool)
    if demand.min_recall is not None:
        enough = curves.spam[0] >= demand.min_recall * curves.spammers[0] - EQUAL * curves.users[0]
    cuts, flagged = len(enough), curves.flagged[0]
    # For each `review` the lowest `remove` that the floor for precision leaves, `cuts` where it leaves none.
    remove = np.minimum.accumulate(np.where(allowed[0], np.arange(cuts), cuts)[::-1])[::-1]
    possible = enough & (remove < cuts)
    if not (precise[0] and possible.any()):
        return None
    removed = flagged[np.minimum(remove, cuts - 1)] if demand.armed else np.zeros(cuts)
    return float((flagged - removed)[possible].min())


def _of_remove(curves: Curves, demand: Demand) -> Floats:
    """What a day costs by where `remove` is, (r, m)."""
    if not demand.armed:
        return np.zeros_like(curves.spam)
    return demand.cost_removal * curves.legitimate - demand.cost_review * curves.flagged


def _of_review(curves: Curves, demand: Demand) -> Floats:
    """What a day costs by where `review` is, (r, m)."""
    return demand.cost_review * curves.flagged + demand.cost_miss * (curves.spammers[:, None] - curves.spam)


def _scale(curves: Curves, demand: Demand) -> Floats:
    """About the largest sum that occurs, (r,)."""
    return curves.users * (demand.cost_removal + 2 * demand.cost_review + demand.cost_miss)


def _precise(curves: Curves, floor: float | None) -> tuple[Bools, Bools]:
    """Cuts above which precision is no less than the floor, (r, m), nobody above being no harm; whether any is, (r,).

    Where none is, the cut of the highest precision.
    """
    if floor is None:
        return np.ones(curves.spam.shape, bool), np.ones(len(curves.spam), bool)
    flagged = curves.flagged
    allowed: Bools = curves.spam >= floor * flagged - EQUAL * curves.users[:, None]
    some: Bools = np.asarray(allowed.any(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = curves.spam / flagged
    best = precision >= np.nanmax(np.where(flagged > 0, precision, -1), axis=1, keepdims=True)
    return np.where(some[:, None], allowed, best), some


def _limit(curves: Curves, capacity: Floats) -> Floats:
    return capacity + EQUAL * curves.users


def _last(curves: Curves, demand: Demand, capacity: Floats) -> Ints:
    """The highest `remove` for each `review`, (r, m): between the two there are no more users than capacity."""
    rows, cuts = curves.spam.shape
    if not demand.armed or not np.isfinite(capacity).any():
        return np.full((rows, cuts), cuts - 1)
    # One search for all samples: each one's shares lie between two whole numbers.
    users = np.maximum(curves.users, _TINY)
    below = 1 - curves.flagged / users[:, None]
    row = np.arange(rows)[:, None]
    sought = np.minimum(below + (_limit(curves, capacity) / users)[:, None], 1)
    ends = np.searchsorted((row + below).ravel(), (row + sought).ravel(), side="right").reshape(rows, cuts)
    return np.asarray(np.clip(ends - row * cuts - 1, np.arange(cuts), cuts - 1))


def _window_least(value: Floats, last: Ints) -> Floats:
    """The least of value[at] to value[last[at]] for each position, (r, m).

    Minima of stretches of 1, 2, 4 ... positions; each window is two of them, which may overlap.
    """
    rows, cuts = value.shape
    at = np.broadcast_to(np.arange(cuts), (rows, cuts))
    level = np.log2(last - at + 1 + 0.5).astype(np.int64)  # the half keeps log2(8) from being 2.999...
    least = np.full((rows, cuts), np.inf)
    stretch = value.copy()
    for power in range(int(level.max()) + 1):
        row, col = np.nonzero(level == power)
        least[row, col] = np.minimum(stretch[row, col], stretch[row, last[row, col] - 2**power + 1])
        step = 2**power
        if step < cuts:
            stretch[:, :-step] = np.minimum(stretch[:, :-step], stretch[:, step:])
    return least


def _reach(curves: Curves, floor: float | None, possible: Bools) -> tuple[Ints, Bools]:
    """The highest `review` that finds enough spammers, (r,), and whether capacity lets as many be found, (r,)."""
    top = curves.spam.shape[1] - 1
    if floor is None:
        return np.full(len(curves.spam), top), np.ones(len(curves.spam), bool)
    most = np.max(np.where(possible, curves.spam, -1), axis=1)
    wanted = floor * curves.spammers
    slack = EQUAL * curves.users
    held = most >= wanted - slack
    enough = curves.spam >= (np.minimum(most, wanted) - slack)[:, None]
    return _highest(enough), held


def _highest(true: Bools) -> Ints:
    """The highest position at which each row (r, m) is true, the top where it nowhere is."""
    return np.asarray(true.shape[1] - 1 - np.argmax(true[:, ::-1], axis=1))
