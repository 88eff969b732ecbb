"""What a policy decides of scores: the only way to bands and actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.policy.policy import BANDS, Policy

_REVIEW = BANDS.index("human_review")


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Of scores of any shape (n,): `severity`, positions in BANDS, of the same shape; `armed`: whether removal acts."""

    severity: npt.NDArray[np.int8]
    armed: bool

    @property
    def bands(self) -> npt.NDArray[np.str_]:
        """What the policy says of each."""
        return np.asarray(BANDS)[self.severity]

    @property
    def actions(self) -> npt.NDArray[np.str_]:
        """What is done with each: as the band says, but a person looks first where removal is not armed."""
        return np.asarray(BANDS)[self.severity if self.armed else np.minimum(self.severity, _REVIEW)]

    @property
    def flagged(self) -> npt.NDArray[np.bool_]:
        """Whether the band asks for more than to be watched: `human_review` or `auto_remove`."""
        return np.asarray(self.severity >= _REVIEW)


def decide(policy: Policy, probability: npt.ArrayLike) -> Decided:
    """What is decided of calibrated probabilities of any shape (n,). Raises ValueError for one that is no number.

    A search would place what is no number above every threshold.
    """
    given = np.asarray(probability, float)
    if not np.isfinite(given).all():
        raise ValueError("a score that is not finite has no band")
    edges = list(policy.thresholds.values())
    return Decided(np.searchsorted(edges, given, side="left").astype(np.int8), policy.armed)
