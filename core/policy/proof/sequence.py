"""A lower bound of a band's precision that holds at every moment at once: a confidence sequence by betting.

Somebody who believes that at most a share m of the band are spammers loses nothing, on average, by bets at these odds:
for a verdict x (1 spammer, 0 not) on a user of weight w, each unit becomes 1 + b w (x - m), 0 < b < 1. Weights are the
inverse of how likely a user was to be drawn, so that w (x - m) has mean <= 0 however unequal draws are. Capital that
starts at 1 ever reaches 1 / error with probability <= error then (Ville, 1939), and m is given up once it has. The
bound is the least m that was never given up. Since it holds at all times at once, one may look after every verdict
(Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86, 2024, 1-27).

Which b is best depends on the precision that nobody knows, so capital is spread evenly over many: the average of
fortunes is a fortune (the method of mixtures; Robbins, Annals of Mathematical Statistics 41, 1970). As no b depends on
m, capital falls with m, and all below the bound are given up.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: All that may go wrong, over all sequences of a policy and model version together.
ERROR: Final = 0.05
_BETS: Final = (np.arange(24) + 0.5) / 24
_HALVINGS: Final = 40
#: Of a bound that is drawn.
_STEPS: Final = 200


def part_of_error(attempt: int, error: float = ERROR) -> float:
    """What the sequence before the `attempt`-th arming, from 1, may go wrong: the parts of all add up to `error`.

    >>> [round(part_of_error(k), 4) for k in (1, 2, 3)]
    [0.0304, 0.0076, 0.0034]
    """
    return error * 6 / (math.pi**2 * attempt**2)


def log_capital(spammer: Floats, weight: Floats, share: float) -> Floats:
    """The logarithm of capital after each verdict, (..., n), against a share of spammers of at most `share`.

    spammer: (..., n), 1 or 0; weight: (..., n), in (0, 1].
    """
    gain = weight * (spammer - share)
    fortunes = np.full(np.shape(gain), -np.inf)
    for bet in _BETS:
        fortunes = np.logaddexp(fortunes, np.cumsum(np.log1p(bet * gain), axis=-1))
    return np.asarray(fortunes - math.log(len(_BETS)))


def lower_bound(spammer: Floats, weight: Floats, error: float) -> float:
    """The highest bound of the share of spammers that n verdicts have ever given; 0 without any.

    >>> round(lower_bound(np.ones(100), np.ones(100), 0.05), 2)
    0.95
    """
    low, high = 0.0, 1.0
    if not len(spammer):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _highest(spammer, weight, middle) >= -math.log(error) else (low, middle)
    return low


def _highest(spammer: Floats, weight: Floats, share: float) -> float:
    """The logarithm of the most capital there ever was. It is highest just before a verdict that says legitimate."""
    paths = np.cumsum(np.log1p(_BETS[:, None] * (weight * (spammer - share))), axis=1)
    paths = paths[:, np.append(spammer[1:] == 0, True)]
    top = paths.max(axis=0)
    return float((top + np.log(np.exp(paths - top).mean(axis=0))).max())


def lower_bounds(spammer: Floats, weight: Floats, error: float) -> Floats:
    """The bound after each verdict, (n,), down to the next of _STEPS steps between 0 and 1.

    >>> (lower_bounds(np.ones(100), np.ones(100), 0.05)[[0, 9, 99]] * 100).round().tolist()
    [0.0, 45.0, 95.0]
    """
    reached = np.zeros(len(spammer))
    for share in np.arange(1, _STEPS) / _STEPS:
        above = log_capital(spammer, weight, share) >= -math.log(error)
        if not above.any():
            break
        reached[int(above.argmax()) :] = share
    return reached


def more(spammer: Floats, weight: Floats, share: float, error: float) -> int | None:
    """About how many more verdicts like these would show that a share is surpassed; None where they would not."""
    if not len(spammer):
        return None
    seen = float((weight * spammer).sum() / weight.sum())
    gain = max(seen * math.log1p(bet * (1 - share)) + (1 - seen) * math.log1p(-bet * share) for bet in _BETS.tolist())
    if gain <= 0:
        return None
    return max(math.ceil((-math.log(error) - float(log_capital(spammer, weight, share)[-1])) / gain), 1)
