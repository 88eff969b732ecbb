"""Shares: their 95 % intervals, many at once, and how they are written."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: The 97.5 % quantile of the standard normal distribution.
Z: Final = 1.959963984540054
#: A narrow space at which no line breaks.
NARROW: Final = "\u202f"


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


def percent(share: float) -> str:
    """A share in words of a sentence; what is not 0 or 1 is never shown as 0 or 100 %.

    >>> [percent(share).replace(NARROW, " ") for share in (0.0268, 1e-7, 0.99999)]
    ['2.7 %', '<0.1 %', '>99.9 %']
    """
    text = f"{100 * share:.1f}"
    if share > 0 and text == "0.0":
        text = "<0.1"
    elif share < 1 and text == "100.0":
        text = ">99.9"
    return f"{text}{NARROW}%"


def ratio(events: npt.ArrayLike, of: npt.ArrayLike) -> Floats:
    """events / of, NaN where `of` is 0; (k,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(events, np.float64) / np.asarray(of, np.float64)
