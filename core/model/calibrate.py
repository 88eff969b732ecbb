"""Beta calibration on the margin: from log-odds of a model to a probability that means what it says.

With p = sigmoid(margin) the calibrated log-odds are a ln p - b ln(1 - p) + c, with a, b > 0: strictly
increasing, so calibration never reorders users (Kull, Silva Filho and Flach, "Beta calibration", AISTATS
2017, eq. 8). a = b gives Platt's scaling. Isotonic regression would tie users and cost PR-AUC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from core.store.strict_json import typed

Floats = npt.NDArray[np.float64]
#: Lowest slope: keeps the map strictly increasing also where the data would like it flat.
MIN_SLOPE: Final = 1e-2
#: Largest slope and shift: with it no finite margin of 32 bits has log-odds that are not finite.
MOST: Final = 1e100


@dataclass(frozen=True, slots=True)
class Calibration:
    """Slopes of the two sides and the shift, all in log-odds; `Calibration(1, 1, 0)` changes nothing."""

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not (0 < self.a <= MOST and 0 < self.b <= MOST and abs(self.c) <= MOST):
            raise ValueError(f"calibration must be strictly increasing, not a={self.a}, b={self.b}, c={self.c}")

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Calibration:
        """Raises KeyError, TypeError or ValueError when the JSON is no calibration."""
        return typed(cls(raw["a"], raw["b"], raw["c"]))

    def log_odds(self, margin: npt.ArrayLike) -> Floats:
        """Calibrated log-odds of margins, (n,) -> (n,); not finite where the margin is not."""
        m = np.asarray(margin, np.float64)
        with np.errstate(invalid="ignore"):
            return -self.a * np.logaddexp(0, -m) + self.b * np.logaddexp(0, m) + self.c

    def probability(self, margin: npt.ArrayLike) -> Floats:
        """Calibrated probabilities of margins, (n,) -> (n,), in [0, 1]."""
        return np.asarray(expit(self.log_odds(margin)), np.float64)


def fit(margin: npt.ArrayLike, label: npt.ArrayLike, weight: npt.ArrayLike = 1.0) -> Calibration:
    """Maximum likelihood fit on margins (n,) of rows the model did not see and labels (n,) of 0 and 1.

    weight (n,): how many users each row stands for; by default all the same.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - half a second that scoring need not wait for

    m, y = np.asarray(margin, np.float64), np.asarray(label, np.float64)
    share = np.broadcast_to(np.asarray(weight, np.float64), m.shape)
    share = share / share.sum()
    columns = np.stack([-np.logaddexp(0, -m), np.logaddexp(0, m), np.ones_like(m)], axis=1)

    def loss(weights: Floats) -> tuple[float, Floats]:
        z = columns @ weights
        return float(share @ (np.logaddexp(0, z) - y * z)), columns.T @ (share * (expit(z) - y))

    bounds = [(MIN_SLOPE, None), (MIN_SLOPE, None), (None, None)]
    found = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, bounds=bounds, method="L-BFGS-B")
    a, b, c = map(float, found.x)
    return Calibration(a, b, c)
