"""Histograms of features and of scores, small enough to keep beside a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FEATURE_BINS: Final = 64
SCORE_BINS: Final = 50


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` (bins,) between `edges` (bins + 1,); values missing are counted apart."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int = 0


def histogram(values: npt.ArrayLike) -> Histogram:
    """Up to 64 bins: one per value where there are few, else of equal count (so that none is empty)."""
    array = np.asarray(values, np.float64)
    seen = array[~np.isnan(array)]
    if not len(seen):
        return Histogram((), (), len(array))
    distinct = np.unique(seen)
    if len(distinct) > FEATURE_BINS:
        distinct = np.unique(np.quantile(seen, np.linspace(0, 1, FEATURE_BINS), method="lower"))
    edges = np.append(distinct, np.nextafter(seen.max(), np.inf))
    counts, _ = np.histogram(seen, edges)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), len(array) - len(seen))


def score_histogram(score: npt.ArrayLike) -> Histogram:
    """50 equal bins of .02 over [0, 1]."""
    counts, edges = np.histogram(np.asarray(score, np.float64), bins=SCORE_BINS, range=(0.0, 1.0))
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))
