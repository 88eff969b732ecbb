"""Judged users most like another one: near in the values that matter for this score."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.feedback.ledger import Ledger
from core.feedback.table import column
from core.registry.population import Population

Floats = npt.NDArray[np.float32]
#: How far a missing value is from one that is there, in shares of the population.
APART = 1.0


def alike(ranks: Floats, rank: npt.ArrayLike, weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How alike each of m users is to one, (m,) in [0, 1]: 1 minus the mean distance in rank, weighted.

    ranks (m, f) and rank (f,): mid-ranks as shares in [0, 1], NaN where the value is missing; two missing values are
    alike, a missing one is APART from one that is there. weights (f,), not negative; all 0 weighs all alike. The
    distance is Gower's (Biometrics 27, 1971) on ranks, so that one far value counts no more than another.
    """
    weight = np.asarray(weights, np.float64)
    weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(weight), 1 / max(len(weight), 1))
    one = np.asarray(rank, np.float32)
    gap = ranks - one
    np.abs(gap, out=gap)
    # One column after the other, and only where something is missing: a mask of everything takes as long as the rest.
    for feature in np.flatnonzero(np.isnan(gap.sum(axis=0))):
        missing = np.isnan(ranks[:, feature])
        known = np.where(missing, APART, gap[:, feature])
        gap[:, feature] = ~missing * APART if np.isnan(one[feature]) else known
    # Not @: on a few columns BLAS may warn of invalid values that are not there. Rounded shares may add up to over 1.
    return np.asarray(np.clip(1 - np.einsum("ij,j->i", gap, weight), 0.0, 1.0), np.float64)


class Judged:
    """The users of a ledger that were judged spammer or legitimate, as ranks of one model's population.

    Follows the ledger: what was recorded since the last question is added, the rest is kept. All threads may ask.
    """

    def __init__(self, ledger: Ledger, population: Population) -> None:
        self._ledger, self._population = ledger, population
        self._guard = threading.Lock()
        # Of each row ever seen standing its number in the files, which it keeps, ascending, and its ranks.
        self._numbers, self._ranks = np.empty(0, np.int64), np.empty((0, len(population.names)), np.float32)

    def like(
        self, user: str, values: Mapping[str, float | None], weights: Mapping[str, float], k: int = 5
    ) -> pd.DataFrame:
        """The k judged users most like `user`, who is not among them: user, verdict, time, alike; most alike first.

        Whose standing verdict is unsure is not judged. Of those alike the one judged last comes first.
        """
        standing = self._ledger.effective()
        at = np.flatnonzero((standing["user"] != user) & standing["verdict"].isin(["spammer", "legitimate"]))[::-1]
        names = self._population.names
        row = np.array([[np.nan if (value := values.get(name)) is None else value for name in names]])
        rank = self._population.percentile(row)[0] / 100
        near = self._near(standing, rank, [weights.get(name, 0.0) for name in names])[at]
        best = np.argsort(-near, kind="stable")[:k]
        frame = standing[["user", "verdict", "time"]].iloc[at[best]].reset_index(drop=True)
        return frame.assign(alike=near[best])

    def _near(
        self, standing: pd.DataFrame, rank: npt.NDArray[np.float64], weights: Sequence[float]
    ) -> npt.NDArray[np.float64]:
        """How alike these rows are, (m,)."""
        numbers = standing.index.to_numpy(np.int64)
        with self._guard:
            new = standing[~np.isin(numbers, self._numbers)]
            if len(new):
                features = new.reindex(columns=list(map(column, self._population.names))).to_numpy(np.float64)
                ranks = (self._population.percentile(features) / 100).astype(np.float32)
                joined, both = np.concatenate([self._numbers, new.index]), np.vstack([self._ranks, ranks])
                if len(self._numbers) and joined[len(self._numbers)] < self._numbers[-1]:  # an undo brought a row back
                    order = np.argsort(joined, kind="stable")
                    joined, both = joined[order], both[order]
                self._numbers, self._ranks = joined, both
            known, ranked = self._numbers, self._ranks
        return alike(ranked, rank, weights)[np.searchsorted(known, numbers)]
