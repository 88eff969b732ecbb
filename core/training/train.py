"""Fit a candidate on all users but the test part, calibrated on scores it had not seen; every family alike.

1. The test part (a hash of the id, `core.data.split`) is set aside and only judged at the end.
2. The rest is cut into folds, also by hash. Each fold is scored by a model that did not see it: this gives the number
   of rounds and the margins on which the calibration is fitted (`core.training.crossfit`). Texts become margins that
   owe nothing to the user's own label, nor to a fold left out (`core.training.stacking`).
3. The final model is fitted on all of the rest. By default everybody counts alike. Where spammers or hard negatives
   count more, the calibration, which knows no weights, brings the probabilities back to the natural prevalence that
   the policy's thresholds are about; and the rest is cross-fitted without the weights too, to show what they do.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from core.data import split
from core.evaluation import metrics
from core.evaluation.metrics import Figures, Thresholds
from core.model import calibrate
from core.model.calibrate import Calibration
from core.model.categories.head import CategoryHead
from core.model.families import NATURAL, Recipe
from core.model.learner import Labels, Matrix, Options, Progress, Rows
from core.ports import Learner, Predictor
from core.text.text_model import TextModel
from core.training import crossfit, stacking, tune, weights
from core.training.crossfit import Crossed, Folds, both_classes
from core.training.kinds import Kinds
from core.training.stacking import NO_TEXTS, Stacked, Texts
from core.training.training_runs import Trial, Validation
from core.training.tune import Budget

#: Fewest rows of each class, over all parts, from which anything can be learnt and judged.
FEWEST: Final = 30
#: Legitimate users learnt from on whom the model is judged as well: enough to see that it knows them by heart.
JUDGED_AGAIN: Final = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A fitted, calibrated, judged model that is not live.

    `features` (n, f): the users as it learnt from them and was judged on them, with the margins of its `texts`, which
    are by column; `head` tells categories. `test` (n,): who belongs to the test part; `judging` (n,): those of them it
    was judged on, `score` (m,): their probabilities. `folds`, `validation` and `training_pr_auc` are as in
    `training_runs.TrainingRun`, and so are `without`, `search` and `notes`.
    """

    learner: Learner
    texts: Mapping[str, TextModel]
    head: CategoryHead | None
    features: Matrix
    calibration: Calibration
    rounds: int | None
    options: Options
    seed: int
    figures: Figures
    test: npt.NDArray[np.bool_]
    judging: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float64]
    recipe: Recipe
    training_pr_auc: float
    validation: Validation
    without: Validation | None
    search: tuple[Trial, ...]
    notes: tuple[str, ...]

    @property
    def folds(self) -> tuple[float, ...]:
        return self.validation.folds

    @property
    def predictor(self) -> Predictor:
        """What a version is made of. Raises TypeError for a family that cannot lead."""
        if not self.recipe.learner.can_lead:
            raise TypeError(f"{self.recipe.family} cannot lead")
        return cast(Predictor, self.learner)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A recipe cross-fitted on the rest: with the weights in which it ends, and without any where it has some."""

    crossed: Crossed
    weight: Labels | None
    without: Crossed | None


def fit(  # noqa: PLR0913 - users, and how to learn from them
    features: Matrix,
    label: Labels,
    users: split.Parts | split.Keys,
    thresholds: Thresholds,
    *,
    name: str,
    levels: tuple[int, ...] = (),
    texts: Texts = NO_TEXTS,
    kinds: Kinds | None = None,
    seed: int = 0,
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
    budget: Budget = Budget(),  # noqa: B008
    progress: Progress = lambda _what, _share: None,
    watcher: tune.Watcher = lambda _trials: None,
) -> Candidate:
    """Fit on features (n, f) with NaN for missing, label (n,) of 0 and 1, users (n,) from `Split.parts`, or
    their keys from `split.keys` where none is a copy of another. levels: as of `Rows`; texts: of columns of the
    features, whose values are not looked at; kinds: the categories of violations, where there are such.

    With a `budget` settings are searched for first, and `watcher` is told of the trials (`core.training.tune`).
    Raises TooFewRowsError when a class has fewer than 30 rows, or is absent from the test part or, users without
    ids being told apart by their features only, from one half of the rest.
    """
    parts = users if isinstance(users, split.Parts) else split.Parts.alone(users)
    test, judging = parts.test, parts.judging
    both_classes(label, name, fewest=FEWEST)
    left = ", without copies of users learnt from," if parts.copied.any() else ""
    both_classes(label[judging], f"the test part of {name}{left}")
    family = recipe.learner
    options = family.options(len(label)).having(recipe.parameters)
    rest = Rows(features[~test], label[~test], levels=levels)
    fold = crossfit.folds(parts.place[~test], rest.y, options.folds, name)
    stack = Stacked(rest, np.empty((len(rest.y), 0), np.float32), {})
    further = np.empty((len(label), 0), np.float32)
    if texts:
        stack = stacking.stacked(
            rest, texts.only(~test), fold, augment=recipe.augment, seed=seed, progress=progress,
            kinds=None if kinds is None else kinds.only(~test).targets,
        )  # fmt: skip
        rest = stack.rows
        features, further = texts.filled(features, stack.models)
        features[~test], further[~test] = rest.x, stack.further
    found = None
    if budget:
        weighted = rest.weighing(weights.of_classes(rest.y, recipe.class_weight))
        found = tune.search(
            family, weighted, fold, options, budget, seed=seed, progress=progress, watcher=watcher
        )  # fmt: skip
        options = options.having(found.parameters)
    judged = _judge(recipe, rest, fold, options, seed, progress)
    calibration = calibrate.fit(judged.crossed.margin, rest.y)
    weighted = rest.weighing(judged.weight)
    share = functools.partial(progress, "Fitting on all folds")
    learner = family.fitted(weighted.taught(), options, seed, judged.crossed.rounds, share)
    head = None if kinds is None else kinds.only(~test).learnt(rest, further[~test], seed)
    progress("Judging on the test part", 0.0)
    score = calibration.probability(learner.margin(features[judging]))
    figures = metrics.judge(
        label[judging], score, thresholds, seed=seed,
        progress=lambda done, of: progress("Judging on the test part", done / of),
    )  # fmt: skip
    if kinds is not None and head is not None:
        likeliest = head.likeliest(np.hstack([features, further])[judging])
        figures = replace(figures, categories=kinds.only(judging).judged(label[judging], score, likeliest, seed))
    return Candidate(
        learner, stack.models, head, features, calibration, judged.crossed.rounds, options, seed, figures, test,
        judging, score, recipe, _by_heart(learner, rest, seed), crossfit.validation(judged.crossed, rest.y),
        None if judged.without is None else crossfit.validation(judged.without, rest.y),
        found.trials if found else (), tuple(filter(None, (family.note(len(rest.y)), found.note if found else ""))),
    )  # fmt: skip


def _judge(recipe: Recipe, rest: Rows, fold: Folds, options: Options, seed: int, progress: Progress) -> _Judged:
    """Cross-fit without weights, then with those of the classes, then with hard negatives, as far as they are asked."""

    def crossed(weight: Labels | None, what: str) -> Crossed:
        return crossfit.cross(
            recipe.learner, rest.weighing(weight), fold, options, seed, progress, what=what
        )  # fmt: skip

    plain = crossed(None, "" if recipe.plain else "Everybody alike: ")
    if recipe.plain:
        return _Judged(plain, None, None)
    weight, found = weights.of_classes(rest.y, recipe.class_weight), plain
    if weight is not None:
        found = crossed(weight, "Class weight: ")
    if recipe.hard_negatives:
        weight = weights.with_hard_negatives(weight, weights.hard_negatives(rest.y, found.margin))
        found = crossed(weight, "Hard negatives: ")
    return _Judged(found, weight, plain)


def steps(recipe: Recipe, budget: Budget, rows: int, *, texts: bool = False) -> int:
    """How many steps `fit` and what follows tell of, at most."""
    crossings = 1 + (recipe.class_weight not in {NATURAL, 1}) + recipe.hard_negatives
    return recipe.learner.options(rows).folds * crossings + bool(budget) + texts + 3


def _by_heart(learner: Learner, rest: Rows, seed: int) -> float:
    """PR-AUC on users it learnt from: all spammers, and of the others a sample that stands for all of them."""
    spammers, others = np.flatnonzero(rest.y == 1), np.flatnonzero(rest.y == 0)
    sample = np.random.default_rng(seed).permutation(others)[:JUDGED_AGAIN]
    rows = np.sort(np.concatenate([spammers, sample]))
    weight = np.where(rest.y[rows] == 1, 1.0, len(others) / len(sample))
    return metrics.pr_auc(rest.y[rows], learner.margin(rest.x[rows]), weight)
