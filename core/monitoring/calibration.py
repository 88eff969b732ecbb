"""Whether the probabilities that are live come true, from the verdicts on users who were sampled."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore.interval import wilson

#: Between these probabilities users are put together; the thresholds of the policy are among them.
EDGES: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


def groups(
    probability: npt.ArrayLike, label: npt.ArrayLike, inclusion: npt.ArrayLike, *, edges: npt.ArrayLike = EDGES
) -> pd.DataFrame:
    """`predicted`, `observed`, `low`, `high`, `n` of each group of labelled users that is not empty.

    Users (n,) with probability in [0, 1], label 0 or 1 and inclusion in (0, 1] stand for 1 / inclusion users each:
    predicted and observed are weighted means (Hájek 1971). The 95 % interval is Wilson's with the effective number of
    users, (sum of weights)^2 / (sum of their squares) (Kish, Survey Sampling, 1965).

    >>> groups([.02, .04, .8], [0, 1, 1], [.5, .5, 1])[["predicted", "observed", "n"]].to_numpy().round(3).tolist()
    [[0.03, 0.5, 2.0], [0.8, 1.0, 1.0]]
    """
    score, spam = np.asarray(probability, np.float64), np.asarray(label, np.float64)
    weight = 1 / np.asarray(inclusion, np.float64)
    bounds = np.asarray(edges, np.float64)
    # Strictly greater than an edge is above it, as for the thresholds of a policy.
    group = np.clip(np.searchsorted(bounds, score, side="left") - 1, 0, len(bounds) - 2)
    size = len(bounds) - 1
    n, total = np.bincount(group, minlength=size), np.bincount(group, weight, size)
    squares = np.bincount(group, weight**2, size)
    used = n > 0
    predicted = np.bincount(group, weight * score, size)[used] / total[used]
    observed = np.bincount(group, weight * spam, size)[used] / total[used]
    effective = total[used] ** 2 / squares[used]
    low, high = wilson(observed * effective, effective)
    # Rounding may put an observed 0 or 1 a hair outside of its interval.
    ends = {"low": np.minimum(low, observed), "high": np.maximum(high, observed)}
    return pd.DataFrame({"predicted": predicted, "observed": observed, **ends, "n": n[used]})
