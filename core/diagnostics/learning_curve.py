"""Would more users help? PR-AUC on the test part against how many of the others a model learnt from.

Smaller sets are inside larger ones, by another hash of the user than that of the test part, and all are judged on the
same test part, so that what more users add is known better than either figure. One model is fitted for each number, by
the same recipe: chance in fitting is not in the intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import split
from core.data.datasets import Dataset
from core.data.split import Split
from core.diagnostics.diagnosis import Diagnoses
from core.evaluation import resample, subsample
from core.evaluation.difference import short
from core.evaluation.estimate import Estimate
from core.evaluation.resample import Costs, Floats, Sorted
from core.jobs import Report
from core.model import encoding
from core.model.encoding import Encoding
from core.model.learner import Labels, Matrix, Progress
from core.ports import DatasetStore
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.training import crossfit, train, training
from core.training.stacking import NO_TEXTS, Texts
from core.wording import count

SHARES: Final = (0.05, 0.1, 0.25, 0.5, 1.0)
#: PR-AUC below which a gain is not worth twice the users.
LITTLE: Final = 0.005
REPLICATES: Final = 400
KIND: Final = "learning_curve"
#: Results are of a dataset and the recipe, of no version.
ANY: Final = "any"
_PRIME: Final = 999_983
Bools = npt.NDArray[np.bool_]
#: Probabilities of the test part's users by a model that learns from the users of a mask (n,), none of them tested.
Learn = Callable[[Bools, Progress], Floats]


@dataclass(frozen=True, slots=True)
class Point:
    """A model that learnt from `n` users, `share` of all it might; `gained`: its PR-AUC minus that of the point before,
    paired, without a value for the first.
    """

    share: float
    n: int
    positives: int
    pr_auc: Estimate
    gained: Estimate


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Points in ascending numbers of users, judged on the `n` users of the test part. `left_out`: shares with too few
    spammers to learn from.
    """

    name: str
    n: int
    positives: int
    points: tuple[Point, ...]
    left_out: tuple[float, ...]
    seed: int

    @property
    def sentence(self) -> str:
        """Whether more users would help, by the last step."""
        if len(self.points) < 2:
            return f"{self.name} has too few spammers for a learning curve."
        before, last = self.points[-2:]
        value, low, high = last.gained.value or 0.0, last.gained.low, last.gained.high
        if low is None or high is None:
            return f"{self.name} has too few spammers to tell whether more users would help."
        said = f"From {before.n:,} to {last.n:,} users PR-AUC "
        value, low, high = (round(each, 4) for each in (value, low, high))
        if low > 0:
            return said + f"rose by {short(value)} (95 % {short(low)} to {short(high)}): more users would help."
        ends = f"{short(value)} (95 % {short(low)} to {short(high)})"
        if high < LITTLE:
            return said + f"changed by {ends}: it has levelled off."
        return said + f"changed by {ends}: these users cannot tell whether more would help."

    def frame(self) -> pd.DataFrame:
        """A row for each point: share, users, spammers, pr_auc and gained, with the ends of their intervals."""
        return pd.DataFrame(
            {"share": each.share, "users": each.n, "spammers": each.positives,
             "pr_auc": each.pr_auc.value, "pr_auc_low": each.pr_auc.low, "pr_auc_high": each.pr_auc.high,
             "gained": each.gained.value, "gained_low": each.gained.low, "gained_high": each.gained.high}
            for each in self.points
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": self.sentence}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> LearningCurve:
        points = tuple(_point(each) for each in raw["points"])
        return cls(raw["name"], raw["n"], raw["positives"], points, tuple(raw["left_out"]), raw["seed"])


def place(keys: split.Keys) -> Floats:
    """Where each user stands in the order of learning, (n,) from 0 to 1: a set of share s is all below s."""
    return (keys % np.uint64(_PRIME)).astype(np.float64) / _PRIME


def curve(
    label: Labels,
    users: split.Parts | split.Keys,
    learn: Learn,
    *,
    name: str,
    seed: int = 0,
    shares: Sequence[float] = SHARES,
    progress: Progress = lambda _what, _share: None,
) -> LearningCurve:
    """Learn from more and more of the users with label (n,) that are not in the test part; users as for `train.fit`.

    Shares (ascending) that hold fewer than 30 users of a class are left out. Raises TooFewRowsError when all are, or
    when a class is absent from the test part.
    """
    parts = users if isinstance(users, split.Parts) else split.Parts.alone(users)
    test, order = parts.judging, place(parts.place)
    crossfit.both_classes(label[test], f"the test part of {name}")
    crossfit.both_classes(label[~parts.test], f"the part of {name} to learn from", fewest=train.FEWEST)
    tried: list[_Tried] = []
    for at, share in enumerate(shares):
        chosen = ~parts.test & (order < share)
        if min(int(label[chosen].sum()), int((1 - label[chosen]).sum())) >= train.FEWEST:
            told = _Told(progress, shares, at, f"Learning from {count(int(chosen.sum()), 'user')}")
            tried.append(_Tried(share, chosen, learn(chosen, told)))
    points = _points(label, test, tried, seed)
    left_out = tuple(share for share in shares if share not in {each.share for each in tried})
    return LearningCurve(name, int(test.sum()), int(label[test].sum()), points, left_out, seed)


def by_recipe(
    features: Matrix, label: Labels, users: split.Parts | split.Keys, *, name: str, seed: int,
    levels: tuple[int, ...] = (), texts: Texts = NO_TEXTS,
) -> Learn:  # fmt: skip
    """The way versions are trained: XGBoost with rounds and calibration chosen by cross-fitting."""
    parts = users if isinstance(users, split.Parts) else split.Parts.alone(users)

    def learn(chosen: Bools, progress: Progress) -> Floats:
        rows = chosen | parts.judging  # the fit sets the test part aside itself
        of_rows = parts.only(rows)
        return train.fit(
            features[rows], label[rows], of_rows, {}, name=name, levels=levels,
            texts=texts.only(rows) if texts else texts, seed=seed, progress=progress,
        ).score  # fmt: skip

    return learn


@dataclass(frozen=True, slots=True, eq=False)
class LearningCurves:
    """Learning curves of the datasets of a home."""

    datasets: DatasetStore
    diagnoses: Diagnoses
    split: Split
    schema_file: Path

    def of_dataset(
        self, dataset: Dataset, schema: Schema,
        *, seed: int = 0, shares: Sequence[float] = SHARES, progress: Progress = lambda _what, _share: None,
    ) -> LearningCurve:  # fmt: skip
        """The learning curve of a labelled dataset. Raises SchemaError without a label, and as `curve` does."""
        frame = self.datasets.frame(dataset.id)
        frame = frame[~np.isnan(training.labels(frame, schema))]
        label, parts = training.labels(frame, schema), self.split.parts(frame, schema)
        words = encoding.learnt(frame, schema, ~parts.test)
        features, texts = Encoding(words).matrix(frame, schema.names), Texts.of_frame(frame, schema, schema.names)
        sizes = encoding.sizes(schema.names, words)
        learn = by_recipe(features, label, parts, name=dataset.name, seed=seed, levels=sizes, texts=texts)
        return curve(label, parts, learn, name=dataset.name, seed=seed, shares=shares, progress=progress)

    def learning_curve_stored(
        self, report: Report, *, dataset: str, seed: int = 0, shares: Sequence[float] = SHARES
    ) -> None:  # fmt: skip
        """The job behind a page: learn from more and more of a stored dataset and keep the result."""
        report(0, 0, "Reading the users")
        learning_curve = self.of_dataset(
            self.datasets.find(dataset), schemas.load(self.schema_file), seed=seed, shares=shares,
            progress=lambda what, share: report(round(1000 * share), 1000, what),
        )  # fmt: skip
        self.diagnoses.keep(ANY, dataset, KIND, learning_curve.as_json())

    def stored(self, dataset: str) -> LearningCurve | None:
        """What `learning_curve_stored` found, or None."""
        raw = self.diagnoses.kept(ANY, dataset, KIND)
        return None if raw is None else LearningCurve.from_json(raw)


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """The scores of the test part by a model that learnt from the chosen users (n,)."""

    share: float
    chosen: Bools
    score: Floats


class _Told:
    """Tells of one fit among several: those before are done, and each takes as long as it has users."""

    def __init__(self, progress: Progress, shares: Sequence[float], at: int, what: str) -> None:
        self._tell, self._what = progress, what
        self._from, self._to = (sum(shares[:end]) / sum(shares) for end in (at, at + 1))
        self._step, self._steps = "", 0

    def __call__(self, what: str, share: float) -> None:
        if what != self._step:
            self._step, self._steps = what, self._steps + 1
        # How many steps of how long a fit takes is only known at its end: each gets 3 tenths of what is left.
        within = 1 - 0.7 ** (self._steps - 1 + share)
        self._tell(f"{self._what} · {what}", self._from + (self._to - self._from) * within)


def _points(label: Labels, test: Bools, tried: Sequence[_Tried], seed: int) -> tuple[Point, ...]:
    models = [Sorted(label[test], each.score, {}, Costs()) for each in tried]
    over = resample.replicate(models, seed=seed, replicates=REPLICATES)["pr_auc"]
    ones = np.ones(int(test.sum()), np.int64)
    values = [model.figures(ones)["pr_auc"] for model in models]
    gained = [Estimate(None, None, None)]
    gained += [subsample.estimate(values[at] - values[at - 1], over[at] - over[at - 1]) for at in range(1, len(tried))]
    return tuple(
        Point(
            each.share, int(each.chosen.sum()), int(label[each.chosen].sum()),
            subsample.estimate(value, drawn, low=0.0), step,
        )
        for each, value, drawn, step in zip(tried, values, over, gained, strict=True)
    )  # fmt: skip


def _point(raw: Mapping[str, Any]) -> Point:
    figures = Estimate.from_json(raw["pr_auc"]), Estimate.from_json(raw["gained"])
    return Point(raw["share"], raw["n"], raw["positives"], *figures)
