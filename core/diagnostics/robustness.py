"""What becomes of a version when values go missing, are wrong, or a feature is not there at all.

The same users with and without the disturbance, so that what is lost is known better than either figure. None of
this changes the model: a version trained for missing values could do better (see `warnings`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from core.comparison.common_rows import CommonRows
from core.comparison.flips import severity
from core.data.datasets import Dataset
from core.diagnostics import diagnosis
from core.diagnostics.diagnosis import Diagnoses
from core.diagnostics.disturb import Chance, differs
from core.evaluation import subsample
from core.evaluation.difference import short
from core.evaluation.estimate import Estimate
from core.evaluation.metrics import FEW, Thresholds
from core.evaluation.resample import Costs, Floats, Ints, Sorted
from core.jobs import Report
from core.model.learner import Matrix
from core.ports import DatasetStore
from core.registry.registry import Model, Registry
from core.schema import schema as schemas
from core.schema.schema import Column, Schema
from core.scoring.scorer import Scorer
from core.wording import NARROW, count, percent

Kind = Literal["missing", "swapped", "jittered", "dropped"]
Progress = Callable[[int, int], None]
#: Probabilities (m,) of features (m, f).
Predict = Callable[[Matrix], Floats]
#: Shares of the values, and of a feature's spread, up to what no file should be used with.
LEVELS: Final = (0.01, 0.05, 0.1, 0.2, 0.5)
FIGURES: Final = ("pr_auc", "roc_auc", "precision", "recall")
#: The share of missing values that the sentence is about: a file with more of them needs mending first.
TOLD: Final = 0.1
KIND: Final = "robustness"


@dataclass(frozen=True, slots=True)
class Step:
    """One disturbance: `amount` of it (1 for a dropped feature), `feature` if it is about one.

    figures: PR-AUC, ROC-AUC, precision and recall under it; lost: the undisturbed ones minus these, paired; moved: the
    share of users whose band changes.
    """

    kind: Kind
    amount: float
    feature: str
    figures: Mapping[str, Estimate]
    lost: Mapping[str, Estimate]
    moved: Estimate

    def as_json(self) -> dict[str, Any]:
        told = {"figures": subsample.as_json(self.figures), "lost": subsample.as_json(self.lost)}
        return {"kind": self.kind, "amount": self.amount, "feature": self.feature, **told,
                "moved": self.moved.as_json()}  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Step:
        figures, lost = subsample.from_json(raw["figures"]), subsample.from_json(raw["lost"])
        return cls(raw["kind"], raw["amount"], raw["feature"], figures, lost, Estimate.from_json(raw["moved"]))


@dataclass(frozen=True, slots=True)
class Robustness:
    """All disturbances of one version on n users. `band`, `above`: where precision and recall are taken.

    `undisturbed` are the figures without any; `rows`, `notes` and `warnings` are sentences: on whom, how it was worked
    out, and why it is as it is.
    """

    version: str
    n: int
    positives: int
    band: str
    above: float
    undisturbed: Mapping[str, Estimate]
    steps: tuple[Step, ...]
    seed: int
    rows: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def dropped(self) -> tuple[Step, ...]:
        """A step for each feature taken away, that which costs most PR-AUC first."""
        steps = [step for step in self.steps if step.kind == "dropped"]
        return tuple(sorted(steps, key=lambda step: -(step.lost["pr_auc"].value or 0.0)))

    @property
    def sentence(self) -> str:
        """What is lost with a tenth of the values missing, and without the feature that matters most."""
        step = next(step for step in self.steps if step.kind == "missing" and step.amount == TOLD)
        moved = "" if step.moved.value is None else f", and {percent(step.moved.value)} of the users change band"
        said = (
            f"With {100 * TOLD:.0f}{NARROW}% of the values missing {self.version} {_loses(step.lost['pr_auc'])}{moved}."
        )
        worst = self.dropped()[:1]
        return said + "".join(
            f" Without {each.feature}, which matters most, it {_loses(each.lost['pr_auc'])}." for each in worst
        )

    def frame(self) -> pd.DataFrame:
        """A row for each step, undisturbed first: kind, amount, feature, each figure, what is lost of it and the share
        of users who change band, all with the ends of their intervals.
        """
        none = Estimate(0.0, 0.0, 0.0)
        first = Step("missing", 0.0, "", self.undisturbed, dict.fromkeys(FIGURES, none), none)
        return pd.DataFrame([_cells(each) for each in (first, *self.steps)])

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "sentence": self.sentence,
            "undisturbed": subsample.as_json(self.undisturbed),
            "steps": [step.as_json() for step in self.steps],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Robustness:
        told = {name: raw[name] for name in ("version", "n", "positives", "band", "above", "seed", "rows")}
        return cls(
            undisturbed=subsample.from_json(raw["undisturbed"]), steps=tuple(map(Step.from_json, raw["steps"])),
            notes=tuple(raw["notes"]), warnings=tuple(raw["warnings"]), **told,
        )  # fmt: skip


def measure(  # noqa: PLR0913 - the users, how they are scored, and what that leads to
    features: Matrix,
    label: Floats,
    weight: Ints,
    columns: Sequence[Column],
    predict: Predict,
    thresholds: Thresholds,
    *,
    band: str,
    seed: int,
    replicates: int = subsample.DRAWS,
    progress: Progress = lambda _done, _of: None,
) -> tuple[dict[str, Estimate], tuple[Step, ...]]:
    """The undisturbed figures, and a step for each disturbance, of users with features (m, f) and label (m,).

    Each user stands for `weight` (m,) users. columns (f,): what the features are; thresholds: band -> score above which
    it begins, of which precision and recall are taken at `band`.
    """
    chance = Chance(features, weight, seed=seed)
    asked: list[tuple[Kind, float, int | None]] = [
        (kind, share, None) for kind in ("missing", "swapped", "jittered") for share in LEVELS
    ]
    asked += [("dropped", 1.0, at) for at in range(len(columns))]
    times = subsample.draws(len(label), seed=seed, replicates=replicates)
    before = _Judged(label, weight, predict(features), thresholds, band, times)
    steps = []
    for done, (kind, share, at) in enumerate(asked):
        progress(done, len(asked))
        spoilt = chance.dropped(at) if at is not None else _spoilt(chance, kind, share, columns)
        after = _Judged(label, weight, rescored(features, spoilt, before.score, predict), thresholds, band, times)
        name = "" if at is None else columns[at].name
        steps.append(Step(kind, share, name, after.figures(), after.lost(before), after.moved(before)))
    return before.figures(), tuple(steps)


def _spoilt(chance: Chance, kind: Kind, share: float, columns: Sequence[Column]) -> Matrix:
    if kind == "jittered":
        return chance.jittered(share, columns)
    return chance.missing(share) if kind == "missing" else chance.swapped(share)


def rescored(features: Matrix, changed: Matrix, score: Floats, predict: Predict) -> Floats:
    """Scores (m,) of changed features (m, f), given those of the features; rows that did not change are not asked."""
    rows = differs(features, changed)
    values = score.copy()
    if rows.any():
        values[rows] = predict(changed[rows])
    return values


@dataclass(frozen=True, slots=True, eq=False)
class RobustnessRuns:
    """Robustness of the versions of a home."""

    common_rows: CommonRows
    datasets: DatasetStore
    diagnoses: Diagnoses
    registry: Registry
    schema_file: Path

    def of_version(
        self, model: Model, dataset: Dataset, schema: Schema, thresholds: Thresholds,
        *, band: str, seed: int = 0, progress: Progress = lambda _done, _of: None,
    ) -> Robustness:  # fmt: skip
        """How robust a version is on the labelled users of a dataset that it has not learnt from.

        Raises what `common_rows.rows` raises, and WrongFeaturesError when the dataset lacks a feature of the version.
        """
        rows = self.common_rows.rows((model,), dataset, schema)
        sample = subsample.thin(rows.label, seed=seed)
        features = Scorer(model).matrix(rows.frame.iloc[sample.at])
        columns = [diagnosis.column(schema, feature) for feature in model.metadata.features]
        undisturbed, steps = measure(
            features, rows.label[sample.at], sample.weight, columns, diagnosis.predictor(model), thresholds, band=band,
            seed=seed, progress=progress,
        )  # fmt: skip
        return Robustness(
            model.version, len(rows.label), int(rows.label.sum()), band, thresholds[band], undisturbed, steps, seed,
            rows.sentence, tuple(filter(None, [sample.sentence])), tuple(filter(None, [never_missing(model)])),
        )  # fmt: skip

    def robustness_stored(
        self, report: Report, *, version: str, dataset: str, thresholds: dict[str, float], band: str,
        seed: int = 0,
    ) -> None:  # fmt: skip
        """The job behind a page: measure a version on a stored dataset and keep the result."""
        report(0, 0, "Reading the users")
        robustness = self.of_version(
            self.registry.load(version), self.datasets.find(dataset), schemas.load(self.schema_file),
            thresholds, band=band, seed=seed, progress=lambda done, of: report(done, of, "Disturbing values"),
        )  # fmt: skip
        self.diagnoses.keep(version, dataset, KIND, robustness.as_json())

    def stored(self, version: str, dataset: str, *, above: float) -> Robustness | None:
        """What `robustness_stored` found with this threshold, or None."""
        raw = self.diagnoses.kept(version, dataset, KIND)
        return Robustness.from_json(raw) if raw is not None and raw["above"] == above else None


def never_missing(model: Model) -> str:
    """A warning where missing values are new to a version; "" where it has learnt from some of every feature."""
    varying = [feature for feature in model.metadata.features if not feature.constant]
    whole = sum(feature.missing == 0 for feature in varying)
    if not whole:
        return ""
    return (
        f"No value of {whole} of {count(len(varying), 'feature')} was missing when {model.version} learnt: where one "
        "is missing now, its trees go a way that no user has gone in training."
    )


class _Judged:
    """Users with one set of scores (m,), and its figures over the draws."""

    def __init__(
        self, label: Floats, weight: Ints, score: Floats, thresholds: Thresholds, band: str, times: Any
    ) -> None:
        self.label, self.weight, self.score, self.times = label, weight, score, times
        self.flagged, self.band = score > thresholds[band], severity(score, thresholds)
        model = Sorted(label, score, {band: thresholds[band]}, Costs())
        self.value = {_plain(name): value for name, value in model.figures(weight).items()}
        self.over = {_plain(name): values for name, values in subsample.drawn(model, weight, times).items()}

    def figures(self) -> dict[str, Estimate]:
        found = {name: subsample.estimate(self.value[name], self.over[name], low=0.0) for name in FIGURES}
        right = int((self.flagged & (self.label == 1)).sum())
        for name, of in (("precision", int(self.flagged.sum())), ("recall", int(self.label.sum()))):
            if min(right, of - right) < FEW:  # a resampled interval of so few would be too short
                found[name] = Estimate(found[name].value, None, None)
        return found

    def lost(self, before: _Judged) -> dict[str, Estimate]:
        """The figures before minus these; without an interval where too few flags differ for one."""
        found = {
            name: subsample.estimate(before.value[name] - self.value[name], before.over[name] - self.over[name])
            for name in FIGURES
        }
        changed = self.flagged != before.flagged
        deciding = {"precision": changed, "recall": changed & (self.label == 1)}
        for name, rows in deciding.items():
            if 0 < np.count_nonzero(rows) < FEW:
                found[name] = Estimate(found[name].value, None, None)
        return found

    def moved(self, before: _Judged) -> Estimate:
        return subsample.share(self.band != before.band, self.weight, self.times, few=FEW)


def _plain(name: str) -> str:
    """The name of a figure without its band."""
    return name.rpartition(" ")[2]


def _loses(lost: Estimate) -> str:
    """'loses 0.042 PR-AUC (95 % 0.035 to 0.050)', or that nothing is lost beyond chance."""
    if lost.value is None or lost.low is None or lost.high is None:
        return "cannot be judged"
    ends = f"(95 % {short(lost.low)} to {short(lost.high)})"
    if lost.low > 0:
        return f"loses {short(lost.value)} PR-AUC {ends}"
    if lost.high < 0:
        return f"gains {short(-lost.value)} PR-AUC (95 % {short(-lost.high)} to {short(-lost.low)})"
    return f"loses no PR-AUC beyond chance {ends}"


def _cells(step: Step) -> dict[str, Any]:
    parts = {"": step.figures, "lost_": step.lost}
    found: dict[str, Any] = {"kind": step.kind if step.amount else "undisturbed", "amount": step.amount,
                             "feature": step.feature}  # fmt: skip
    for start, figures in parts.items():
        for name, each in figures.items():
            found |= _ends(f"{start}{name}", each)
    return found | _ends("moved", step.moved)


def _ends(name: str, each: Estimate) -> dict[str, float | None]:
    return {name: each.value, f"{name}_low": each.low, f"{name}_high": each.high}
