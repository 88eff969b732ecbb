"""Ends of 95 % intervals for what unequal weights estimate: a total of rare events, a common share, a sum, a part.

A user who was judged with probability 1 / w stands for w users. `certified_rare` and `certified_common` hold at every
number of events and wherever the spammers are among the users; they need no large numbers, and are wider.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from core.evaluation.metrics import exact

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
#: What may go wrong at each end of a 95 % interval.
TAIL: Final = 0.025
#: Of the largest stake the upper bound may hold, so that its logarithm stays finite where everybody is judged.
_STAKE: Final = 0.999


def rare(weight: Floats, spare: Floats, largest: float) -> Interval:
    """The interval of a total of rare events from the weights (k,) of those seen, k may be 0.

    The gamma interval of Fay and Feuer (Statistics in Medicine 16, 1997, 791-801, section 3). With y the estimate and v
    its variance, the low end is the 2.5 % quantile of the gamma distribution of mean y and variance v, the high end
    the 97.5 % quantile as if one more event had been seen, of the `largest` weight w: of mean y + w and variance
    v + w^2. `spare` (k,) is taken off the squares, v = sum(w^2 - spare): 0 for Poisson counts, as in the paper; the
    weight itself where a sample is drawn from finitely many users, as the estimate of a Poisson sample has variance
    sum(w^2 - w) (Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, equation 3.5.3).

    >>> low, high = rare(np.ones(10), np.zeros(10), 1.0)  # equal weights: the exact interval of a Poisson count
    >>> round(low, 3), round(high, 3)
    (4.795, 18.39)
    """
    y, v = float(weight.sum()), float((weight**2 - spare).sum())
    return _gamma(y, v, TAIL), _gamma(y + largest, v + largest**2, 1 - TAIL)


def _gamma(mean: float, variance: float, quantile: float) -> float:
    return mean if variance <= 0 else float(gammaincinv(mean**2 / variance, quantile) * (variance / mean))


def common(weight: Floats, spare: Floats, event: Floats) -> Interval:
    """The interval of a share from weights (k,), k > 0, and events (k,), 1 or 0; `spare` as for `rare`.

    The exact interval of Clopper and Pearson at the effective number of users, share (1 - share) / variance, as Korn
    and Graubard (Survey Methodology 24, 1998, 193-201) propose for few events; the variance is that of the weighted
    mean (Särndal and others, 1992, equation 5.7.5), times k / (k - 1). Where all are events or none is,
    and never above, it is the number for equal outcomes, sum(w)^2 / sum(w^2 - spare).

    >>> [round(end, 3) for end in common(np.ones(10), np.zeros(10), np.zeros(10))]
    [0.0, 0.308]
    """
    total, square = float(weight.sum()), weight**2 - spare
    share = float((weight * event).sum()) / total
    if not square.any():
        return share, share
    users = total**2 / float(square.sum())
    variance = float((square * (event - share) ** 2).sum()) / total**2
    if variance > 0:
        k = len(weight)
        users = min(users, share * (1 - share) / variance * (k - 1) / k)
    return exact(share * users, users)


def certified_rare(weight: Floats, largest: float, variance: float, tail: float) -> Interval:
    """Bounds of a total from the weights (k,) of the events seen, k may be 0; each fails with probability <= tail.

    For any c chosen without a look at the labels, and each event that may be drawn, the factor (1 - c w) / (1 - c)
    when it is drawn and 1 / (1 - c) when not has mean 1. So has their product over all T events, whichever they are,
    and by Markov's inequality it reaches 1 / tail with probability <= tail. It is therefore less, which bounds T:
    T < (log(1 / tail) - sum log(1 - c w)) / -log(1 - c), as long as c < 1 / largest. From below with 1 + c in place of
    1 - c: T > (sum log(1 + c w) - log(1 / tail)) / log(1 + c). (Bets as in Waudby-Smith and Ramdas, JRSS B 86, 2024.)
    The c taken are those that Bernstein's inequality takes for the `variance` expected; another one only costs width.

    >>> low, high = certified_rare(np.zeros(0), 100.0, 0.0, 0.025)  # (1 - 1/100)^367 is about .025
    >>> round(low), round(high)
    (0, 367)
    """
    stake = float(np.log(1 / tail))
    root = float(np.sqrt(variance / (2 * stake)))
    c = min(1 / (largest + root), _STAKE / largest)
    high = (stake - float(np.log1p(-c * weight).sum())) / -float(np.log1p(-c))
    c = 1 / max(root, 1 - _STAKE)
    low = (float(np.log1p(c * weight).sum()) - stake) / float(np.log1p(c))
    return max(low, 0.0), high


def certified_common(events: int, judged: int, users: int, ratio: float, tail: float) -> Interval:
    """Bounds of the events among `users`, of whom `judged` were looked at; each fails with probability <= tail.

    ratio: the largest odds of being judged over the smallest, 1 where they are equal. Given how many are judged, the
    number of events among them follows, at the worst, Fisher's noncentral hypergeometric distribution with these
    odds: all events had the smallest odds or all had the largest. The ends are the extreme totals under which what
    was seen is not yet in a tail (Clopper and Pearson, Biometrika 26, 1934, for a finite population).

    >>> certified_common(0, 10, 10_000, 1.0, 0.025), certified_common(3, 10, 10, 1.0, 0.025)
    ((0.0, 3083.0), (3.0, 3.0))
    """
    others = judged - events
    low = users - _most(others, judged, users, ratio, tail)
    return float(low), float(_most(events, judged, users, ratio, tail))


def _most(events: int, judged: int, users: int, ratio: float, tail: float) -> int:
    """The largest number of events that makes as few as were seen not too unlikely."""
    from scipy.stats import nchypergeom_fisher  # noqa: PLC0415 - a second that most commands need not wait for

    def unlikely(total: int) -> bool:
        return bool(nchypergeom_fisher.cdf(events, users, total, judged, 1 / ratio) <= tail)

    possible = range(events, users - (judged - events) + 1)
    return events + max(bisect_left(possible, True, key=unlikely) - 1, 0)


def added(values: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """The interval of a sum of independent estimates from theirs.

    MOVER: the distances to the ends are added as roots of squares (Zou and Donner, Statistics in Medicine 27, 2008,
    1693-1702, equation 5, for a sum).

    >>> added([1.0, 2.0], [(-2.0, 4.0), (-2.0, 6.0)])
    (-2.0, 8.0)
    """
    value = sum(values)
    below = sum((each - low) ** 2 for each, (low, _) in zip(values, intervals, strict=True))
    above = sum((high - each) ** 2 for each, (_, high) in zip(values, intervals, strict=True))
    return float(value - below**0.5), float(value + above**0.5)


def part(a: float, b: float, of_a: Interval, of_b: Interval) -> Interval:
    """The interval of a / (a + b) from independent estimates a, b >= 0 and their intervals; [0, 1] where a = b = 0.

    MOVER for the ratio a / b (Donner and Zou, Statistical Methods in Medical Research 21, 2012, equation 9; Li, Tang
    and Wong, Computational Statistics 25, 2010), written so that it divides by 0 nowhere: with s = l (2a - l) for the
    low end l of a and t = u (2b - u) for the high end u of b, the low end is s / (ab + sqrt(a^2 b^2 - st)).

    >>> [round(end, 3) for end in part(40, 60, (30, 52), (45, 80))]
    [0.307, 0.496]
    """
    if a + b == 0:
        return 0.0, 1.0
    low = _odds(a, b, of_a[0], of_b[1])
    high = _odds(b, a, of_b[0], of_a[1])
    return low / (1 + low) if np.isfinite(low) else 1.0, 1 / (1 + high)


def _odds(a: float, b: float, low: float, high: float) -> float:
    """The low end of a / b from the low end of a and the high end of b."""
    s, t = low * (2 * a - low), high * (2 * b - high)
    below = a * b + float(np.sqrt(max((a * b) ** 2 - s * t, 0.0)))
    return s / below if below > 0 else np.inf if s > 0 else 0.0
