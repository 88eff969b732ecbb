"""Ways to spoil the values of users: a share goes missing, is another user's, or is off by a little; arrays only.

A larger share spoils the same values and more, so that what is seen as it grows is its growth and not other luck.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.evaluation.resample import Floats, Ints
from core.model.learner import Matrix
from core.schema.schema import Column


class Chance:
    """What chance has in store for each value of features (m, f), of users who stand for `weight` (m,) users each."""

    def __init__(self, features: Matrix, weight: Ints, *, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.features, self.spread = features, spreads(features, weight)
        self.lot = random.random(features.shape, np.float32)
        self.push = random.standard_normal(features.shape, np.float32)
        self.other = np.empty_like(features)
        for at in range(features.shape[1]):
            self.other[:, at] = others(features[:, at], weight, random)

    def missing(self, share: float) -> Matrix:
        """The features with about this share of the values missing."""
        return np.where(self.lot < share, np.float32(np.nan), self.features)

    def swapped(self, share: float) -> Matrix:
        """About this share of the known values replaced by that of a user drawn at random; NaN stays NaN."""
        return np.where(self.lot < share, self.other, self.features)

    def jittered(self, share: float, columns: Sequence[Column]) -> Matrix:
        """Numbers moved by normal noise of `share` times the feature's spread, whole and in range where the column says
        so; words, codes and flags, between which there is no way half, are swapped for that share of the users.
        """
        moved = self.swapped(share)
        for at, column in enumerate(columns):
            if column.kind in {"flag", "code", "category", "weekday", "language"}:
                continue
            values = self.features[:, at] + self.push[:, at] * np.float32(share * self.spread[at])
            low = 0.0 if column.kind == "count" and column.low is None else column.low
            moved[:, at] = _within(np.rint(values) if column.whole else values, low, column.high)
        return moved

    def dropped(self, at: int) -> Matrix:
        """The features with one of them missing for everybody."""
        less = self.features.copy()
        less[:, at] = np.nan
        return less


def others(values: npt.NDArray[np.float32], weight: Ints, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Known values (m,) dealt out anew among the users who have one; NaN stays NaN.

    Dealt from all the users that the sampled ones stand for: were the sample itself shuffled, everybody would get the
    values of spammers too often. Where all weights are 1 this is a permutation.
    """
    known = np.flatnonzero(~np.isnan(values))
    dealt = values.copy()
    dealt[known] = values[known[deal(weight[known], random)]]
    return dealt


def deal(weight: Ints, random: np.random.Generator) -> Ints:
    """A place (m,) for each of m users: a random sample, without replacement, of those they stand for."""
    return np.asarray(random.permutation(np.repeat(np.arange(len(weight)), weight))[: len(weight)], np.int64)


def spreads(features: Matrix, weight: Ints) -> Floats:
    """The unit of noise for each feature, (m, f) and weights (m,) -> (f,), over the users that the m stand for.

    What a standard deviation would be by the middle half of the values (interquartile range / 1.349), the standard
    deviation itself where that half is all alike; 0 for a constant.
    """
    values = np.zeros(features.shape[1])
    for at, column in enumerate(features.T):
        there = ~np.isnan(column)
        known = np.repeat(column[there].astype(np.float64), weight[there])
        if len(known):
            low, high = np.percentile(known, [25, 75])
            values[at] = (high - low) / 1.349 if high > low else known.std()
    return values


def differs(a: Matrix, b: Matrix) -> npt.NDArray[np.bool_]:
    """The rows (m,) in which two matrices (m, f) are not the same; a missing value is like another."""
    alike = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.asarray(~alike.all(axis=1), np.bool_)


def _within(values: npt.NDArray[np.float32], low: float | None, high: float | None) -> npt.NDArray[np.float32]:
    if low is None and high is None:
        return values
    return np.clip(values, low, high)
