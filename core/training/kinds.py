"""Of which category the violations are that a version learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.evaluation import categories
from core.evaluation.categories import CategoryFigures
from core.model.categories import head
from core.model.categories.head import CategoryHead, Codes, Likeliest
from core.model.learner import Matrix, Rows
from core.schema.levels import written
from core.schema.schema import Schema

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """The categories of n users by their positions in `names`, -1 for those without one: codes (n,). `negative`: what
    the label says of those who violate nothing.
    """

    names: tuple[str, ...]
    negative: str
    codes: Codes

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, schema: Schema) -> Kinds | None:
        """Those of the users of a frame; None where the schema names none, or the frame has none."""
        label = schema.label
        if label is None or not label.categories or written(label.column) not in frame:
            return None
        codes = pd.Categorical(frame[written(label.column)], categories=list(label.categories)).codes
        return cls(label.categories, label.negative, np.asarray(codes, np.int8))

    @property
    def targets(self) -> Matrix:
        """1 for those who are of a category, (n, K)."""
        return np.asarray(self.codes[:, None] == np.arange(len(self.names)), np.float32)

    def only(self, chosen: Bools) -> Kinds:
        """Those of the users of a mask (n,), in their order."""
        return Kinds(self.names, self.negative, self.codes[chosen])

    def learnt(self, rows: Rows, further: Matrix, seed: int) -> CategoryHead:
        """What tells the categories apart, from the violations among rows (n, f) and what texts say of them, (n, t)."""
        of = self.codes >= 0
        levels = (*rows.levels, *[0] * further.shape[1]) if rows.levels else ()
        return head.fitted(self.names, np.hstack([rows.x, further])[of], self.codes[of], levels, seed)

    def judged(
        self, label: npt.NDArray[np.float64], probability: npt.NDArray[np.float64], likeliest: Likeliest, seed: int
    ) -> CategoryFigures:
        """Figures on users with label (n,) by the probability of a violation (n,) and the categories told.

        A violation of which nobody says the category judges nothing here.
        """
        known = self.known(label)
        said = self.said(probability, likeliest)[known]
        return categories.judge(self.truth(label)[known], said, self.classes, seed=seed)

    @property
    def classes(self) -> tuple[str, ...]:
        """What a user may be: of no violation, or of a category."""
        return (self.negative, *self.names)

    def known(self, label: npt.NDArray[np.float64]) -> Bools:
        """Of whom with label (n,) the class is known, (n,)."""
        return np.asarray((label == 0) | (self.codes >= 0))

    def truth(self, label: npt.NDArray[np.float64]) -> categories.Ints:
        """The class of users with label (n,), by its position in `classes`; of those who are known."""
        return np.where(label == 0, 0, self.codes.astype(np.int64) + 1)

    def said(self, probability: npt.NDArray[np.float64], likeliest: Likeliest) -> categories.Ints:
        """The class that is said by the probability of a violation (n,) and the categories told."""
        codes = pd.Index(self.names).get_indexer(pd.Index(likeliest.category))
        return categories.said(probability, codes, likeliest.probability)
