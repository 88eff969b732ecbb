"""Boosting with XGBoost round by round: judged on the way, told of, and ended early."""

from __future__ import annotations

import xgboost as xgb

from core.model import downsample
from core.model.learner import Judge, Matrix, Options, Rows, Share
from core.model.trees import Trees, trained


def boost(
    rows: Rows, options: Options, seed: int, rounds: int, callbacks: list[xgb.callback.TrainingCallback]
) -> Trees:
    """Grow trees in so many rounds, from large sets from those users who say most."""
    return trained(downsample.lighter(rows, seed), {**options.parameters, "seed": seed}, rounds, callbacks)


class Watch(xgb.callback.TrainingCallback):
    """Judges the rows left out every so many rounds, and ends the training when they are not judged better any more."""

    def __init__(self, unseen: Matrix, judge: Judge, options: Options) -> None:
        # A matrix that is kept remembers its margins, so that only the new rounds are added.
        self._unseen, self._judge, self._options = xgb.DMatrix(unseen), judge, options
        self.curve: list[float] = []
        super().__init__()

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: object) -> bool:  # noqa: ARG002
        if (epoch + 1) % self._options.every:
            return False
        self.curve.append(self._judge(model.predict(self._unseen, output_margin=True)))
        return self._options.over(self.curve)


class Told(xgb.callback.TrainingCallback):
    """Reports progress after each round; what the listener raises ends the training."""

    def __init__(self, told: Share, rounds: int) -> None:
        self._told, self._rounds = told, rounds
        super().__init__()

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: object) -> bool:  # noqa: ARG002
        self._told(min((epoch + 1) / self._rounds, 1.0))
        return False
