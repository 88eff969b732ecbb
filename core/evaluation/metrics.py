"""How good a model is: arrays in, numbers out, each with its 95 % interval.

Rows are sorted by score, descending; ties share one threshold. Of millions of rows no more than a few numbers each are
in memory at once: the figures of the rows themselves come first, then those of the draws (`core.evaluation.resample`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.evaluation.categories import CategoryFigures
from core.evaluation.estimate import Estimate
from core.evaluation.resample import ECE_BINS, Costs, Sorted, replicate
from core.evaluation.segments.of_texts import SegmentFigures

Floats = npt.NDArray[np.float64]
#: The score above which each band begins; bands are named by whoever asks.
Thresholds = Mapping[Any, float]
REPLICATES: Final = 1000
#: Rows drawn in all: large sets have narrow intervals that fewer replicates give as well.
MOST_DRAWN: Final = 200_000_000
FEWEST_REPLICATES: Final = 400
#: Below this many events a resampled interval is too short; the exact one is used instead.
FEW: Final = 10
RANKED: Final = ("pr_auc", "roc_auc", "brier", "ece")
#: Those of a ranking alone, whatever the scale of its scores.
UNSCALED: Final = ("pr_auc", "roc_auc")
AT_THRESHOLD: Final = ("precision", "recall", "f1", "fpr")


@dataclass(frozen=True, slots=True)
class Group:
    """Users of about the same score: mean score, share of spammers with its 95 % interval, and how many."""

    predicted: float
    observed: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one model on one set of rows; `categories`: where violations have such; `segments`: by language
    and length, where there are texts.
    """

    n: int
    positives: int
    overall: Mapping[str, Estimate]
    at: Mapping[str, Mapping[str, Estimate]]
    thresholds: Thresholds
    reliability: tuple[Group, ...]
    categories: CategoryFigures | None = None
    segments: tuple[SegmentFigures, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "positives": self.positives,
            **{name: figure.as_json() for name, figure in self.overall.items()},
            "thresholds": {
                band: {"above": self.thresholds[band], **{name: figure.as_json() for name, figure in figures.items()}}
                for band, figures in self.at.items()
            },
            "reliability": [asdict(group) for group in self.reliability],
            **({} if self.categories is None else self.categories.as_json()),
            **({"segments": [each.as_json() for each in self.segments]} if self.segments else {}),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Figures:
        return cls(
            raw["n"],
            raw["positives"],
            {name: Estimate.from_json(raw[name]) for name in RANKED if name in raw},
            {
                band: {name: Estimate.from_json(each) for name, each in entry.items() if name != "above"}
                for band, entry in raw["thresholds"].items()
            },
            {band: entry["above"] for band, entry in raw["thresholds"].items()},
            tuple(Group(**group) for group in raw["reliability"]),
            CategoryFigures.from_json(raw),
            tuple(map(SegmentFigures.from_json, raw.get("segments", ()))),
        )


class Ranking:
    """Rows sorted by descending score.

    label (n,) of 0 and 1, score (n,) of probabilities. Needs at least one row of each class.
    """

    def __init__(self, label: npt.ArrayLike, score: npt.ArrayLike) -> None:
        p = np.asarray(score, np.float64)
        order = np.argsort(-p, kind="stable")
        self.y, self.p = (np.asarray(label) == 1)[order], p[order]
        #: last row of each group of equal scores
        self.ends = np.flatnonzero(np.append(np.diff(self.p) != 0, True))

    def pr_auc(self) -> float:
        """Average precision: sum of precision x rise in recall over the distinct scores (no interpolation)."""
        hits = self._hits()
        return float(np.sum(np.diff(hits, prepend=0.0) * (hits / (self.ends + 1))) / hits[-1])

    def roc_auc(self) -> float:
        """Share of pairs ranked rightly, ties counting half (Mann-Whitney)."""
        hits = self._hits()
        misses = self.ends + 1 - hits
        area = np.sum(np.diff(misses, prepend=0.0) * (hits + np.append(0.0, hits[:-1])) / 2)
        return float(area / (hits[-1] * misses[-1]))

    def brier(self) -> float:
        return float(np.mean((self.p - self.y) ** 2))

    def at(self, threshold: float) -> dict[str, tuple[float, float]]:
        """Precision, recall, FPR as (events, of), and F1, with rows scored strictly above `threshold` flagged."""
        cut = len(self.p) - int(np.searchsorted(self.p[::-1], threshold, side="right"))
        true, positive = float(self.y[:cut].sum()), float(self.y.sum())
        return {
            "precision": (true, float(cut)),
            "recall": (true, positive),
            "f1": (2 * true, cut + positive),
            "fpr": (cut - true, len(self.p) - positive),
        }

    def _hits(self) -> Floats:
        """The spammers up to each end."""
        return np.cumsum(self.y, dtype=np.float64)[self.ends]


def pr_auc(label: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> float:
    """`Ranking.pr_auc` of rows that count as often as their weight says. label, score, weight: (n,)."""
    p = np.asarray(score)
    order = np.argsort(-p, kind="stable")
    y, w = np.asarray(label, np.float64)[order], 1.0 if weight is None else np.asarray(weight, np.float64)[order]
    ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))
    hits, flagged = np.cumsum(y * w)[ends], np.cumsum(np.broadcast_to(w, len(y)))[ends]
    return float(np.sum(np.diff(hits, prepend=0.0) * hits / flagged) / hits[-1])


def ece(label: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Expected calibration error, 15 bins of equal count after a stable ascending sort by score.

    The mean over rows of |mean score - share of positives| of the row's bin (Naeini, Cooper and
    Hauskrecht, AAAI 2015, with equal-count bins, the first ones taking the remainder). label, score: (n,).
    """
    p = np.asarray(score, np.float64)
    order = np.argsort(p, kind="stable")
    gap = p[order]
    gap -= np.asarray(label)[order]
    size, longer = divmod(len(gap), ECE_BINS)
    sizes = np.full(ECE_BINS, size)
    sizes[:longer] += 1
    starts = (np.cumsum(sizes) - sizes)[sizes > 0]
    return float(np.abs(np.add.reduceat(gap, starts)).sum() / len(gap))


def judge(
    label: npt.ArrayLike,
    score: npt.ArrayLike,
    thresholds: Thresholds,
    *,
    seed: int = 0,
    replicates: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Figures:
    """All figures with 95 % bootstrap intervals (rows resampled with replacement, percentiles).

    label (n,) of 0 and 1 with both present, score (n,) in [0, 1], thresholds: band -> score above which it
    begins. Shares of few events get the exact interval of Clopper and Pearson instead. The interval of ECE
    is centred on its value: resampling adds noise to every bin and would only push it up. Without a
    number of `replicates` there are 1,000, fewer on large sets.
    """
    plain = _plain(label, score, thresholds)
    times = replicates or int(np.clip(MOST_DRAWN // plain.n, FEWEST_REPLICATES, REPLICATES))
    weighed = [Sorted(label, score, thresholds, Costs())]
    drawn = {name: of[0] for name, of in replicate(weighed, seed=seed, replicates=times, progress=progress).items()}
    overall = {name: _interval(value, drawn[name], centred=name == "ece") for name, value in plain.overall.items()}
    at = {
        band: {name: _share(name, *pair, drawn[f"{band} {name}"]) for name, pair in shares.items()}
        for band, shares in plain.at.items()
    }
    return Figures(plain.n, plain.positives, overall, at, dict(thresholds), plain.reliability)


@dataclass(frozen=True, slots=True)
class _Plain:
    """The figures of the rows themselves, without intervals; shares as (events, of)."""

    n: int
    positives: int
    overall: Mapping[str, float]
    at: Mapping[Any, Mapping[str, tuple[float, float]]]
    reliability: tuple[Group, ...]


def _plain(label: npt.ArrayLike, score: npt.ArrayLike, thresholds: Thresholds) -> _Plain:
    """Needs the sorted rows no longer when it is done."""
    of_bins = ece(label, score)
    ranking = Ranking(label, score)
    overall = dict(zip(RANKED, (ranking.pr_auc(), ranking.roc_auc(), ranking.brier(), of_bins), strict=True))
    at = {band: ranking.at(above) for band, above in thresholds.items()}
    return _Plain(len(ranking.p), int(ranking.y.sum()), overall, at, reliability(ranking.y, ranking.p))


def reliability(label: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Group, ...]:
    """Ten groups of equal width over [0, 1], without the empty ones; intervals by Clopper and Pearson."""
    y, p = np.asarray(label), np.asarray(score, np.float64)
    tenth = np.minimum((p * 10).astype(np.int8), 9)
    groups = []
    for k in np.unique(tenth):
        inside = tenth == k
        n, events = int(inside.sum()), float(y[inside].sum())
        groups.append(Group(float(p[inside].mean()), events / n, *exact(events, n), n))
    return tuple(groups)


def exact(events: float, of: float) -> tuple[float, float]:
    """The 95 % interval of a share by Clopper and Pearson (1934)."""
    from scipy.stats import beta

    low = 0.0 if events == 0 else float(beta.ppf(0.025, events, of - events + 1))
    high = 1.0 if events == of else float(beta.ppf(0.975, events + 1, of - events))
    return low, high


def _interval(value: float, drawn: Floats, *, centred: bool = False) -> Estimate:
    values = drawn[~np.isnan(drawn)]
    if not len(values):
        return Estimate(value, None, None)
    low, high = np.percentile(values, [2.5, 97.5])
    shift = value - float(values.mean()) if centred else 0.0
    return Estimate(value, max(float(low) + shift, 0.0), min(float(high) + shift, 1.0))


def _share(name: str, events: float, of: float, drawn: Floats) -> Estimate:
    if of == 0:
        return Estimate(None, None, None)
    if name != "f1" and min(events, of - events) < FEW:
        return Estimate(events / of, *exact(events, of))
    return _interval(events / of, drawn)
