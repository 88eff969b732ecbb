"""Figures of a version on users it has not learnt from, part after part, by category, by language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.errors import NoScoreError
from core.evaluation import metrics
from core.evaluation.metrics import Figures, Thresholds
from core.evaluation.segments import of_texts
from core.model.categories.head import Likeliest
from core.model.learner import Labels
from core.registry.registry import Model
from core.schema.schema import Schema
from core.scoring.scorer import Scored, Scorer
from core.training import crossfit
from core.training.kinds import Kinds


@dataclass(slots=True)
class Judging:
    """Collects the scores of users whose label is known."""

    model: Model
    schema: Schema
    label: list[Labels] = field(default_factory=list)
    scored: list[Scored] = field(default_factory=list)
    kinds: list[Kinds] = field(default_factory=list)
    counted: list[pd.DataFrame] = field(default_factory=list)

    def add(self, rows: pd.DataFrame, label: Labels) -> None:
        """Score users (n rows) with label (n,) of 0 and 1."""
        if not len(rows):
            return
        self.label.append(label)
        self.scored.append(Scorer(self.model).score(rows))
        if self.model.head is not None and (kinds := Kinds.of_frame(rows, self.schema)) is not None:
            self.kinds.append(kinds)
        self.counted.append(rows[of_texts.columns(rows, self.schema.texts)])

    def figures(
        self, name: str, thresholds: Thresholds, seed: int = 0,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> Figures:  # fmt: skip
        """All figures. Raises TooFewRowsError when a class is absent of `name`, NoScoreError for who has no score."""
        label = np.concatenate([np.empty(0), *self.label])
        crossfit.both_classes(label, name)
        finite = np.concatenate([each.finite for each in self.scored])
        if not finite.all():
            raise NoScoreError(self.model.version, np.flatnonzero(~finite).tolist(), len(finite))
        score = np.concatenate([each.probability for each in self.scored])
        found = metrics.judge(label, score, thresholds, progress=progress)
        likeliest = Likeliest.joined([each.categories for each in self.scored if each.categories is not None])
        if self.kinds and likeliest is not None:
            codes = np.concatenate([each.codes for each in self.kinds])
            told = replace(self.kinds[0], codes=codes).judged(label, score, likeliest, seed)
            found = replace(found, categories=told)
        return with_segments(found, pd.concat(self.counted), self.schema, label, score)


def with_segments(figures: Figures, rows: pd.DataFrame, schema: Schema, label: Labels, score: Labels) -> Figures:
    """Figures of users (n rows) with label and score (n,), with those of each language and length of their texts."""
    lowest = min(figures.thresholds.values())
    return replace(figures, segments=of_texts.judge(rows, schema.texts, label, score, lowest))
