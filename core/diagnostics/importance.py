"""How much a version needs each feature: what PR-AUC loses when its values are dealt out anew, beside mean |SHAP|.

Permutation importance (Breiman, Machine Learning 45, 2001, section 10; Fisher, Rudin and Dominici, JMLR 20:177, 2019,
call it model reliance) is about how well the version ranks users; SHAP is about how far it moves their scores, right
or wrong. Both are about this version, not about users: where two features say nearly the same, each looks less
important than what they say (Strobl et al., BMC Bioinformatics 9:307, 2008), and permuting one alone asks about users
that cannot be (Hooker, Mentch and Zhou, Statistics and Computing 31:82, 2021): near-copies are also permuted together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from core.comparison.common_rows import CommonRows
from core.data.datasets import Dataset
from core.diagnostics import diagnosis
from core.diagnostics.diagnosis import Diagnoses
from core.diagnostics.disturb import deal
from core.diagnostics.robustness import Predict, Progress, rescored
from core.errors import listed
from core.evaluation import subsample
from core.evaluation.difference import short
from core.evaluation.estimate import Estimate
from core.evaluation.resample import Costs, Floats, Ints, Sorted
from core.explore import pairs
from core.explore.quality import NEAR_COPY
from core.jobs import Report
from core.model.learner import Matrix
from core.ports import DatasetStore
from core.registry.registry import Model, Registry
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.scoring.scorer import Scorer

REPEATS: Final = 5
#: Rank correlation from which two rankings are called alike, and below which they are called different.
ALIKE, DIFFERENT = 0.8, 0.5
#: How many of the strongest features are held against each other.
TOP: Final = 10
KIND: Final = "importance"


@dataclass(frozen=True, slots=True)
class Permuted:
    """Features permuted together, mostly one: the PR-AUC lost, the mean of the repeats and its interval, and their
    standard deviation, which is that of chance in permuting alone; `shap`: the mean |SHAP| of the first, log-odds.
    """

    features: tuple[str, ...]
    lost: Estimate
    spread: float
    shap: float = 0.0


@dataclass(frozen=True, slots=True)
class Importance:
    """Every feature of a version on n users, and the groups of near-copies permuted together. `constant`: features that
    are the same for all of these users, about which nothing can be found out here.
    """

    version: str
    n: int
    positives: int
    pr_auc: float
    features: tuple[Permuted, ...]
    copies: tuple[Permuted, ...]
    constant: tuple[str, ...]
    repeats: int
    seed: int
    rows: str = ""
    notes: tuple[str, ...] = ()

    @property
    def varying(self) -> tuple[Permuted, ...]:
        """The features that are not the same for all of these users."""
        return tuple(each for each in self.features if each.features[0] not in self.constant)

    def strongest(self) -> tuple[Permuted, ...]:
        """The features, that which costs most PR-AUC first."""
        return tuple(sorted(self.features, key=lambda each: -(each.lost.value or 0.0)))

    @property
    def agreement(self) -> float:
        """Spearman's rank correlation of both importances, over the features that vary; NaN where there is none."""
        varying = self.varying
        lost, shap = rankdata([each.lost.value for each in varying]), rankdata([each.shap for each in varying])
        if len(varying) < 2 or not np.ptp(lost) or not np.ptp(shap):
            return float("nan")
        return float(np.corrcoef(lost, shap)[0, 1])

    @property
    def sentence(self) -> str:
        """What matters most, and whether both ways to ask agree."""
        first = self.strongest()[0]
        ends = "" if first.lost.low is None else f" (95 % {short(first.lost.low)} to {short(first.lost.high or 0.0)})"
        return (
            f"{self.version} needs {first.features[0]} most: permuting it costs {short(first.lost.value or 0.0)} of "
            f"{short(self.pr_auc)} PR-AUC{ends}. {self._alike()}"
        )

    def warnings(self) -> tuple[str, ...]:
        """A sentence for each group of near-copies: what permuting one of them does not tell."""
        alone = {each.features[0]: each.lost.value or 0.0 for each in self.features}
        return tuple(
            f"{listed(group.features)} are near-copies: permuting one alone leaves the version the other to read, and "
            f"makes users that cannot be. Alone they cost {listed([short(alone[name]) for name in group.features])} "
            f"PR-AUC, permuted together {short(group.lost.value or 0.0)}."
            for group in self.copies
        )

    def _alike(self) -> str:
        k = min(TOP, len(self.varying))
        by_shap = sorted(self.varying, key=lambda each: -each.shap)[:k]
        by_loss = [each for each in self.strongest() if each in self.varying][:k]
        both = len({each.features for each in by_shap} & {each.features for each in by_loss})
        rho = self.agreement
        if np.isnan(rho):
            return "There is no second feature to rank."
        how = "much alike" if rho >= ALIKE else "in part alike" if rho >= DIFFERENT else "differently"
        return (
            f"Permutation and SHAP rank the features {how} (Spearman {rho:.2f}): "
            f"{both} of the {k} strongest by one are among the {k} strongest by the other."
        )

    def frame(self) -> pd.DataFrame:
        """A row for each feature, and for each group of near-copies, strongest first: feature, lost, lost_low,
        lost_high, spread, shap (mean |SHAP| in log-odds; missing for a group).
        """
        rows = [*((each, each.shap) for each in self.strongest()), *((each, float("nan")) for each in self.copies)]
        return pd.DataFrame(
            {"feature": " + ".join(each.features), "lost": each.lost.value, "lost_low": each.lost.low,
             "lost_high": each.lost.high, "spread": each.spread, "shap": shap}
            for each, shap in rows
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": self.sentence, "warnings": list(self.warnings())}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Importance:
        told = {name: raw[name] for name in ("version", "n", "positives", "pr_auc", "repeats", "seed", "rows")}
        features, copies = (tuple(map(_from_json, raw[name])) for name in ("features", "copies"))
        return cls(
            features=features, copies=copies, constant=tuple(raw["constant"]), notes=tuple(raw["notes"]), **told
        )  # fmt: skip


def permute(  # noqa: PLR0913 - the users, how they are scored, and how often they are asked
    features: Matrix,
    label: Floats,
    weight: Ints,
    groups: Sequence[Sequence[int]],
    predict: Predict,
    *,
    seed: int,
    repeats: int = REPEATS,
    replicates: int = subsample.DRAWS,
    progress: Progress = lambda _done, _of: None,
) -> tuple[float, list[tuple[Estimate, float]]]:
    """The PR-AUC of users with features (m, f) and label (m,), and for each group of columns, permuted together, what
    is lost of it: the mean of the repeats with its interval, and their standard deviation.

    Each user stands for `weight` (m,) users, from all of whom values are dealt out. The interval is of drawing the
    users anew and permuting once, hence no shorter than that of the mean.
    """
    before = predict(features)
    times = subsample.draws(len(label), seed=seed, replicates=replicates)
    value, over = _pr_auc(label, weight, before, times)
    found = []
    for at, group in enumerate(groups):
        lost, parts = np.empty(repeats), []
        for k in range(repeats):
            progress(at * repeats + k, len(groups) * repeats)
            changed = features.copy()
            # The same deal for all columns of a group: near-copies stay near-copies.
            changed[:, group] = features[deal(weight, np.random.default_rng((seed, at, k)))][:, group]
            after, drawn = _pr_auc(label, weight, rescored(features, changed, before, predict), times[k::repeats])
            lost[k] = value - after
            parts.append(over[k::repeats] - drawn)
        spread = float(lost.std(ddof=1)) if repeats > 1 else float("nan")
        found.append((subsample.estimate(float(lost.mean()), np.concatenate(parts)), spread))
    return value, found


def near_copies(matrix: pd.DataFrame, *, above: float = NEAR_COPY) -> list[list[int]]:
    """Groups of features, by place, that a chain of correlations (f, f) above `above` in size joins."""
    close = np.abs(np.nan_to_num(matrix.to_numpy(np.float64))) > above
    number, group = connected_components(close, directed=False)
    found = [np.flatnonzero(group == k).tolist() for k in range(number)]
    return [each for each in found if len(each) > 1]


@dataclass(frozen=True, slots=True, eq=False)
class ImportanceRuns:
    """Importance of the features of the versions of a home."""

    common_rows: CommonRows
    datasets: DatasetStore
    diagnoses: Diagnoses
    registry: Registry
    schema_file: Path

    def of_version(
        self, model: Model, dataset: Dataset, schema: Schema,
        *, seed: int = 0, progress: Progress = lambda _done, _of: None,
    ) -> Importance:  # fmt: skip
        """How much a version needs each feature on the labelled users of a dataset that it has not learnt from.

        Raises what `common_rows.rows` raises, and WrongFeaturesError when the dataset lacks a feature of the version.
        """
        rows = self.common_rows.rows((model,), dataset, schema)
        sample, names = subsample.thin(rows.label, seed=seed), model.metadata.names
        features = Scorer(model).matrix(rows.frame.iloc[sample.at])
        copies = near_copies(pairs.correlations(rows.frame, model.metadata.columns))
        groups = [*([at] for at in range(len(names))), *copies]
        pr_auc, lost = permute(
            features,
            rows.label[sample.at],
            sample.weight,
            groups,
            diagnosis.predictor(model),
            seed=seed,
            progress=progress,
        )
        progress(len(groups) * REPEATS, len(groups) * REPEATS)  # the last moment to be stopped: SHAP goes in one go
        shap = _weighed(np.abs(model.explainer.contributions(features)), sample.weight)
        permuted = [
            Permuted(tuple(names[at] for at in group), *each, shap[group[0]] if len(group) == 1 else 0.0)
            for group, each in zip(groups, lost, strict=True)
        ]
        return Importance(
            model.version, len(rows.label), int(rows.label.sum()), pr_auc, tuple(permuted[: len(names)]),
            tuple(permuted[len(names) :]), tuple(_constant(features, names)), REPEATS, seed, rows.sentence,
            tuple(filter(None, [sample.sentence])),
        )  # fmt: skip

    def importance_stored(self, report: Report, *, version: str, dataset: str, seed: int = 0) -> None:
        """The job behind a page: ask a version about each feature on a stored dataset and keep the result."""
        report(0, 0, "Reading the users")
        importance = self.of_version(
            self.registry.load(version), self.datasets.find(dataset), schemas.load(self.schema_file),
            seed=seed, progress=lambda done, of: report(done, of, "Permuting features"),
        )  # fmt: skip
        self.diagnoses.keep(version, dataset, KIND, importance.as_json())

    def stored(self, version: str, dataset: str) -> Importance | None:
        """What `importance_stored` found, or None."""
        raw = self.diagnoses.kept(version, dataset, KIND)
        return None if raw is None else Importance.from_json(raw)


def _pr_auc(
    label: Floats, weight: Ints, score: Floats, times: npt.NDArray[np.uint8]
) -> tuple[float, Floats]:  # fmt: skip
    """PR-AUC, and that of each draw."""
    model = Sorted(label, score, {}, Costs())
    return model.figures(weight)["pr_auc"], subsample.drawn(model, weight, times)["pr_auc"]


def _weighed(sizes: npt.NDArray[np.float32], weight: Ints) -> list[float]:
    return [float(each) for each in np.average(sizes.astype(np.float64), axis=0, weights=weight)]


def _constant(features: Matrix, names: Sequence[str]) -> Iterator[str]:
    for name, column in zip(names, features.T, strict=True):
        if np.isnan(column).all() or (column == column[0]).all():
            yield name


def _from_json(raw: dict[str, Any]) -> Permuted:
    return Permuted(tuple(raw["features"]), Estimate.from_json(raw["lost"]), raw["spread"], raw["shap"])
