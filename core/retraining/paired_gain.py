"""Two models on the same users, each of whom stands for so many: differences by a paired, weighted bootstrap.

`core.comparison.paired_metrics` compares models on users who all count alike. Judges that come from a sample do not:
here every figure is one of the population, and whoever is drawn takes along all the users he stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.evaluation.metrics import FEWEST_REPLICATES, MOST_DRAWN
from core.evaluation.resample import ECE_BINS, REPLICATES

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gain:
    """A figure of a and of b, and b - a with its 95 % interval (percentiles); NaN where nothing is divided by."""

    a: float
    b: float
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.b - self.a


class _Ranked:
    """A model's users, sorted by descending score once and weighed again and again."""

    def __init__(self, label: Floats, score: Floats, above: float) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._y, p = label[self._order], score[self._order]
        self._ends = np.flatnonzero(np.append(np.diff(p) != 0, True))
        self._cut = int(np.searchsorted(-p, -above, side="left"))
        self._gap = p - self._y

    def figures(self, weight: Floats) -> tuple[float, float, float]:
        """PR-AUC, precision above the threshold, ECE."""
        w = weight[self._order]
        hits, flagged = np.cumsum(w * self._y), np.cumsum(w)
        at, of = hits[self._ends], flagged[self._ends]
        rise = np.diff(at, prepend=0.0)
        # Whoever was not drawn adds nothing, and at the top nobody may have been drawn yet.
        area = float(np.sum(rise * at / np.maximum(of, np.finfo(float).tiny)) / hits[-1]) if hits[-1] > 0 else np.nan
        cut = self._cut - 1
        precision = float(hits[cut] / flagged[cut]) if cut >= 0 and flagged[cut] > 0 else np.nan
        place = np.minimum(((flagged - w / 2) / flagged[-1] * ECE_BINS).astype(np.int64), ECE_BINS - 1)
        ece = float(np.abs(np.bincount(place, w * self._gap, ECE_BINS)).sum() / flagged[-1])
        return area, precision, ece


#: In the order of `_Ranked.figures`.
FIGURES: Final = ("pr_auc", "precision", "ece")


def gains(
    label: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike, weight: npt.ArrayLike, above: float, *, seed: int,
    replicates: int | None = None,
) -> dict[str, Gain]:  # fmt: skip
    """Gains of b over a in PR-AUC, precision above a threshold, and ECE in 15 bins of equal weight.

    label (n,) of 0 and 1 with both present, scores a and b (n,) in [0, 1], weight (n,) > 0: users each stands for.
    1,000 replicates, fewer on large sets; draws without a spammer are left out.
    """
    y, w = np.asarray(label, np.float64), np.asarray(weight, np.float64)
    models = [_Ranked(y, np.asarray(score, np.float64), above) for score in (a, b)]
    exact = [model.figures(w) for model in models]
    n, random = len(y), np.random.default_rng(seed)
    times = replicates or int(np.clip(MOST_DRAWN // n, FEWEST_REPLICATES, REPLICATES))
    drawn = np.empty((times, len(FIGURES)))
    for i in range(times):
        again = w * np.bincount(random.integers(0, n, n), minlength=n)
        of_a, of_b = (model.figures(again) for model in models)
        drawn[i] = np.subtract(of_b, of_a)
    return {
        name: Gain(exact[0][k], exact[1][k], *_ends(drawn[:, k])) for k, name in enumerate(FIGURES)
    }  # fmt: skip


def _ends(drawn: Floats) -> tuple[float, float]:
    values = drawn[~np.isnan(drawn)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
