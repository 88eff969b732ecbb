"""Fit a candidate: XGBoost on all users but the test part, calibrated on scores it had not seen.

1. The test part (a hash of the id, `core.data.split`) is set aside and only judged at the end.
2. The rest is cut into folds, also by hash. Each fold is scored by a booster that did not see it: this
   gives the number of rounds and the margins on which the calibration is fitted (cross-fitting).
3. The final booster is fitted on all of the rest, at natural prevalence: weights would distort the
   probabilities that the policy's thresholds are about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from core.data import split
from core.errors import TooFewRowsError
from core.model import calibrate, evaluate
from core.model.calibrate import Calibration
from core.model.evaluate import Figures, Thresholds
from core.settings import TRAINING_THREADS

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.float64]
#: Told how far the work is: what is being done, and the share done so far (0 to 1).
Progress = Callable[[str, float], None]

#: Below this many rows a single early-stopped fold is too noisy a judge of the number of rounds.
SMALL: Final = 5_000
#: Fewest rows of each class, over all parts, from which anything can be learnt and judged.
FEWEST: Final = 30
PATIENCE: Final = 100


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of XGBoost and of the search for the number of rounds."""

    parameters: Mapping[str, Any]
    folds: int
    most_rounds: int
    stops_early: bool

    @classmethod
    def of(cls, rows: int) -> Options:
        """What works best on sets of this size, measured on the simulated and two real sets."""
        common = {"objective": "binary:logistic", "tree_method": "hist", "eval_metric": "aucpr", "subsample": 0.9}
        if rows < SMALL:
            # One thread: there is too little to do between the points where two would wait for each other.
            small = {"max_depth": 4, "eta": 0.05, "colsample_bytree": 0.5, "min_child_weight": 1, "nthread": 1}
            return cls(common | small, folds=8, most_rounds=600, stops_early=False)
        large = {"max_depth": 5, "eta": 0.06, "nthread": TRAINING_THREADS}
        return cls(common | large, folds=3, most_rounds=2_000, stops_early=True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fitted, calibrated, judged model that is not in charge of anything yet."""

    booster: xgb.Booster
    calibration: Calibration
    rounds: int
    options: Options
    seed: int
    figures: Figures
    test: npt.NDArray[np.bool_]


def fit(
    features: Matrix,
    label: Labels,
    keys: split.Keys,
    thresholds: Thresholds,
    *,
    name: str,
    seed: int = 0,
    progress: Progress = lambda _what, _share: None,
) -> Candidate:
    """Fit on features (n, f) with NaN for missing, label (n,) of 0 and 1, keys (n,) from `split.keys`.

    Raises TooFewRowsError when a class has fewer than 30 rows, or is absent from the test part or, users without
    ids being told apart by their features only, from one half of the rest.
    """
    test = split.in_test(keys)
    both_classes(label, name, fewest=FEWEST)
    both_classes(label[test], f"the test part of {name}")
    options = Options.of(len(label))
    x, y = features[~test], label[~test]
    fold = _folds(keys[~test], y, options.folds, name)
    rounds, margins = _cross_fit(x, y, fold, options, seed, progress)
    calibration = calibrate.fit(margins, y)
    booster = _boost(x, y, options, seed, rounds, lambda share: progress("Fitting on all folds", share))
    progress("Judging on the test part", 0.0)
    score = calibration.probability(margin(booster, features[test]))
    figures = evaluate.judge(label[test], score, thresholds, seed=seed)
    return Candidate(booster, calibration, rounds, options, seed, figures, test)


def margin(booster: xgb.Booster, features: Matrix) -> npt.NDArray[np.float32]:
    """Uncalibrated log-odds, (n, f) -> (n,)."""
    if not len(features):
        return np.empty(0, np.float32)
    return np.asarray(booster.inplace_predict(features, predict_type="margin", missing=np.nan), np.float32)


def _folds(keys: split.Keys, label: Labels, most: int, name: str) -> npt.NDArray[np.int64]:
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


def _cross_fit(
    x: Matrix, y: Labels, fold: npt.NDArray[np.int64], options: Options, seed: int, progress: Progress
) -> tuple[int, npt.NDArray[np.float32]]:
    """The number of rounds, and the margin of each row from a booster that did not see it."""
    curves, boosters = [], []
    folds = int(fold.max()) + 1
    for k in range(folds):
        seen, name = fold != k, f"Fold {k + 1} of {folds}"
        curve, booster = _watched(
            (x[seen], y[seen]), (x[~seen], y[~seen]), options, seed, functools.partial(progress, name)
        )
        curves.append(curve)
        boosters.append(booster)
    rounds = _best_rounds(curves)
    margins = np.empty(len(y), np.float32)
    for k, booster in enumerate(boosters):
        margins[fold == k] = margin(booster[: min(rounds, booster.num_boosted_rounds())], x[fold == k])
    return rounds, margins


def _watched(
    seen: tuple[Matrix, Labels],
    unseen: tuple[Matrix, Labels],
    options: Options,
    seed: int,
    progress: Callable[[float], None],
) -> tuple[npt.NDArray[np.float64], xgb.Booster]:
    """PR-AUC on unseen rows after each round, and the booster; stops early where the set is large."""
    train = xgb.QuantileDMatrix(*seen)
    watch = xgb.QuantileDMatrix(*unseen, ref=train)
    log: dict[str, dict[str, list[float]]] = {}
    stop = []
    if options.stops_early:
        stop = [xgb.callback.EarlyStopping(rounds=PATIENCE, metric_name="aucpr", data_name="unseen")]
    booster = xgb.train(
        _parameters(options, seed), train, num_boost_round=options.most_rounds, evals=[(watch, "unseen")],
        evals_result=log, verbose_eval=False, callbacks=[*stop, _Told(progress, options.most_rounds)],
    )  # fmt: skip
    return np.asarray(log["unseen"]["aucpr"]), booster


def _best_rounds(curves: list[npt.NDArray[np.float64]]) -> int:
    """Where the mean PR-AUC over the folds is highest, counting rounds that every fold has run."""
    shared = min(map(len, curves))
    return int(np.argmax(np.mean([curve[:shared] for curve in curves], axis=0))) + 1


def _boost(
    x: Matrix, y: Labels, options: Options, seed: int, rounds: int, progress: Callable[[float], None]
) -> xgb.Booster:
    train = xgb.QuantileDMatrix(x, y)
    return xgb.train(_parameters(options, seed), train, num_boost_round=rounds, callbacks=[_Told(progress, rounds)])


def _parameters(options: Options, seed: int) -> dict[str, Any]:
    return {**options.parameters, "seed": seed}


def both_classes(label: Labels, name: str, *, fewest: int = 1) -> None:
    """Raises TooFewRowsError unless labels (n,) hold at least `fewest` of each class."""
    positives, negatives = int(label.sum()), int(len(label) - label.sum())
    if min(positives, negatives) < fewest:
        raise TooFewRowsError(name, positives, negatives, fewest)


class _Told(xgb.callback.TrainingCallback):
    """Reports progress after each round; what the listener raises ends the training."""

    def __init__(self, progress: Callable[[float], None], rounds: int) -> None:
        self.progress, self.rounds = progress, rounds
        super().__init__()

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: object) -> bool:  # noqa: ARG002
        self.progress(min((epoch + 1) / self.rounds, 1.0))
        return False
