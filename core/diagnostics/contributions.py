"""How a version uses its features: the exact contributions of a sample of users, strongest features first, and which
other feature the contributions of one go with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.model.learner import Matrix

#: Users whose scores are explained, drawn with `SEED`.
SAMPLE: Final = 2_000
SEED: Final = 0
#: Users of like value among whom another feature is looked at, at most.
_ALIKE: Final = 50
#: Below twice what chance alone makes of a correlation, no interaction is told.
_CLEAR: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Of m users: values as the model reads them (m, f), NaN where missing, and contributions in log-odds (m, f)."""

    names: tuple[str, ...]
    values: Matrix
    pushes: npt.NDArray[np.float32]

    @property
    def mean(self) -> dict[str, float]:
        """Mean |SHAP| of each feature, in log-odds; nothing without users."""
        return dict(zip(self.names, np.abs(self.pushes).mean(axis=0).tolist(), strict=True)) if len(self.pushes) else {}

    def strongest(self, most: int) -> tuple[int, ...]:
        """Places of the features with the largest mean |SHAP| above 0, the largest first."""
        size = np.abs(self.pushes).sum(axis=0)
        order = np.argsort(-size, kind="stable")[:most]
        return tuple(int(at) for at in order if size[at] > 0)

    def interacting(self, name: str) -> str | None:
        """The feature whose value goes most with the contributions of another among users who share its value.

        Of the mean correlation of contribution and value, either way, in groups of up to 50 users of like value of
        `name`, weighted with how far the contributions spread; an approximation of SHAP interaction values. None where
        chance alone would make it.
        """
        at = self.names.index(name)
        known = np.flatnonzero(~np.isnan(self.values[:, at]))
        order = known[np.argsort(self.values[known, at], kind="stable")]
        alike = min(len(order) // 10, _ALIKE)
        if alike < 3:
            return None
        strength, weight = np.zeros(len(self.names)), 0.0
        for group in np.array_split(order, len(order) // alike):
            push = self.pushes[group, at].astype(np.float64)
            spread = float(push.std())
            strength += spread * np.abs(_correlation(push, self.values[group].astype(np.float64)))
            weight += spread
        strength[at] = 0.0
        best = int(np.argmax(strength))
        by_chance = math.sqrt(2 / (math.pi * alike))
        return self.names[best] if weight and strength[best] / weight > _CLEAR * by_chance else None


def drawn(users: int) -> npt.NDArray[np.int64]:
    """Which of so many users are explained, in ascending order: `SAMPLE` of them at random, or all."""
    chosen = np.random.default_rng(SEED).permutation(users)[:SAMPLE]
    chosen.sort()
    return chosen


def _correlation(push: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of pushes (k,) with each column of values (k, f); missing values count as the mean, 0 where nothing varies."""
    known = ~np.isnan(values)
    mean = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    away = np.where(known, values - mean, 0.0)
    moved = push - push.mean()
    size = np.sqrt((away**2).sum(axis=0) * (moved**2).sum())
    found: npt.NDArray[np.float64] = np.divide(moved @ away, size, out=np.zeros(len(size)), where=size > 0)
    return found
