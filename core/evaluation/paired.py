"""Paired tests of two models on the same rows: DeLong's for ROC-AUC, McNemar's for bands; arrays in, numbers out.

Models that score the same users make much the same mistakes, so the difference of two figures is known better
than either figure. For all other figures there is `core.evaluation.resample`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Floats = npt.NDArray[np.float64]
#: Pairs of users on which two models disagree, up to which the exact test is used.
FEW_PAIRS: Final = 25


@dataclass(frozen=True, slots=True)
class Areas:
    """Two correlated ROC-AUCs; `error` is the standard error of a - b, NaN where DeLong's test says nothing.

    That is where a class has fewer than two rows, and where the areas differ without any variance.
    """

    a: float
    b: float
    error: float
    p: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of a - b."""
        half = float(ndtri(0.975)) * self.error
        return self.a - self.b - half, self.a - self.b + half


def delong(label: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Areas:
    """Compare the ROC-AUC of two scores of the same rows, two-sided; label (n,) of 0 and 1, a and b (n,).

    DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988) by mid-ranks (Sun and Xu, IEEE Signal Processing
    Letters 21, 2014): n log n instead of positives x negatives. Both classes must be present.
    """
    y = np.asarray(label) == 1
    with_a, with_b = placements(y, np.asarray(a, np.float64)), placements(y, np.asarray(b, np.float64))
    area_a, area_b = float(with_a[0].mean()), float(with_b[0].mean())
    variance = _variance(with_a[0] - with_b[0], with_a[1] - with_b[1])
    if variance > 0:
        error = float(np.sqrt(variance))
        return Areas(area_a, area_b, error, float(2 * ndtr(-abs(area_a - area_b) / error)))
    if variance == 0 and area_a == area_b:
        return Areas(area_a, area_b, 0.0, 1.0)
    return Areas(area_a, area_b, float("nan"), float("nan"))


def area_error(label: npt.ArrayLike, score: npt.ArrayLike) -> tuple[float, float]:
    """A ROC-AUC and its standard error by DeLong's method, NaN where a class has fewer than two rows."""
    found = placements(np.asarray(label) == 1, np.asarray(score, np.float64))
    return float(found[0].mean()), float(np.sqrt(_variance(*found)))


def placements(positive: npt.NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives scored lower, for each negative of positives higher; ties count half.

    The structural components V10 and V01 of DeLong et al., equations 4 and 5; the mean of either is the ROC-AUC.
    """
    from scipy.stats import rankdata  # a second that most commands need not wait for

    higher, lower = score[positive], score[~positive]
    ranks = rankdata(score)
    above = (ranks[positive] - rankdata(higher)) / len(lower)
    below = 1 - (ranks[~positive] - rankdata(lower)) / len(higher)
    return above, below


def _variance(of_positives: Floats, of_negatives: Floats) -> float:
    if min(len(of_positives), len(of_negatives)) < 2:
        return float("nan")
    parts = (of_positives, of_negatives)
    # Where nothing varies, rounding would leave 1e-33 instead of 0, and a test of noise against noise.
    return sum(float(np.var(part, ddof=1)) / len(part) for part in parts if np.ptp(part) > 1e-12)


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p-value of McNemar's test, given the users whom only a and only b judged rightly.

    Exact (binomial, conditional on their number) for up to 25, which never says too much; the mid-p version above,
    which is hardly conservative (Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91, 2013).

    >>> round(mcnemar(1, 7), 4), mcnemar(0, 0)
    (0.0703, 1.0)
    """
    exact, mid = mcnemar_both(only_a, only_b)
    return exact if only_a + only_b <= FEW_PAIRS else mid


def mcnemar_both(only_a: int, only_b: int) -> tuple[float, float]:
    """The exact and the mid p-value of McNemar's test, equations 1 and 2 of Fagerland et al.'s supplement.

    >>> [round(p, 4) for p in mcnemar_both(1, 7)]  # their example: 1 and 7 of 21 children
    [0.0703, 0.0391]
    """
    from scipy.stats import binom  # as above

    fewer, pairs = min(only_a, only_b), only_a + only_b
    if pairs == 0:
        return 1.0, 1.0
    exact, point = float(2 * binom.cdf(fewer, pairs, 0.5)), float(binom.pmf(fewer, pairs, 0.5))
    return (1.0, 1 - point / 2) if only_a == only_b else (exact, exact - point)


def holm(p: npt.ArrayLike) -> Floats:
    """p-values (k,) corrected for having looked k times (Holm, Scandinavian Journal of Statistics 6, 1979).

    NaN, a test that was not done, stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p, np.float64)
    done = np.flatnonzero(~np.isnan(given))
    order = done[np.argsort(given[done], kind="stable")]
    corrected = np.full(len(given), np.nan)
    steps = given[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
