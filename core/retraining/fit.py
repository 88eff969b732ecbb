"""Two ways to learn anew from users who stand for so many: from the start, or on top of the champion's trees.

*Full*: as in training, with the champion's own settings. *Warm*: the champion's trees stay and more are added,
`batch_size` at a time and each shrunk by `learning_rate`, for as long as users whom neither has seen are ranked better.
Either way every user on whom the number of trees and the calibration rest was left out of the model that scored them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

import numpy as np

from core.data import split
from core.errors import RefusedError
from core.evaluation import metrics
from core.model import calibrate, encoding
from core.model.calibrate import Calibration
from core.model.categories.head import CategoryHead
from core.model.encoding import Encoding, Levels, as_texts
from core.model.families import FAMILIES, LEADING
from core.model.learner import Matrix, Progress, Rows
from core.model.trees import Trees
from core.ports import Predictor
from core.registry.registry import Model
from core.retraining.training_set import Bools, Floats, Labelled
from core.schema.schema import Schema
from core.settings import TRAINING_THREADS
from core.text.text_model import TextModel
from core.training import crossfit, stacking, train
from core.training.crossfit import Folds
from core.training.kinds import Kinds
from core.training.stacking import Stacked, Texts

How = Literal["full", "warm"]
#: A warm start ends after so many chunks of trees, and after so many without a better ranking.
MOST_CHUNKS, PATIENCE = 40, 3
#: Folds of a warm start: each is one more continuation of the champion.
WARM_FOLDS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Trees and calibration, and where there are such the levels of categories and the models of texts, by column, and
    the trees of categories of violations (the champion's own after a warm start, which adds nothing to them).
    `features` (n, f): what it learnt from; `folds`: PR-AUC of each fold on users it had not seen; `rounds` in all.
    """

    predictor: Predictor
    features: Matrix
    calibration: Calibration
    rounds: int
    parameters: Mapping[str, Any]
    folds: tuple[float, ...]
    levels: Mapping[str, Levels] = field(default_factory=dict)
    texts: Mapping[str, TextModel] = field(default_factory=dict)
    head: CategoryHead | None = None


def full(
    learnt: Labelled, champion: Model, schema: Schema, *, levels: Mapping[str, Levels], name: str, seed: int,
    progress: Progress,
) -> Fitted:  # fmt: skip
    """Learn from the start, from everybody, with these levels of categories.

    Raises TooFewRowsError with fewer than 30 of either class.
    """
    crossfit.both_classes(learnt.label, name, fewest=train.FEWEST)
    family, rows = FAMILIES[LEADING], _rows(learnt, champion, levels)
    options = family.options(len(learnt)).having(_kept(champion, len(learnt)))
    fold = crossfit.folds(_together(learnt, champion), learnt.label, options.folds, name)
    kinds = Kinds.of_frame(learnt.frame, schema) if champion.head else None
    stack = _with_texts(rows, learnt, champion, fold, kinds, seed, progress)
    rows = stack.rows
    told = [functools.partial(progress, f"Fold {k + 1} of {fold.max() + 1}") for k in range(fold.max() + 1)]
    watched = [
        crossfit.watch(family, rows.without(k), fold == k, options, seed, share, learnt.weight)
        for k, share in enumerate(told)
    ]
    steps = crossfit.best(watched)
    margin = np.empty(len(learnt))
    for k, one in enumerate(watched):
        margin[fold == k] = one.margin(steps)
    rounds = steps * options.every
    learner = family.fitted(rows.taught(), options, seed, rounds, functools.partial(progress, "Fitting on all folds"))
    return Fitted(
        cast(Predictor, learner), rows.x, calibrate.fit(margin, learnt.label, learnt.weight), rounds,
        options.parameters, _by_fold(learnt, margin, fold), levels, stack.models,
        None if kinds is None else kinds.learnt(rows, stack.further, seed),
    )  # fmt: skip


def warm(
    learnt: Labelled, champion: Model, *, batch: int, rate: float, name: str, seed: int, progress: Progress
) -> Fitted:  # fmt: skip
    """Go on from the champion's trees. Judged, and calibrated, on users that the champion has not learnt from.

    Raises TooFewRowsError with fewer than 30 of either class among those, RefusedError where there are texts.
    """
    if champion.texts:
        raise RefusedError(
            f"{champion.version} scores texts, which are learnt anew from all of them: retrain it in full, not with a "
            "warm start."
        )
    levels = champion.metadata.levels  # those that its trees know
    rows, seen = _rows(learnt, champion, levels), champion.users()
    fresh = learnt.judged if seen is None else ~split.known(learnt.keys, seen)
    crossfit.both_classes(learnt.label[fresh], f"What {champion.version} has not seen of {name}", fewest=train.FEWEST)
    fold = np.full(len(learnt), -1)
    fold[fresh] = crossfit.folds(_together(learnt, champion)[fresh], learnt.label[fresh], WARM_FOLDS, name)
    parameters = {**_kept(champion, len(learnt)), "eta": rate}
    if not isinstance(champion.predictor, Trees):
        raise TypeError(f"{champion.version} has no trees that could grow on")
    grown = functools.partial(champion.predictor.grown, parameters=parameters, batch=batch, seed=seed)
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
    trees = grown(rows, chunks=chunks)[-1]
    label, weight = learnt.label[fresh], learnt.weight[fresh]
    return Fitted(
        trees, rows.x, calibrate.fit(margin[fresh], label, weight), trees.rounds, parameters,
        _by_fold(learnt.only(fresh), margin[fresh], fold[fresh]), levels, head=champion.head,
    )  # fmt: skip


def _watched(grown: Callable[..., list[Trees]], rows: Rows, out: Bools) -> tuple[list[float], list[Floats]]:
    """PR-AUC on the users left out after 0, 1, 2 ... chunks, and their margins; until they are not better any more."""
    curve: list[float] = []
    margins: list[Floats] = []
    label, weight = rows.y[out], None if rows.weight is None else rows.weight[out]

    def over(trees: Trees) -> bool:
        margins.append(trees.margin(rows.x[out]).astype(np.float64))
        curve.append(metrics.pr_auc(label, margins[-1], weight))
        return len(curve) - 1 - int(np.argmax(curve)) >= PATIENCE

    grown(rows.only(~out), chunks=MOST_CHUNKS, over=over)
    return curve, margins


def _kept(champion: Model, rows: int) -> dict[str, Any]:
    """The settings that the champion was trained with, and as many threads as suit so many users."""
    threads = FAMILIES[LEADING].options(rows).parameters.get("nthread", TRAINING_THREADS)
    return {**champion.metadata.parameters, "nthread": threads}


def _rows(learnt: Labelled, champion: Model, levels: Mapping[str, Levels]) -> Rows:
    """The users by the columns of the champion, words by these levels."""
    names = champion.metadata.names
    features = Encoding(levels, phrases=champion.phrases).matrix(learnt.frame, names, champion.version)
    return Rows(features, learnt.label, learnt.weight, encoding.sizes(names, levels))


def _with_texts(
    rows: Rows, learnt: Labelled, champion: Model, fold: Folds, kinds: Kinds | None, seed: int, progress: Progress
) -> Stacked:  # fmt: skip
    """The users with margins of their texts, learnt anew: what the champion's own models say of them is no test."""
    if not champion.texts:
        return Stacked(rows, np.empty((len(learnt), 0), np.float32), {})
    sent = {name: as_texts(learnt.frame, name) for name in champion.texts}
    texts, augment = Texts.of(sent, champion.metadata.names), champion.metadata.augmented
    targets = None if kinds is None else kinds.targets
    return stacking.stacked(rows, texts, fold, augment=augment, seed=seed, progress=progress, kinds=targets)


def _together(learnt: Labelled, champion: Model) -> split.Keys:
    """Keys (n,) by which users who share every feature are in one fold; those of a text are already that."""
    hashes, copied = (each(learnt.frame, champion.metadata.columns) for each in (split.row_hashes, split.copied_rows))
    texts = [each.name for each in champion.metadata.features if each.kind == "text"]
    told = learnt.frame[texts].notna().to_numpy().any(axis=1) if texts else np.zeros(len(learnt), bool)
    return np.where(copied & ~told, hashes, learnt.keys)


def _by_fold(learnt: Labelled, margin: Floats, fold: np.ndarray[Any, Any]) -> tuple[float, ...]:
    return tuple(
        metrics.pr_auc(learnt.label[fold == k], margin[fold == k], learnt.weight[fold == k])
        for k in range(int(fold.max()) + 1)
    )
