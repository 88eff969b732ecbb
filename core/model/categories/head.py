"""The second answer of a version: of which category a violation is, if it is one.

The score says how likely a violation of any category is, and everything that decides works on it. For each category
there are trees of their own that tell it from the other violations (one against the rest); their probabilities, made to
add up to 1, are those of the categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from core.model.learner import Matrix, Rows
from core.model.trees import Trees, trained
from core.settings import TRAINING_THREADS

#: Categories, at most: as many as people can tell apart while they judge hundreds a day.
MOST: Final = 20
ROUNDS: Final = 60
PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary:logistic", "tree_method": "hist", "max_depth": 4, "eta": 0.1, "min_child_weight": 3,
    "lambda": 2, "colsample_bytree": 0.7, "nthread": TRAINING_THREADS,
}  # fmt: skip
#: Of a violation that is like none of them, what keeps the sum above 0.
_LEAST: Final = 1e-12
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Likeliest:
    """The category of n users, if they violate anything: its name (n,), and how likely a violation is of it (n,)."""

    category: npt.NDArray[np.object_]
    probability: npt.NDArray[np.float32]

    def only(self, chosen: npt.NDArray[Any]) -> Likeliest:
        """Those of the users of a mask or of positions, in their order."""
        return Likeliest(self.category[chosen], self.probability[chosen])

    @classmethod
    def joined(cls, parts: Sequence[Likeliest]) -> Likeliest | None:
        """One after the other; None of nothing."""
        if not parts:
            return None
        return cls(
            np.concatenate([each.category for each in parts]), np.concatenate([each.probability for each in parts])
        )


@dataclass(frozen=True, slots=True, eq=False)
class CategoryHead:
    """`names` of K categories, and of each the trees that tell it from the others. They see the features of the
    version, and then what its texts say of each category.
    """

    names: tuple[str, ...]
    trees: tuple[Trees, ...]

    def shares(self, x: Matrix) -> npt.NDArray[np.float32]:
        """How likely a violation of these users (n, f) is of each category, (n, K): rows add up to 1."""
        each = np.stack([expit(trees.margin(x).astype(np.float64)) for trees in self.trees], axis=1) + _LEAST
        return np.asarray(each / each.sum(axis=1, keepdims=True), np.float32)

    def likeliest(self, x: Matrix) -> Likeliest:
        """The likeliest category of each of these users (n, f)."""
        shares = self.shares(x)
        return Likeliest(np.asarray(self.names, object)[shares.argmax(axis=1)], shares.max(axis=1, initial=0))


def fitted(names: Sequence[str], x: Matrix, codes: Codes, levels: tuple[int, ...], seed: int) -> CategoryHead:
    """Learn from violations (n, f) of these categories, by their positions (n,). levels: as of `Rows`, (f,)."""
    grown = (
        trained(Rows(x, (codes == code).astype(np.float64), levels=levels), {**PARAMETERS, "seed": seed}, ROUNDS)
        for code in range(len(names))
    )
    return CategoryHead(tuple(names), tuple(grown))
