"""A fitted booster of XGBoost: what it says of users, how it is stored, and how it grows on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from core.model import tree_check
from core.model.learner import Matrix, Rows

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """A `Predictor`. Sliced, it is that of some of its rounds."""

    booster: xgb.Booster

    def __getitem__(self, rounds: slice) -> Trees:
        return Trees(self.booster[rounds])

    @property
    def rounds(self) -> int:
        return int(self.booster.num_boosted_rounds())

    def margin(self, x: Matrix) -> Floats32:
        if not len(x):
            return np.empty(0, np.float32)
        return np.asarray(self.booster.inplace_predict(x, predict_type="margin", missing=np.nan), np.float32)

    def contributions(self, x: Matrix) -> Floats32:
        """SHAP values by XGBoost's own algorithm, (n, f) -> (n, f): the faster one for few rows."""
        if not len(x):
            return np.empty(x.shape, np.float32)
        # So few rows are taken over before a second thread has woken.
        values = self.booster.predict(xgb.DMatrix(x, missing=np.nan, nthread=1), pred_contribs=True)
        return np.asarray(values[:, :-1], np.float32)

    def bias(self, features: int) -> float:
        """XGBoost's own expected margin: the constant that contributions are added to, in log-odds."""
        blank = xgb.DMatrix(np.full((1, features), np.nan, np.float32))
        return float(self.booster.predict(blank, pred_contribs=True)[0, -1])

    def on_one_thread(self) -> Trees:
        """The same; one user is scored by one thread before a second one has woken. No bit depends on it."""
        booster = self.booster.copy()
        booster.set_param({"nthread": 1})
        return Trees(booster)

    def reloaded(self) -> Trees:
        """As it is when loaded: a booster just trained remembers how many threads it was trained with."""
        return Trees(xgb.Booster(model_file=self.booster.save_raw()))

    def save(self, path: Path) -> None:
        # The library itself would say in words of its own, and as a bug, that the disk is full.
        path.write_bytes(self.booster.save_raw("ubj"))

    def classifier(self) -> xgb.XGBClassifier:
        """As scikit-learn knows it, for others to use."""
        classifier = xgb.XGBClassifier()
        classifier.load_model(bytearray(self.booster.save_raw("ubj")))
        return classifier

    def grown(
        self, rows: Rows, parameters: Mapping[str, Any], chunks: int,
        over: Callable[[Trees], bool] = lambda _trees: False, *, batch: int, seed: int,
    ) -> list[Trees]:  # fmt: skip
        """These trees, and what they grow to after each chunk of `batch` more, until it is over."""
        users, grown = xgb.QuantileDMatrix(rows.x, rows.y, weight=rows.weight), [self]
        for chunk in range(chunks):
            if over(grown[-1]):
                return grown
            # Each chunk with a seed of its own: otherwise all would draw the same users.
            settings = {**parameters, "seed": seed + chunk}
            more = xgb.train(
                settings, users, num_boost_round=batch, xgb_model=grown[-1].booster, verbose_eval=False
            )  # fmt: skip
            grown.append(Trees(more))
        over(grown[-1])
        return grown


def trained(rows: Rows, parameters: Mapping[str, Any], rounds: int, callbacks: Sequence[Any] = ()) -> Trees:
    """Grow trees in so many rounds; a callback of XGBoost may end it earlier."""
    matrix = xgb.QuantileDMatrix(rows.x, rows.y, weight=rows.weight)
    return Trees(
        xgb.train(
            dict(parameters), matrix, num_boost_round=rounds, callbacks=list(callbacks), verbose_eval=False
        )
    )  # fmt: skip


def loaded(content: bytes) -> Trees:
    """The trees of a file that is sound; what XGBoost reads are these very bytes.

    Raises ValueError, with a clause that says what is wrong, unless it is.
    """
    tree_check.features(content)
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(content))
    except xgb.core.XGBoostError as error:
        # The first line is meant for people, and the others are its stack.
        raise ValueError(str(error).partition("\n")[0]) from error
    return Trees(booster)
