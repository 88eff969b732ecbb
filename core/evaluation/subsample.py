"""A sample that stands for many labelled users, so that a model can be asked about them over and over.

Spammers are rare and carry most of what is known about a ranking, so each class is thinned for itself, by a whole
factor: to a fifth of 104,000 legitimate users, say, and to all of 3,000 spammers. Each sampled user then counts as
often as the users it stands for (inverse probability weights; Horvitz and Thompson, JASA 47, 1952), which makes every
figure an estimate of the one over all users. Draws for intervals take each sampled user a Poisson(1) number of times:
the bootstrap for rows of which the number in each class is itself a matter of chance (Hanley and MacGibbon, Computer
Methods and Programs in Biomedicine 83, 2006).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.evaluation.estimate import Estimate
from core.evaluation.resample import Floats, Ints, Sorted
from core.explore.interval import Z
from core.wording import count

#: Users of either class above which they are thinned.
MOST: Final = 25_000
#: Draws for intervals: enough for a standard error, where percentiles would want a thousand (Efron and Tibshirani, An
#: Introduction to the Bootstrap, 1993, section 6.4).
DRAWS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Thinned:
    """`at` (m,): ascending positions of the sampled users among `n`; `weight` (m,): how many users each stands for."""

    at: Ints
    weight: Ints
    n: int

    @property
    def sentence(self) -> str:
        """Whom the figures rest on; "" where nobody was left out."""
        if len(self.at) == self.n:
            return ""
        return (
            f"Worked out on {count(len(self.at), 'user')} who stand for all {self.n:,}: "
            "the larger class is thinned and weighed accordingly."
        )


def thin(label: npt.ArrayLike, *, seed: int, most: int = MOST) -> Thinned:
    """Sample about `most` users of each class, all where there are no more; label (n,) of 0 and 1.

    One in k of a class, k the least whole number that suffices, from a random start of a random order: weights add up
    to the class, but for less than k users.
    """
    y, random = np.asarray(label), np.random.default_rng(seed)
    weight = np.zeros(len(y), np.int64)
    for value in (0, 1):
        rows = random.permutation(np.flatnonzero(y == value))
        factor = max(-(-len(rows) // most), 1)
        weight[rows[random.integers(factor) :: factor]] = factor
    at = np.flatnonzero(weight)
    return Thinned(at, weight[at], len(y))


def draws(m: int, *, seed: int, replicates: int = DRAWS) -> npt.NDArray[np.uint8]:
    """How often each of m sampled users is drawn in each replicate, (replicates, m)."""
    return np.random.default_rng(seed).poisson(1.0, (replicates, m)).astype(np.uint8)


def drawn(model: Sorted, weight: Ints, times: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    """All figures of a model over the draws, name -> (replicates,); NaN where a draw holds one class only."""
    rows = [model.figures(each * weight) if _both(model, each) else {} for each in times.astype(np.int64)]
    names = model.figures(weight)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def _both(model: Sorted, times: Ints) -> bool:
    spammers = times[model.positives]
    return bool(spammers.any()) and int(np.count_nonzero(times)) > int(np.count_nonzero(spammers))


def estimate(value: float, over: Floats, *, low: float = -1.0) -> Estimate:
    """A figure between `low` and 1 with its 95 % interval, 1.96 standard deviations of its draws to either side.

    Without figure where it is NaN, and without interval where it is so in all draws but one.
    """
    if np.isnan(value):
        return Estimate(None, None, None)
    values = over[~np.isnan(over)]
    if len(values) < 2:
        return Estimate(value, None, None)
    half = Z * float(values.std(ddof=1))
    return Estimate(value, max(value - half, low), min(value + half, 1.0))


def share(events: npt.NDArray[np.bool_], weight: Ints, times: npt.NDArray[np.uint8], *, few: int) -> Estimate:
    """The share of users of whom something holds, (m,); without an interval where fewer than `few` are sampled."""
    value = float(weight[events].sum() / weight.sum())
    if 0 < np.count_nonzero(events) < few:
        return Estimate(value, None, None)
    weighed = times.astype(np.float32) @ np.stack([events * weight, weight]).T.astype(np.float32)
    return estimate(value, weighed[:, 0].astype(np.float64) / weighed[:, 1], low=0.0)


def as_json(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: each.as_json() for name, each in figures.items()}


def from_json(raw: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate.from_json(each) for name, each in raw.items()}
