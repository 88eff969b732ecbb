"""The families of models, by the key that is stored, and what is chosen of them for one training run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import BadOptionError, RefusedError, listed
from core.model.boosted import LightGBM, XGBoost
from core.model.scikit import EXTRA_TREES, RANDOM_FOREST, HistogramBoosting, Logistic
from core.ports import Family, LeadingFamily

LEADING: Final = "xgboost"
#: The family whose models may be promoted.
LEADER: Final[LeadingFamily] = XGBoost()
FAMILIES: Final[Mapping[str, Family]] = {
    LEADING: LEADER,
    "logistic_regression": Logistic(),
    "random_forest": RANDOM_FOREST,
    "extra_trees": EXTRA_TREES,
    "hist_gradient_boosting": HistogramBoosting(),
    "lightgbm": LightGBM(),
}
NATURAL: Final = "natural"
BALANCED: Final = "balanced"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to learn: which family, how much a spammer counts, whether hard negatives count more, whether texts are
    learnt with copies in which words are misspelt and disguised (`augment`), other parameters.

    `class_weight`: "natural" (1), "balanced" (spammers count as much as all legitimate users together) or how much one
    spammer counts for each legitimate user. Raises BadOptionError for what is unknown, not installed or no weight.
    """

    family: str = LEADING
    class_weight: float | str = NATURAL
    hard_negatives: bool = False
    augment: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: What learns in place of the family of this key, where that is a cluster.
    engine: LeadingFamily | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise BadOptionError("family", f"there is no {self.family}; there are {listed(list(FAMILIES))}.")
        if not FAMILIES[self.family].available:
            raise BadOptionError("family", f"{FAMILIES[self.family].name} is not installed here: choose another one.")
        weight = self.class_weight
        if isinstance(weight, str) and weight not in {NATURAL, BALANCED}:
            raise BadOptionError("class weight", f"give {NATURAL}, {BALANCED} or a number, not {weight}.")
        if not isinstance(weight, str) and not (math.isfinite(weight) and weight > 0):
            raise BadOptionError("class weight", f"a weight is above 0, which {weight} is not.")

    @property
    def plain(self) -> bool:
        """Whether everybody counts alike."""
        return self.class_weight in {NATURAL, 1} and not self.hard_negatives

    @property
    def learner(self) -> Family:
        return self.engine or FAMILIES[self.family]

    def check_can_lead(self) -> None:
        """Raises RefusedError when no model of this family can be promoted."""
        if not self.learner.can_lead:
            raise RefusedError(
                f"{self.learner.name} cannot be promoted: only {FAMILIES[LEADING].name} can. "
                "Train it without --promote to compare it."
            )


def weight(text: str) -> float | str:
    """A class weight as a person writes it.

    >>> weight("balanced"), weight("5")
    ('balanced', 5.0)
    """
    try:
        return float(text)
    except ValueError:
        return text.strip().lower()
