"""Said where nobody of a run is flagged: the thresholds may be made for another share of spammers than there is."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from core.policy.policy import Policy
from core.wording import count, percent

#: The share of users above the threshold that is named.
_SHARE: Final = 0.01


def sentence(probability: npt.NDArray[np.float64], policy: Policy) -> str:
    """'Nobody of 3,856 users is flagged: ...' with the threshold that would flag 1 % of these scores (n,); else ""."""
    if not len(probability) or (highest := float(probability.max())) > policy.review:
        return ""
    threshold = flagging(probability, _SHARE)
    above = int((probability > threshold).sum())
    share = percent(above / len(probability))
    return (
        f"Nobody of {count(len(probability), 'user')} is flagged: the highest score is {highest:.4g}, and human review "
        f"begins above {policy.review:g}. A threshold of {threshold:.4g} would flag {share} "
        f"({count(above, 'user')})."
    )


def flagging(probability: npt.NDArray[np.float64], share: float) -> float:
    """The threshold above which about this share of the scores (n,) lie, at least one of them.

    >>> scores = np.linspace(0.001, 0.1, 100)
    >>> round(flagging(scores, 0.02), 3)
    0.098
    """
    ordered = np.sort(probability)[::-1]
    below = ordered[ordered < ordered[max(math.ceil(share * len(ordered)), 1) - 1]]
    return float(below[0]) if len(below) else 0.0
