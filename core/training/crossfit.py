"""Cross-fitting: every user learnt from is scored by a model that had not seen this user.

This gives the number of rounds, the margins on which the calibration is fitted, and figures of the recipe that owe
nothing to the test part.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.data import split
from core.errors import TooFewRowsError
from core.evaluation import metrics
from core.model import calibrate
from core.model.learner import Labels, Options, Progress, Rows, Watched
from core.ports import Family
from core.training.training_runs import Validation

Folds = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """`margin` (n,) of users not seen, `rounds` where the family learns in rounds, and PR-AUC of each fold."""

    rounds: int | None
    margin: npt.NDArray[np.float64]
    folds: tuple[float, ...]


def cross(
    family: Family, rows: Rows, fold: Folds, options: Options, seed: int, progress: Progress, *, what: str = ""
) -> Crossed:  # fmt: skip
    """Score each fold (n,) by a model of the others. `what`: said before the name of each step."""
    folds = int(fold.max()) + 1
    told = (functools.partial(progress, f"{what}Fold {k + 1} of {folds}") for k in range(folds))
    watched = [
        watch(family, rows.without(k), fold == k, options, seed, share)
        for k, share in zip(range(folds), told, strict=True)
    ]
    steps = best(watched)
    margin, found = np.empty(len(rows.y)), []
    for k, one in enumerate(watched):
        margin[fold == k] = one.margin(steps)
        found.append(metrics.pr_auc(rows.y[fold == k], margin[fold == k]))
    return Crossed(steps * options.every if options.most_rounds > 1 else None, margin, tuple(found))


def watch(
    family: Family, rows: Rows, out: npt.NDArray[np.bool_], options: Options, seed: int, told: Callable[[float], None],
    stands_for: Labels | None = None,
) -> Watched:  # fmt: skip
    """Learn from all but the rows out (n,), on whose PR-AUC it is judged; each of them stands for so many users."""
    label, weight = rows.y[out], None if stands_for is None else stands_for[out]
    told(0.0)
    return family.watched(
        rows.only(~out).taught(), rows.x[out], lambda margin: metrics.pr_auc(label, margin, weight), options, seed, told
    )


def best(watched: list[Watched]) -> int:
    """After how many steps the mean over the folds is highest, counting those that every fold has run."""
    shared = min(len(one.curve) for one in watched)
    return int(np.argmax(np.mean([one.curve[:shared] for one in watched], axis=0))) + 1


def validation(crossed: Crossed, label: Labels) -> Validation:
    """Figures of a recipe on the users it learnt from, none of whom the model that scored them had seen.

    The calibration is fitted on the same margins; with three numbers fitted to thousands, that flatters nobody.
    """
    score = calibrate.fit(crossed.margin, label).probability(crossed.margin)
    return Validation(
        metrics.pr_auc(label, crossed.margin), float(np.mean((score - label) ** 2)), metrics.ece(label, score),
        crossed.folds,
    )  # fmt: skip


def folds(keys: split.Keys, label: Labels, most: int, name: str) -> Folds:
    """A fold for each row: up to `most`, fewer where one would hold a single class, on which nothing can be judged.

    Raises TooFewRowsError when not even two folds can hold both classes.
    """
    for k in range(most, 2, -1):
        fold = split.folds(keys, k)
        if all(np.bincount(fold[label == value], minlength=k).all() for value in (0, 1)):
            return fold
    halves = split.folds(keys, 2)
    for half in (0, 1):
        both_classes(label[halves == half], f"one half of {name}")
    return halves


def both_classes(label: Labels | npt.NDArray[np.bool_], name: str, *, fewest: int = 1) -> None:
    """Raises TooFewRowsError unless labels (n,) hold at least `fewest` of each class."""
    positives, negatives = int(label.sum()), int(len(label) - label.sum())
    if min(positives, negatives) < fewest:
        raise TooFewRowsError(name, positives, negatives, fewest)
