"""Figures of a version on users it has not learnt from, part after part, by category, by language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import NoScoreError
from core.evaluation import metrics
from core.evaluation.metrics import Figures, Thresholds
from core.evaluation.segments import of_texts
from core.model.categories.head import Likeliest
from core.model.learner import Labels
from core.registry.registry import Model
from core.schema.schema import Schema
from core.scoring.scorer import Scorer
from core.training import crossfit
from core.training.kinds import Kinds


@dataclass(slots=True)
class Judging:
    """Collects the scores of up to `most` users whose label is known: of millions, no more than the figures need."""

    model: Model
    schema: Schema
    most: int
    users: int = 0
    #: The places of those without a score.
    unscored: list[int] = field(default_factory=list)
    likeliest: list[Likeliest] = field(default_factory=list)
    kinds: list[Kinds] = field(default_factory=list)
    counted: list[pd.DataFrame] = field(default_factory=list)
    _label: npt.NDArray[np.bool_] = field(init=False)
    _score: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        # Room for all: parts would lie scattered in memory, which could not be given back between them.
        self._label, self._score = np.empty(self.most, bool), np.empty(self.most)

    def add(self, rows: pd.DataFrame, label: Labels) -> None:
        """Score users (n rows) with label (n,) of 0 and 1."""
        if not len(rows):
            return
        scored = Scorer(self.model).score(rows)
        self.unscored += (np.flatnonzero(~scored.finite) + self.users).tolist()
        begin, self.users = self.users, self.users + len(rows)
        self._label[begin : self.users], self._score[begin : self.users] = label == 1, scored.probability
        if self.model.head is not None and (kinds := Kinds.of_frame(rows, self.schema)) is not None:
            self.kinds.append(kinds)
        if scored.categories is not None:
            self.likeliest.append(scored.categories)
        if counted := of_texts.columns(rows, self.schema.texts):
            self.counted.append(rows[counted])

    def figures(
        self, name: str, thresholds: Thresholds, seed: int = 0,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> Figures:  # fmt: skip
        """All figures. Raises TooFewRowsError when a class is absent of `name`, NoScoreError for who has no score."""
        label, score = self._label[: self.users], self._score[: self.users]
        crossfit.both_classes(label, name)
        if self.unscored:
            raise NoScoreError(self.model.version, self.unscored, len(label))
        found = metrics.judge(label, score, thresholds, progress=progress)
        likeliest = Likeliest.joined(self.likeliest)
        if self.kinds and likeliest is not None:
            codes = np.concatenate([each.codes for each in self.kinds])
            told = replace(self.kinds[0], codes=codes).judged(label.astype(np.float64), score, likeliest, seed)
            found = replace(found, categories=told)
        return with_segments(found, pd.concat(self.counted), self.schema, label, score) if self.counted else found


def with_segments(
    figures: Figures, rows: pd.DataFrame, schema: Schema, label: Labels | npt.NDArray[np.bool_], score: Labels
) -> Figures:  # fmt: skip
    """Figures of users (n rows) with label and score (n,), with those of each language and length of their texts."""
    lowest = min(figures.thresholds.values())
    return replace(figures, segments=of_texts.judge(rows, schema.texts, label, score, lowest))
