"""The paired bootstrap: the same draws of users for every model, so that differences between models are paired.

Each model's rows are sorted once; a draw is the number of times each row was drawn, and all figures are sums of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ECE_BINS: Final = 15
#: The ends of a 95 % interval then rest on 25 draws each.
REPLICATES: Final = 1_000
#: Numbers drawn together: of millions of users, all at once would take as much memory as their scores.
_AT_ONCE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Costs:
    """What decisions cost, in any unit: a spammer not flagged, a legitimate user flagged, a spammer flagged."""

    missed: float = 10.0
    false_alarm: float = 1.0
    caught: float = 0.0

    @classmethod
    def at_review(cls, *, review: float, missed: float) -> Costs:
        """Whoever is flagged costs a review, and a spammer who is not flagged what a missed one costs."""
        return cls(missed=missed, false_alarm=review, caught=review)

    @property
    def sentence(self) -> str:
        return (
            f"Cost per user: {self.missed:g} for a missed spammer, {self.false_alarm:g} for a legitimate user flagged, "
            f"{self.caught:g} for a spammer flagged."
        )


class Sorted:
    """One model's scores of n rows, sorted once and weighed again and again.

    label (n,) of 0 and 1 with both present, score (n,) in [0, 1], thresholds: band -> score above which it begins.
    Weights (n,) are whole numbers in the order of the rows, so that the same draw of users serves every model.
    """

    def __init__(
        self, label: npt.ArrayLike, score: npt.ArrayLike, thresholds: Mapping[Any, float], costs: Costs
    ) -> None:  # fmt: skip
        p = np.asarray(score, np.float64)
        self.n, self.order = len(p), np.argsort(p, kind="stable")
        p, y = p[self.order], (np.asarray(label) == 1)[self.order]
        self.gap = p - y
        self.square = self.gap**2
        positive = np.flatnonzero(y)
        self.positives = self.order[positive]
        # Ranking needs sums over the spammers only: of those with equal scores, the first, and the rows they share.
        levels, self.first = np.unique(p[positive], return_index=True)
        self.start, self.end = np.searchsorted(p, levels), np.searchsorted(p, levels, side="right")
        cuts = {band: int(np.searchsorted(p, above, side="right")) for band, above in thresholds.items()}
        self.cuts = {band: (cut, int(np.searchsorted(positive, cut))) for band, cut in cuts.items()}
        self.costs = costs
        # Kept from draw to draw: getting new memory from the system each time takes longer than all of the sums.
        self._total, self._times = _zero(self.n), np.empty(self.n)

    def figures(self, weight: Ints) -> dict[str, float]:
        """PR-AUC, ROC-AUC, Brier score and ECE, then for each threshold `<band> precision` and so on.

        precision, recall, f1 and fpr of the rows strictly above, and cost per user. NaN where nothing is divided by.
        """
        total, times = self._total, self._times
        np.take(weight, self.order, out=total[1:], mode="clip")  # the other modes copy once more
        np.copyto(times, total[1:])
        np.cumsum(total[1:], out=total[1:])
        hits = _zero(len(self.positives))
        np.cumsum(weight[self.positives], out=hits[1:])
        found = {
            "pr_auc": self._pr_auc(total, hits),
            "roc_auc": self._roc_auc(total, hits),
            "brier": _dot(times, self.square) / int(total[-1]),
            "ece": self._ece(times, total),
        }
        for band, (cut, true) in self.cuts.items():
            rows, spammers = int(total[-1] - total[cut]), int(hits[-1] - hits[true])
            shares = at(spammers, rows, int(hits[-1]), int(total[-1]), self.costs)
            found |= {f"{band} {name}": _ratio(*share) for name, share in shares.items()}
        return found

    def at(self, band: Any) -> dict[str, tuple[float, float]]:
        """The figures of the rows themselves above the threshold of a band, as (events, of); see `at`."""
        cut, true = self.cuts[band]
        positives = len(self.positives)
        return at(positives - true, self.n - cut, positives, self.n, self.costs)

    def _pr_auc(self, total: Ints, hits: Ints) -> float:
        """Average precision: sum of precision x rise in recall over the distinct scores (no interpolation)."""
        true, flagged = hits[-1] - hits[self.first], total[-1] - total[self.start]
        rise = np.diff(hits[self.first], append=hits[-1])
        # Where nobody is flagged yet, there is no rise either.
        return float(np.sum(rise * true / np.maximum(flagged, 1)) / hits[-1])

    def _roc_auc(self, total: Ints, hits: Ints) -> float:
        """Share of pairs ranked rightly, ties counting half (Mann-Whitney)."""
        before = hits[self.first]
        rise = np.diff(before, append=hits[-1])
        lower, same = total[self.start] - before, total[self.end] - total[self.start] - rise
        return float(np.sum(rise * (lower + same / 2)) / (hits[-1] * (total[-1] - hits[-1])))

    def _ece(self, times: Floats, total: Ints) -> float:
        """`metrics.ece` of the rows, each as often as its weight says: a repeated row may fall into two bins."""
        n, bins = int(total[-1]), np.arange(ECE_BINS + 1)
        edges = bins * (n // ECE_BINS) + np.minimum(bins, n % ECE_BINS)
        rows = np.searchsorted(total, edges)  # the first `rows` rows reach the edge; the last may go beyond it
        sums = [_dot(times[i:j], self.gap[i:j]) for i, j in itertools.pairwise(rows.tolist())]
        beyond = (total[rows] - edges) * self.gap[np.maximum(rows - 1, 0)]
        return float(np.abs(np.array(sums) - np.diff(beyond)).sum()) / n


def at(true: int, flagged: int, positives: int, n: int, costs: Costs) -> dict[str, tuple[float, float]]:
    """precision, recall, f1, fpr and cost per user as (events, of), from counts at a threshold."""
    false = flagged - true
    return {
        "precision": (true, flagged),
        "recall": (true, positives),
        "f1": (2 * true, flagged + positives),
        "fpr": (false, n - positives),
        "cost": (costs.missed * (positives - true) + costs.false_alarm * false + costs.caught * true, n),
    }


def _dot(a: Floats, b: Floats) -> float:
    """Without BLAS, which would wake a second thread for each of thousands of short sums."""
    return float(np.einsum("i,i->", a, b))


def _zero(n: int) -> Ints:
    """Room for the sums of the first 0, 1, ... n weights."""
    return np.zeros(n + 1, np.int64)


def _ratio(events: float, of: float) -> float:
    return events / of if of else float("nan")


def replicate(
    models: Sequence[Sorted],
    *,
    seed: int,
    replicates: int = REPLICATES,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, Floats]:
    """Figures of m models on `replicates` draws with replacement of the same rows: name -> (m, replicates).

    Every model sees the same draw, so that differences between rows of the result are paired. NaN for a draw of one
    class only, and for precision where nobody is flagged.
    """
    random, n = np.random.default_rng(seed), models[0].n
    drawn = {name: np.full((len(models), replicates), np.nan) for name in models[0].figures(np.ones(n, np.int64))}
    rows = np.empty(n, np.int64)
    for i in range(replicates):
        progress(i, replicates)
        for begin in range(0, n, _AT_ONCE):
            some = rows[begin : begin + _AT_ONCE]
            # Rounded down, and 1 - 2**-53 times n stays below n.
            np.copyto(some, random.random(len(some)) * n, casting="unsafe")
        weight = np.bincount(rows, minlength=n)
        if not 0 < weight[models[0].positives].sum() < n:
            continue
        for j, model in enumerate(models):
            for name, value in model.figures(weight).items():
                drawn[name][j, i] = value
    return drawn
