"""Gradient boosting that can be told after each round to stop: XGBoost, the family that leads, and LightGBM."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.model import downsample, tree_check
from core.model.learner import SMALL, Judge, Matrix, Options, Rows, Share, Watched
from core.model.trees import Trees, loaded
from core.ports import Draw, Predictor
from core.settings import TRAINING_THREADS

if TYPE_CHECKING:
    import lightgbm


@dataclass(frozen=True, slots=True)
class XGBoost:
    name: str = "XGBoost"
    can_lead: bool = True
    available: bool = True

    def options(self, rows: int) -> Options:
        """What works best on sets of this size, measured on the simulated and two real sets."""
        common = {"objective": "binary:logistic", "tree_method": "hist", "eval_metric": "aucpr", "subsample": 0.9}
        if rows < SMALL:
            # One thread: there is too little to do between the points where two would wait for each other.
            small = {"max_depth": 4, "eta": 0.05, "colsample_bytree": 0.5, "min_child_weight": 1, "lambda": 1}
            return Options(common | small | {"nthread": 1}, folds=8, most_rounds=600)
        large = {"max_depth": 5, "eta": 0.08, "colsample_bytree": 1, "min_child_weight": 5, "lambda": 5}
        # To judge 130,000 users takes as long as three rounds.
        return Options(
            common | large | {"nthread": TRAINING_THREADS}, folds=3, most_rounds=2_000, stops_early=True, every=20,
            patience=60,
        )  # fmt: skip

    def space(self, draw: Draw) -> dict[str, Any]:
        return {
            "eta": draw.suggest_float("eta", 0.03, 0.2, log=True),
            "max_depth": draw.suggest_int("max_depth", 3, 8),
            "min_child_weight": draw.suggest_float("min_child_weight", 1, 30, log=True),
            "subsample": draw.suggest_float("subsample", 0.5, 1),
            "colsample_bytree": draw.suggest_float("colsample_bytree", 0.4, 1),
            "lambda": draw.suggest_float("lambda", 0.1, 30, log=True),
        }

    def note(self, rows: int) -> str:
        return downsample.NOTE if rows >= downsample.LARGE else ""

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share) -> Watched:
        from core.model.rounds import Told, Watch, boost  # noqa: PLC0415 - which loads XGBoost

        tell = Told(told, options.most_rounds)
        if not options.stops_early:  # then it can be judged afterwards, which takes half the time
            after = boost(seen, options, seed, options.most_rounds, [tell]).after_each_round(unseen)
            ends = after[:, options.every - 1 :: options.every]
            curve = [judge(ends[:, step]) for step in range(ends.shape[1])]
            return Watched(curve, lambda steps: after[:, min(steps * options.every, options.most_rounds) - 1])
        watch = Watch(unseen, judge, options)
        trees = boost(seen, options, seed, options.most_rounds, [watch, tell])
        most = trees.rounds
        return Watched(watch.curve, lambda steps: trees[: min(steps * options.every, most)].margin(unseen))

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share) -> Trees:
        from core.model.rounds import Told, boost  # noqa: PLC0415 - which loads XGBoost

        most = rounds or options.most_rounds
        return boost(rows, options, seed, most, [Told(told, most)])

    def features(self, content: bytes) -> int:
        return tree_check.features(content)

    def categories(self, content: bytes) -> tuple[int, ...]:
        return tree_check.categories(content)

    def loaded(self, content: bytes) -> Trees:
        return loaded(content)

    def explainer(self, predictor: Predictor) -> Trees:
        if not isinstance(predictor, Trees):
            raise TypeError(f"{self.name} has given no trees")
        return predictor


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """A fitted model of LightGBM. Predicting takes as many `threads` as learning: its default is all there are."""

    booster: lightgbm.Booster
    threads: int

    def margin(self, x: Matrix) -> npt.NDArray[np.float64]:
        return self._raw(x, 0, -1)

    def after(self, x: Matrix, rounds: int) -> npt.NDArray[np.float64]:
        """Margins after so many rounds."""
        return self._raw(x, 0, rounds)

    def added(self, x: Matrix, since: int, rounds: int) -> npt.NDArray[np.float64]:
        """What `rounds` rounds from `since` on add to the margins."""
        return self._raw(x, since, rounds)

    def _raw(self, x: Matrix, start: int, rounds: int) -> npt.NDArray[np.float64]:
        if not len(x):
            return np.empty(0)
        values = self.booster.predict(
            x, start_iteration=start, num_iteration=rounds, raw_score=True, num_threads=self.threads
        )
        return np.asarray(values, np.float64)


@dataclass(frozen=True, slots=True)
class LightGBM:
    name: str = "LightGBM"
    can_lead: bool = False

    @property
    def available(self) -> bool:
        return importlib.util.find_spec("lightgbm") is not None

    def options(self, rows: int) -> Options:
        common = {"objective": "binary", "verbosity": -1, "deterministic": True, "force_row_wise": True}
        common |= {"feature_fraction": 0.7, "lambda_l2": 1.0, "bagging_freq": 1, "bagging_fraction": 0.9}
        if rows < SMALL:
            small = {"num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 10, "num_threads": 1}
            return Options(common | small, folds=8, most_rounds=400, every=5)
        large = {"num_leaves": 31, "learning_rate": 0.06, "min_data_in_leaf": 50, "num_threads": TRAINING_THREADS}
        return Options(common | large, folds=3, most_rounds=2_000, stops_early=True, every=10)

    def space(self, draw: Draw) -> dict[str, Any]:
        return {
            "learning_rate": draw.suggest_float("learning_rate", 0.03, 0.2, log=True),
            "num_leaves": draw.suggest_int("num_leaves", 7, 127, log=True),
            "min_data_in_leaf": draw.suggest_int("min_data_in_leaf", 5, 200, log=True),
            "feature_fraction": draw.suggest_float("feature_fraction", 0.4, 1),
            "bagging_fraction": draw.suggest_float("bagging_fraction", 0.5, 1),
            "lambda_l2": draw.suggest_float("lambda_l2", 0.1, 30, log=True),
        }

    def note(self, rows: int) -> str:  # noqa: ARG002
        return ""

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share) -> Watched:
        leaves, curve, every = _light(seen, options, seed), list[float](), options.every
        margins = np.zeros(len(unseen))
        for rounds in range(every, options.most_rounds + 1, every):
            _grow(leaves.booster, every)
            margins += leaves.added(unseen, rounds - every, every)
            curve.append(judge(margins))
            told(rounds / options.most_rounds)
            if options.over(curve):
                break
        return Watched(curve, lambda steps: leaves.after(unseen, steps * every))

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share) -> Leaves:
        leaves, most = _light(rows, options, seed), rounds or options.most_rounds
        for done in range(most):
            _grow(leaves.booster, 1)
            told((done + 1) / most)
        return leaves


def _light(rows: Rows, options: Options, seed: int) -> Leaves:
    import lightgbm  # noqa: PLC0415 - an extra: it may not be there

    parameters = {**options.parameters, "seed": seed}
    categories: Any = rows.categories or "auto"
    data = lightgbm.Dataset(
        rows.x, rows.y, weight=rows.weight, params=parameters, categorical_feature=categories
    )  # fmt: skip
    return Leaves(lightgbm.Booster(parameters, data), options.parameters["num_threads"])


def _grow(booster: lightgbm.Booster, rounds: int) -> None:
    for _ in range(rounds):
        booster.update()
