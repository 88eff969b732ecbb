"""Which category two models say of the same users: figures of each, the difference in macro-F1, their agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.comparison.paired_metrics import Contender
from core.evaluation import categories
from core.evaluation.categories import CategoryFigures
from core.evaluation.difference import Difference, short
from core.evaluation.estimate import Estimate
from core.evaluation.resample import Floats
from core.explore.interval import wilson
from core.schema.schema import Schema
from core.training.kinds import Kinds
from core.wording import percent


@dataclass(frozen=True, slots=True)
class ByCategory:
    """Figures of a, then of b; b minus a in macro-F1; of how many of n users both say the same class."""

    figures: tuple[CategoryFigures, CategoryFigures]
    difference: Difference
    agreement: Estimate
    n: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """Macro-F1 of both, whether either is better, and how often they agree."""
        names = (self.difference.a, self.difference.b)
        a, b = (f"{name} {_told(each.macro_f1)}" for name, each in zip(names, self.figures, strict=True))
        return (
            f"Macro-F1 over {len(self.figures[0].names)} classes: {a}, {b}.",
            self.difference.sentence,
            f"Both say the same class of {percent(self.agreement.value or 0.0)} of {self.n:,} users.",
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "figures": [each.as_json() for each in self.figures], "difference": self.difference.as_json(),
            "agreement": self.agreement.as_json(), "n": self.n, "sentences": list(self.sentences),
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ByCategory | None:
        a, b = map(CategoryFigures.from_json, raw["figures"])
        if a is None or b is None:
            return None
        return cls(
            (a, b), Difference.from_json(raw["difference"]), Estimate.from_json(raw["agreement"]), raw["n"]
        )  # fmt: skip


def of(
    frame: pd.DataFrame, label: Floats, schema: Schema, a: Contender, b: Contender, *, seed: int
) -> ByCategory | None:  # fmt: skip
    """What a and b say of users with label (n,); None unless the category is known of some, and said by both."""
    kinds = Kinds.of_frame(frame, schema)
    if kinds is None or a.categories is None or b.categories is None or not (kinds.codes >= 0).any():
        return None
    known = kinds.known(label)
    truth = kinds.truth(label)[known]
    of_a, of_b = (kinds.said(each.probability, each.categories)[known] for each in (a, b) if each.categories)
    figures = [categories.judge(truth, said, kinds.classes, seed=seed) for said in (of_a, of_b)]
    gaps = categories.drawn_differences(truth, of_a, of_b, len(kinds.classes), seed=seed)
    agreed = int((of_a == of_b).sum())
    low, high = wilson(agreed, len(truth))
    return ByCategory(
        (figures[0], figures[1]), _difference(a.name, b.name, figures, gaps),
        Estimate(agreed / len(truth), float(low), float(high)), len(truth),
    )  # fmt: skip


def _difference(a: str, b: str, figures: list[CategoryFigures], gaps: Floats) -> Difference:
    of_a, of_b = (each.macro_f1.value for each in figures)
    low, high = (float(end) for end in np.percentile(gaps, [2.5, 97.5]))
    fewer = min(int((gaps <= 0).sum()), int((gaps >= 0).sum()))
    p = min(2 * (fewer + 1) / (len(gaps) + 1), 1.0)
    between = Estimate((of_b or 0.0) - (of_a or 0.0), low, high)
    return Difference("macro_f1", "", a, b, between, p, "paired bootstrap")


def _told(figure: Estimate) -> str:
    value, low, high = (short(each or 0.0) for each in (figure.value, figure.low, figure.high))
    return f"{value} (95 % {low} to {high})"
