"""What follows from a threshold: the confusion matrix, the curves over all thresholds, and how to choose one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.evaluation.histogram import score_histogram
from core.evaluation.resample import ECE_BINS, Costs, Floats
from core.explore.interval import ratio

#: Points of a curve: more than a screen can show differently.
POINTS: Final = 400
#: The highest scores are all kept: precision jumps there.
_FIRST: Final = 50


@dataclass(frozen=True, slots=True)
class Confusion:
    """Users by what they are and whether they are flagged, at one threshold."""

    threshold: float
    caught: int
    false_alarms: int
    missed: int
    left_alone: int

    @property
    def n(self) -> int:
        return self.caught + self.false_alarms + self.missed + self.left_alone

    @property
    def precision(self) -> float | None:
        return _share(self.caught, self.caught + self.false_alarms)

    @property
    def recall(self) -> float | None:
        return _share(self.caught, self.caught + self.missed)

    @property
    def flag_rate(self) -> float | None:
        return _share(self.caught + self.false_alarms, self.n)

    @property
    def accuracy(self) -> float | None:
        return _share(self.caught + self.left_alone, self.n)

    def cost(self, costs: Costs) -> float:
        """Of all users together."""
        return costs.missed * self.missed + costs.false_alarm * self.false_alarms + costs.caught * self.caught


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The Brier score in parts: reliability - resolution + uncertainty + within.

    Less reliability is better, more resolution is better; uncertainty belongs to the users alone. `within` is what
    bins hide: 0 where all scores in a bin are equal.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


class Sweep:
    """All thresholds of one model at once. label (n,) of 0 and 1 with both present, score (n,) of any numbers.

    A threshold flags the scores strictly above it. Between two scores that occur, it lies in the middle.
    """

    def __init__(self, label: npt.ArrayLike, score: npt.ArrayLike) -> None:
        y, p = np.asarray(label, np.float64), np.asarray(score, np.float64)
        levels, place = np.unique(p, return_inverse=True)
        users = np.bincount(place, minlength=len(levels))[::-1]
        spammers = np.bincount(place, y, len(levels))[::-1]
        self._levels = levels
        #: from nobody flagged to everybody flagged, (m,)
        self.flagged = np.append(0, np.cumsum(users)).astype(np.int64)
        self.caught = np.append(0, np.cumsum(spammers)).astype(np.int64)
        with np.errstate(over="ignore"):
            middle = (levels[1:] + levels[:-1]) / 2
        # Two neighbouring floats have no middle, nor have two huge ones; the lower one separates them as well.
        middle = np.where((middle >= levels[:-1]) & (middle < levels[1:]), middle, levels[:-1])
        self.threshold = np.concatenate([[levels[-1]], middle[::-1], [_below(levels[0])]])
        self.n, self.positives = len(y), int(y.sum())

    def confusion(self, threshold: float) -> Confusion:
        """Who is flagged above a threshold that need not be one of the sweep's."""
        return self._at(self.place(threshold), threshold)

    def place(self, threshold: float) -> int:
        """Where in `flagged` and `caught` those above a threshold stand."""
        return len(self._levels) - int(np.searchsorted(self._levels, threshold, side="right"))

    def at_recall(self, least: float) -> Confusion:
        """The fewest flagged users that hold at least this share of the spammers."""
        return self._at(int(np.argmax(self.caught >= least * self.positives)))

    def at_precision(self, least: float) -> Confusion | None:
        """The most spammers caught while at least this share of the flagged are spammers; None if never."""
        good = np.flatnonzero((self.caught >= least * self.flagged) & (self.flagged > 0))
        return self._at(int(good[-1])) if len(good) else None

    def at_flag_rate(self, most: float) -> Confusion:
        """The most users flagged, at most this share of all."""
        return self._at(int(np.flatnonzero(self.flagged <= most * self.n)[-1]))

    def at_cost(self, costs: Costs) -> Confusion:
        """The cheapest; of equally cheap ones that which flags fewest."""
        return self._at(int(np.argmin(self.cost(costs))))

    def cost(self, costs: Costs) -> Floats:
        """Cost of all users together at each threshold, (m,)."""
        values: Floats = (
            costs.missed * (self.positives - self.caught) + costs.false_alarm * (self.flagged - self.caught)
            + costs.caught * self.caught
        ).astype(np.float64)  # fmt: skip
        return values

    def curves(self) -> pd.DataFrame:
        """Up to 400 points of the PR, ROC and gain curves, from nobody flagged to everybody.

        Columns: threshold, flagged, precision (NaN for nobody), recall, fpr, flag_rate. The first 50 are all there;
        then they are as evenly spaced in recall plus FPR as the scores allow.
        """
        recall = self.caught / self.positives
        fpr = (self.flagged - self.caught) / (self.n - self.positives)
        at = _thinned(recall + fpr)
        return pd.DataFrame(
            {
                "threshold": self.threshold[at],
                "flagged": self.flagged[at],
                "precision": ratio(self.caught[at], self.flagged[at]),
                "recall": recall[at],
                "fpr": fpr[at],
                "flag_rate": self.flagged[at] / self.n,
            }
        )

    def _at(self, place: int, threshold: float | None = None) -> Confusion:
        caught, flagged = int(self.caught[place]), int(self.flagged[place])
        missed = self.positives - caught
        above = float(self.threshold[place]) if threshold is None else threshold
        return Confusion(above, caught, flagged - caught, missed, self.n - flagged - missed)


def distributions(label: npt.ArrayLike, score: npt.ArrayLike) -> pd.DataFrame:
    """How many spammers and legitimate users score in each of 50 bins of .02: start, end, spammers, legitimate."""
    y, p = np.asarray(label) == 1, np.asarray(score, np.float64)
    spammers, legitimate = score_histogram(p[y]), score_histogram(p[~y])
    edges = spammers.edges
    return pd.DataFrame(
        {"start": edges[:-1], "end": edges[1:], "spammers": spammers.counts, "legitimate": legitimate.counts}
    )


def decompose(label: npt.ArrayLike, score: npt.ArrayLike, *, bins: int | None = ECE_BINS) -> Decomposition:
    """The Brier score in parts, over bins of equal count, or of equal scores when `bins` is None.

    Reliability, resolution and uncertainty by Murphy (Journal of Applied Meteorology 12, 1973) with the mean score of
    each bin; the variance and covariance inside bins by Stephenson, Coelho and Jolliffe (Weather and Forecasting 23,
    2008, equation 6), so that the parts add up exactly. label, score: (n,).
    """
    y, p = np.asarray(label, np.float64), np.asarray(score, np.float64)
    order = np.argsort(p, kind="stable")
    if bins is None:
        place = np.unique(p, return_inverse=True)[1]
    else:
        place = np.empty(len(p), np.int64)
        place[order] = np.repeat(np.arange(bins), [len(part) for part in np.array_split(order, bins)])
    n = np.bincount(place)
    used = n > 0
    mean, rate = (np.divide(np.bincount(place, each), n, where=used, out=np.zeros(len(n))) for each in (p, y))
    inside = (p - mean[place]) ** 2 - 2 * (p - mean[place]) * (y - rate[place])
    base = float(y.mean())
    return Decomposition(
        brier=float(np.mean((p - y) ** 2)),
        reliability=float(n @ (mean - rate) ** 2 / len(y)),
        resolution=float(n @ np.where(used, rate - base, 0.0) ** 2 / len(y)),
        uncertainty=base * (1 - base),
        within=float(inside.mean()),
    )


def _thinned(along: Floats) -> npt.NDArray[np.int64]:
    """Places of up to 400 of m rising values, the first 50 and the last among them."""
    m = len(along)
    if m <= POINTS:
        return np.arange(m)
    spaced = np.linspace(along[_FIRST], along[-1], POINTS - _FIRST)
    rest = np.minimum(np.searchsorted(along, spaced), m - 1)
    return np.unique(np.concatenate([np.arange(_FIRST), rest[:-1], [m - 1]])).astype(np.int64)


def _below(score: float) -> float:
    """A threshold that flags the lowest score too: half of it, or just below it."""
    return score / 2 if score > 0 else float(np.nextafter(score, -np.inf))


def _share(events: int, of: int) -> float | None:
    return events / of if of else None
