"""Shares and their 95 % intervals, many at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: The 97.5 % quantile of the standard normal distribution.
Z: Final = 1.959963984540054


def wilson(events: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Low and high end of the 95 % interval of events / of, (k,) each; NaN where `of` is 0.

    The score interval of Wilson (JASA 22, 1927) without continuity correction: it stays inside [0, 1], and no
    event among 10 still leaves room for a few.

    >>> low, high = wilson([0, 5], [10, 10])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.237], [0.278, 0.763])
    """
    x, n = np.asarray(events, np.float64), np.asarray(of, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = x / n
        centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    # Exactly 0 and 1 at the ends, which rounding would miss by 1e-17.
    return np.where(x == 0, 0.0 * share, centre - half), np.where(x == n, 1.0 * share, centre + half)


def ratio(events: npt.ArrayLike, of: npt.ArrayLike) -> Floats:
    """events / of, NaN where `of` is 0; (k,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(events, np.float64) / np.asarray(of, np.float64)
