"""A fitted booster of XGBoost: what it says of users, how it is stored, and how it grows on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from core.model import tree_check
from core.model.learner import Matrix, Rows, Strongest

if TYPE_CHECKING:
    import xgboost as xgb

    from core.model.shap_values import ShapValues

#: Rows for which tables that are not kept are worth to be made: seconds, for trees of depth 8.
_PAYS: Final = 2_000
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Trees:
    """A `Predictor` and an `Explainer`, just grown or of a file (`content`). Sliced, it is that of some of its rounds.

    Those of a file are scored with tables, which give the same bits as XGBoost several times as fast; the library,
    whose import takes a second, is not even loaded. For trees that were just grown it is there already, and faster.
    """

    own: xgb.Booster | None = None
    content: bytes | None = None

    @cached_property
    def booster(self) -> xgb.Booster:
        """As XGBoost knows it. Raises ValueError when it cannot read the file, though the file is sound."""
        if self.own is not None:
            return self.own
        import xgboost as xgb  # noqa: PLC0415

        booster = xgb.Booster()
        try:
            booster.load_model(bytearray(self.content or b""))
        except xgb.core.XGBoostError as error:
            # The first line is meant for people, and the others are its stack.
            raise ValueError(str(error).partition("\n")[0]) from error
        return booster

    def __getitem__(self, rounds: slice) -> Trees:
        return Trees(self.booster[rounds])

    @property
    def rounds(self) -> int:
        return int(self.booster.num_boosted_rounds())

    @cached_property
    def _by_tables(self) -> ShapValues | None:
        """None for trees that there are no tables for: too deep, or not such as this program grows."""
        from core.model.shap_values import ShapValues  # noqa: PLC0415 - the compiler is half a second's import

        with contextlib.suppress(ValueError):
            return ShapValues.of(tree_check.forest(self.content or bytes(self.booster.save_raw("ubj"))))
        return None

    def margin(self, x: Matrix) -> Floats32:
        if not len(x):
            return np.empty(0, np.float32)
        if self.content is not None and (tables := self._by_tables) is not None and tables.tables is not None:
            return tables.margin(x)
        return np.asarray(self.booster.inplace_predict(x, predict_type="margin", missing=np.nan), np.float32)

    def after_each_round(self, x: Matrix) -> Floats32:
        """Margins after each round, (n, rounds): leaves are added in the numbers and the order of XGBoost."""
        import xgboost as xgb  # noqa: PLC0415

        forest = tree_check.forest(bytes(self.booster.save_raw("ubj")))
        leaf = self.booster.predict(xgb.DMatrix(x, missing=np.nan), pred_leaf=True).reshape(len(x), -1)
        values = forest.value[forest.first + leaf.astype(np.int64)]
        values[:, 0] += forest.base
        return np.cumsum(values, axis=1, dtype=np.float32)

    def contributions(self, x: Matrix) -> Floats32:
        if (tables := self._explains(len(x))) is not None:
            return tables.contributions(x)
        if not len(x):
            return np.empty(x.shape, np.float32)
        import xgboost as xgb  # noqa: PLC0415

        values = self.booster.predict(xgb.DMatrix(x, missing=np.nan), pred_contribs=True)
        return np.asarray(values[:, :-1], np.float32)

    def strongest(self, x: Matrix, k: int) -> tuple[Floats32, Strongest]:
        if (tables := self._explains(len(x))) is not None:
            return tables.strongest(x, k)
        return self.margin(x), Strongest.of(self.contributions(x), k)

    def _explains(self, rows: int) -> ShapValues | None:
        """The tables, where they are faster than XGBoost's own algorithm for so many rows."""
        tables = self._by_tables
        return tables if tables is not None and (tables.tables is not None or rows >= _PAYS) else None

    def bias(self, features: int) -> float:
        """XGBoost's own expected margin: the constant that contributions are added to, in log-odds."""
        import xgboost as xgb  # noqa: PLC0415

        blank = xgb.DMatrix(np.full((1, features), np.nan, np.float32))
        return float(self.booster.predict(blank, pred_contribs=True)[0, -1])

    def reloaded(self) -> Trees:
        """As it is when loaded: a booster just trained remembers how many threads it was trained with."""
        return loaded(bytes(self.booster.save_raw("ubj")))

    def save(self, path: Path) -> None:
        # The library itself would say in words of its own, and as a bug, that the disk is full.
        path.write_bytes(self.content or self.booster.save_raw("ubj"))

    def classifier(self) -> xgb.XGBClassifier:
        """As scikit-learn knows it, for others to use."""
        import xgboost as xgb  # noqa: PLC0415

        classifier = xgb.XGBClassifier()
        classifier.load_model(bytearray(self.booster.save_raw("ubj")))
        return classifier

    def grown(
        self, rows: Rows, parameters: Mapping[str, Any], chunks: int,
        over: Callable[[Trees], bool] = lambda _trees: False, *, batch: int, seed: int,
    ) -> list[Trees]:  # fmt: skip
        """These trees, and what they grow to after each chunk of `batch` more, until it is over."""
        import xgboost as xgb  # noqa: PLC0415

        users, grown = _matrix(rows), [self]
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
    import xgboost as xgb  # noqa: PLC0415

    return Trees(
        xgb.train(
            dict(parameters), _matrix(rows), num_boost_round=rounds, callbacks=list(callbacks), verbose_eval=False
        )
    )  # fmt: skip


def _matrix(rows: Rows) -> xgb.QuantileDMatrix:
    import xgboost as xgb  # noqa: PLC0415

    if not rows.levels:
        return xgb.QuantileDMatrix(rows.x, rows.y, weight=rows.weight)
    kinds = ["c" if levels else "q" for levels in rows.levels]
    return xgb.QuantileDMatrix(rows.x, rows.y, weight=rows.weight, feature_types=kinds, enable_categorical=True)


def loaded(content: bytes) -> Trees:
    """The trees of a file that is sound. Raises ValueError, with a clause that says what is wrong, unless it is."""
    tree_check.features(content)
    return Trees(content=content)
