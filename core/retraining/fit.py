"""Two ways to learn anew from users who stand for so many: from the start, or on top of the champion's trees.

*Full*: as in training, with the champion's own settings. *Warm*: the champion's trees stay and more are added,
`batch_size` at a time and each shrunk by `learning_rate`, for as long as users whom neither has seen are ranked better.
Either way every user on whom the number of trees and the calibration rest was left out of the model that scored them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xgboost as xgb

from core.data import split
from core.evaluation import metrics
from core.model import boosted, calibrate
from core.model.boosted import Trees
from core.model.calibrate import Calibration
from core.model.families import FAMILIES, LEADING
from core.model.learner import Progress, Rows
from core.registry.registry import Model
from core.retraining.training_set import Bools, Floats, Labelled
from core.scoring.scorer import matrix
from core.settings import TRAINING_THREADS
from core.training import crossfit, train

How = Literal["full", "warm"]
#: A warm start ends after so many chunks of trees, and after so many without a better ranking.
MOST_CHUNKS, PATIENCE = 40, 3
#: Folds of a warm start: each is one more continuation of the champion.
WARM_FOLDS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Trees and calibration; `folds`: PR-AUC of each fold on users it had not seen; `rounds` in all."""

    booster: xgb.Booster
    calibration: Calibration
    rounds: int
    parameters: Mapping[str, Any]
    folds: tuple[float, ...]


def full(learnt: Labelled, champion: Model, *, name: str, seed: int, progress: Progress) -> Fitted:
    """Learn from the start, from everybody. Raises TooFewRowsError with fewer than 30 of either class."""
    crossfit.both_classes(learnt.label, name, fewest=train.FEWEST)
    family, rows = FAMILIES[LEADING], _rows(learnt, champion)
    options = family.options(len(learnt)).having(_kept(champion, len(learnt)))
    fold = crossfit.folds(learnt.keys, learnt.label, options.folds, name)
    told = [functools.partial(progress, f"Fold {k + 1} of {fold.max() + 1}") for k in range(fold.max() + 1)]
    watched = [
        crossfit.watch(family, rows, fold == k, options, seed, share, learnt.weight) for k, share in enumerate(told)
    ]
    steps = crossfit.best(watched)
    margin = np.empty(len(learnt))
    for k, one in enumerate(watched):
        margin[fold == k] = one.margin(steps)
    rounds = steps * options.every
    learner = family.fitted(rows, options, seed, rounds, functools.partial(progress, "Fitting on all folds"))
    if not isinstance(learner, Trees):
        raise TypeError(f"{LEADING} has given no trees")
    return Fitted(
        learner.booster, calibrate.fit(margin, learnt.label, learnt.weight), rounds, options.parameters,
        _by_fold(learnt, margin, fold),
    )  # fmt: skip


def warm(
    learnt: Labelled, champion: Model, *, batch: int, rate: float, name: str, seed: int, progress: Progress
) -> Fitted:  # fmt: skip
    """Go on from the champion's trees. Judged, and calibrated, on users that the champion has not learnt from.

    Raises TooFewRowsError with fewer than 30 of either class among those.
    """
    rows, seen = _rows(learnt, champion), champion.users()
    fresh = learnt.judged if seen is None else ~split.known(learnt.keys, seen)
    crossfit.both_classes(learnt.label[fresh], f"What {champion.version} has not seen of {name}", fewest=train.FEWEST)
    fold = np.full(len(learnt), -1)
    fold[fresh] = crossfit.folds(learnt.keys[fresh], learnt.label[fresh], WARM_FOLDS, name)
    parameters = {**_kept(champion, len(learnt)), "eta": rate}
    grown = functools.partial(_grown, champion.booster, parameters, batch=batch, seed=seed)
    watched = []
    for k in range(int(fold.max()) + 1):
        progress(f"Fold {k + 1} of {fold.max() + 1}", 0.0)
        watched.append(_watched(grown, rows, fold == k))
    shared = min(len(curve) for curve, _ in watched)
    chunks = int(np.argmax(np.mean([curve[:shared] for curve, _ in watched], axis=0)))
    margin = np.empty(len(learnt))
    for k, (_, margins) in enumerate(watched):
        margin[fold == k] = margins[chunks]
    progress("Fitting on all folds", 0.0)
    booster = grown(rows, chunks)[-1]
    label, weight = learnt.label[fresh], learnt.weight[fresh]
    return Fitted(
        booster, calibrate.fit(margin[fresh], label, weight), booster.num_boosted_rounds(), parameters,
        _by_fold(learnt.only(fresh), margin[fresh], fold[fresh]),
    )  # fmt: skip


def _watched(grown: Callable[..., list[xgb.Booster]], rows: Rows, out: Bools) -> tuple[list[float], list[Floats]]:
    """PR-AUC on the users left out after 0, 1, 2 ... chunks, and their margins; until they are not better any more."""
    curve: list[float] = []
    margins: list[Floats] = []
    label, weight = rows.y[out], None if rows.weight is None else rows.weight[out]

    def over(booster: xgb.Booster) -> bool:
        margins.append(boosted.margin(booster, rows.x[out]).astype(np.float64))
        curve.append(metrics.pr_auc(label, margins[-1], weight))
        return len(curve) - 1 - int(np.argmax(curve)) >= PATIENCE

    grown(rows.only(~out), MOST_CHUNKS, over)
    return curve, margins


def _grown(
    booster: xgb.Booster, parameters: Mapping[str, Any], rows: Rows, chunks: int,
    over: Callable[[xgb.Booster], bool] = lambda _booster: False, *, batch: int, seed: int,
) -> list[xgb.Booster]:  # fmt: skip
    """The booster, and what it grows to after each chunk of `batch` trees, until it is over."""
    users, boosters = xgb.QuantileDMatrix(rows.x, rows.y, weight=rows.weight), [booster]
    for chunk in range(chunks):
        if over(boosters[-1]):
            return boosters
        # Each chunk with a seed of its own: otherwise all would draw the same users.
        told = {**parameters, "seed": seed + chunk}
        boosters.append(xgb.train(told, users, num_boost_round=batch, xgb_model=boosters[-1], verbose_eval=False))
    over(boosters[-1])
    return boosters


def _kept(champion: Model, rows: int) -> dict[str, Any]:
    """The settings that the champion was trained with, and as many threads as suit so many users."""
    threads = FAMILIES[LEADING].options(rows).parameters.get("nthread", TRAINING_THREADS)
    return {**champion.metadata.parameters, "nthread": threads}


def _rows(learnt: Labelled, champion: Model) -> Rows:
    names = champion.metadata.names
    return Rows(matrix(learnt.frame, names, champion.version), learnt.label, learnt.weight)


def _by_fold(learnt: Labelled, margin: Floats, fold: np.ndarray[Any, Any]) -> tuple[float, ...]:
    return tuple(
        metrics.pr_auc(learnt.label[fold == k], margin[fold == k], learnt.weight[fold == k])
        for k in range(int(fold.max()) + 1)
    )
