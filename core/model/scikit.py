"""Families of scikit-learn, for comparison: logistic regression, two forests, histogram gradient boosting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn itself stands on it

from core.model.learner import SMALL, Judge, Matrix, Options, Rows, Share, Watched
from core.ports import Draw
from core.settings import TRAINING_THREADS
from core.wording import count

# The library is imported by whoever learns: whoever only scores need not wait for it.
if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]
#: Users that a tree of a forest learns from, drawn anew for each: on more, forests take minutes and gain nothing.
MOST_DRAWN: Final = 50_000
TREES: Final = 300
#: Trees, or rounds, between two looks at whether somebody cancelled.
STEP: Final = 25


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A fitted pipeline whose last step is a logistic regression; `levels` as of `Rows`."""

    pipeline: Pipeline
    levels: tuple[int, ...] = ()

    def margin(self, x: Matrix) -> Floats:
        if not len(x):
            return _none()
        return np.asarray(self.pipeline.decision_function(spread(x, self.levels).astype(np.float64)), np.float64)


@dataclass(frozen=True, slots=True)
class Logistic:
    """Missing values become the median and a column that says so; counts are put on a logarithmic scale, and each level
    of a category has a column of its own.
    """

    name: str = "Logistic regression"
    can_lead: bool = False
    available: bool = True

    def options(self, rows: int) -> Options:
        return Options({"C": 1.0}, folds=_folds(rows))

    def space(self, draw: Draw) -> dict[str, Any]:
        return {"C": draw.suggest_float("C", 1e-4, 100, log=True)}

    def note(self, rows: int) -> str:  # noqa: ARG002
        return ""

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share) -> Watched:
        return _at_once(self.fitted(seen, options, seed, None, told).margin(unseen), judge)

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share) -> Linear:  # noqa: ARG002
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

        told(0.0)
        pipeline = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            FunctionTransformer(_signed_log),
            StandardScaler(),
            LogisticRegression(**options.parameters, solver="newton-cholesky", max_iter=200),
        )
        x = spread(rows.x, rows.levels).astype(np.float64)
        pipeline.fit(x, rows.y, logisticregression__sample_weight=rows.weight)
        told(1.0)
        return Linear(pipeline, rows.levels)


def spread(x: Matrix, levels: tuple[int, ...]) -> Matrix:
    """Columns (n, f) with those of categories as a column of 0 and 1 for each level, all 0 where it is missing.

    >>> spread(np.array([[5, 1], [6, np.nan]], np.float32), (0, 2)).tolist()
    [[5.0, 0.0, 1.0], [6.0, 0.0, 0.0]]
    """
    if not levels:
        return x
    columns = [
        (x[:, [at]] == np.arange(size)).astype(np.float32) if size else x[:, [at]] for at, size in enumerate(levels)
    ]
    return np.concatenate(columns, axis=1)


def _signed_log(x: Floats) -> Floats:
    return np.sign(x) * np.log1p(np.abs(x))


@dataclass(frozen=True, slots=True, eq=False)
class Grove:
    """A fitted forest: the log-odds of the mean of its trees, kept off 0 and 1 by half a tree."""

    forest: Any
    levels: tuple[int, ...] = ()

    def margin(self, x: Matrix) -> Floats:
        if not len(x):
            return _none()
        # On one thread: on several, the order in which trees are added decides the last bit.
        share = self.forest.set_params(n_jobs=1).predict_proba(spread(x, self.levels))[:, 1]
        trees = self.forest.n_estimators
        return np.asarray(logit((share * trees + 0.5) / (trees + 1)), np.float64)


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees, each on a draw of users, that see missing values as missing and each level of a category as a column."""

    name: str
    kind: Literal["RandomForestClassifier", "ExtraTreesClassifier"]
    can_lead: bool = False
    available: bool = True

    def options(self, rows: int) -> Options:
        return Options({"n_estimators": TREES, "min_samples_leaf": 3, "max_features": 0.3}, folds=_folds(rows))

    def space(self, draw: Draw) -> dict[str, Any]:
        return {
            "min_samples_leaf": draw.suggest_int("min_samples_leaf", 1, 40, log=True),
            "max_features": draw.suggest_float("max_features", 0.1, 1),
        }

    def note(self, rows: int) -> str:
        if rows <= MOST_DRAWN:
            return ""
        return f"Each of its trees learnt from {MOST_DRAWN:,} users, drawn for it from all {count(rows, 'user')}."

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share) -> Watched:
        return _at_once(self.fitted(seen, options, seed, None, told).margin(unseen), judge)

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share) -> Grove:  # noqa: ARG002
        from sklearn import ensemble

        drawn, x = min(len(rows.y), MOST_DRAWN), spread(rows.x, rows.levels)
        forest = getattr(ensemble, self.kind)(
            **options.parameters, bootstrap=True, max_samples=drawn, n_jobs=TRAINING_THREADS, random_state=seed,
            warm_start=True,
        )  # fmt: skip
        trees = options.parameters["n_estimators"]
        for grown in [*range(STEP, trees, STEP), trees]:
            forest.set_params(n_estimators=grown).fit(x, rows.y, sample_weight=rows.weight)
            told(grown / trees)
        return Grove(forest, rows.levels)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """A histogram gradient boosting, fitted round by round. `empty` (f,): columns without any value learnt from."""

    model: HistGradientBoostingClassifier
    empty: npt.NDArray[np.bool_]
    threads: int

    @classmethod
    def of(cls, rows: Rows, options: Options, seed: int) -> Histogram:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            **options.parameters, early_stopping=False, warm_start=True, random_state=seed,
            categorical_features=rows.categories or None,
        )  # fmt: skip
        # Fixed, as for XGBoost: the order in which threads sum decides the last bit.
        threads = 1 if len(rows.y) < SMALL else TRAINING_THREADS
        return cls(model, np.asarray(np.isnan(rows.x).all(axis=0)), threads)

    def grow(self, rows: Rows, rounds: int) -> None:
        """Learn on, up to so many rounds in all, from the same rows as before."""
        with threadpool_limits(self.threads):
            self.model.set_params(max_iter=rounds).fit(self._filled(rows.x), rows.y, sample_weight=rows.weight)

    def margin(self, x: Matrix) -> Floats:
        if not len(x):
            return _none()
        with threadpool_limits(self.threads):
            return np.asarray(self.model.decision_function(self._filled(x)), np.float64)

    def _filled(self, x: Matrix) -> Matrix:
        """It cannot bin a column without values: one value for all says as little."""
        return np.where(self.empty, np.float32(0), x) if self.empty.any() else x


@dataclass(frozen=True, slots=True)
class HistogramBoosting:
    name: str = "Histogram gradient boosting"
    can_lead: bool = False
    available: bool = True

    def options(self, rows: int) -> Options:
        common = {"max_features": 0.7, "l2_regularization": 1.0}
        if rows < SMALL:
            small = {"learning_rate": 0.05, "max_leaf_nodes": 15, "min_samples_leaf": 10}
            return Options(common | small, folds=5, most_rounds=300, stops_early=True, every=STEP)
        large = {"learning_rate": 0.08, "max_leaf_nodes": 31, "min_samples_leaf": 50}
        return Options(common | large, folds=3, most_rounds=1_500, stops_early=True, every=STEP)

    def space(self, draw: Draw) -> dict[str, Any]:
        return {
            "learning_rate": draw.suggest_float("learning_rate", 0.03, 0.2, log=True),
            "max_leaf_nodes": draw.suggest_int("max_leaf_nodes", 7, 127, log=True),
            "min_samples_leaf": draw.suggest_int("min_samples_leaf", 5, 200, log=True),
            "max_features": draw.suggest_float("max_features", 0.3, 1),
            "l2_regularization": draw.suggest_float("l2_regularization", 0.01, 30, log=True),
        }

    def note(self, rows: int) -> str:  # noqa: ARG002
        return ""

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share) -> Watched:
        grown, margins, curve = Histogram.of(seen, options, seed), list[npt.NDArray[np.float32]](), list[float]()
        for rounds in range(options.every, options.most_rounds + 1, options.every):
            grown.grow(seen, rounds)
            margins.append(grown.margin(unseen).astype(np.float32))
            curve.append(judge(margins[-1]))
            told(rounds / options.most_rounds)
            if options.over(curve):
                break
        return Watched(curve, lambda steps: margins[min(steps, len(margins)) - 1])

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share) -> Histogram:
        grown, most = Histogram.of(rows, options, seed), rounds or options.most_rounds
        for done in [*range(options.every, most, options.every), most]:
            grown.grow(rows, done)
            told(done / most)
        return grown


def _at_once(margins: Floats, judge: Judge) -> Watched:
    return Watched([judge(margins)], lambda _steps: margins)


def _none() -> Floats:
    return np.empty(0)


def _folds(rows: int) -> int:
    return 5 if rows < SMALL else 3


RANDOM_FOREST: Final = Forest("Random forest", "RandomForestClassifier")
EXTRA_TREES: Final = Forest("Extra trees", "ExtraTreesClassifier")
