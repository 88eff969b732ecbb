"""How much each user counts in learning: class weights, and hard negatives. Judging and calibration know no weights."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from core.model.families import BALANCED, NATURAL
from core.model.learner import Labels, Margins

#: How much more a hard negative counts than another legitimate user.
HARD: Final = 3.0


def of_classes(label: Labels, chosen: float | str) -> Labels | None:
    """The weight of each user (n,), None where all count alike. label (n,) of 0 and 1; see `Recipe.class_weight`.

    >>> of_classes(np.array([1.0, 0, 0, 0]), "balanced")
    array([3., 1., 1., 1.])
    """
    if chosen in {NATURAL, 1}:
        return None
    positives = float(label.sum())
    factor = (len(label) - positives) / positives if chosen == BALANCED else float(chosen)
    return np.where(label == 1, factor, 1.0)


def hard_negatives(label: Labels, margin: Margins) -> npt.NDArray[np.bool_]:
    """Which users are hard negatives (n,): of the legitimate ones as many as there are spammers, the highest scored.

    margin (n,): of a model that had not seen the user.
    """
    negative = np.flatnonzero(label == 0)
    order = np.argsort(-margin[negative], kind="stable")
    hard = np.zeros(len(label), bool)
    hard[negative[order[: int(label.sum())]]] = True
    return hard


def with_hard_negatives(weight: Labels | None, hard: npt.NDArray[np.bool_]) -> Labels:
    """Weights (n,) in which hard negatives count three times as much as before."""
    return np.where(hard, HARD, 1.0) * (1.0 if weight is None else weight)
