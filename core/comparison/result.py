"""Two models side by side: everything the compare page and command show, on rows neither learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from core.comparison import by_category, common_rows, flips
from core.comparison.by_category import ByCategory
from core.comparison.common_rows import CommonRows, Rows
from core.comparison.flips import Flips
from core.comparison.paired_metrics import Comparison, Contender, compare
from core.data.datasets import Dataset
from core.evaluation import cautions, metrics, weakest
from core.evaluation.metrics import Figures, Thresholds
from core.evaluation.resample import Costs, Floats, Ints
from core.evaluation.thresholds import Sweep
from core.explore import leakage, value_counts, words
from core.registry.metadata import Data
from core.registry.registry import Model
from core.schema.levels import written
from core.schema.schema import Schema
from core.scoring.scorer import Scorer
from core.wording import count, percent

#: Users explained by both models: enough to say how many reasons they share, and seconds instead of minutes.
EXPLAINED: Final = 900
#: Told how many of the draws are done.
Progress = Callable[[int, int], None]
#: What users below the first threshold get.
MILDEST: Final = "allow"


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """How two models explain some of the rows: `overlap` (k,) of their top-3 reasons, `why` for users who flip.

    `rows` (k,): positions among the compared rows; `row` of `why` is a place in it.
    """

    rows: Ints
    overlap: Floats
    why: pd.DataFrame

    @property
    def sentence(self) -> str:
        known = self.overlap[~np.isnan(self.overlap)]
        if not len(known):
            return "No user is flagged by either model: there are no reasons to hold against each other."
        return (
            f"Of the top-3 reasons named by either model, {percent(float(known.mean()))} are named by both, "
            f"over {count(len(known), 'flagged user')}."
        )


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of how a contender was trained; of predictions from outside nothing is.

    `pr_auc`: on users learnt from; `folds`: of each fold, on its users, whom its model had not seen.
    """

    data: Data | None = None
    pr_auc: float = float("nan")
    folds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """`segments`: of a and of b, at the first threshold. `reasons`: None unless both are versions, which have trees.

    `cautions`: what speaks against the figures. `by_category`: None unless both say categories.
    """

    rows: Rows
    contenders: tuple[Contender, Contender]
    comparison: Comparison
    flips: Flips
    reasons: Reasons | None
    segments: tuple[pd.DataFrame, pd.DataFrame]
    cautions: tuple[str, ...]
    by_category: ByCategory | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows.sentence, "labelled": self.rows.labelled, "trained_on": dict(self.rows.trained_on),
            **self.comparison.as_json(),
            "flips": {"sentence": self.flips.sentence, "users": len(self.flips.rows), "severer": self.flips.severer,
                      "milder": self.flips.milder, "changes": self.flips.frame().to_dict("records")},
            "reasons": self.reasons.sentence if self.reasons else "", "weakest": weakest.weakest(self.segments[1]),
            "cautions": list(self.cautions),
            **({"by_category": self.by_category.as_json()} if self.by_category else {}),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class VersionComparisons:
    """Two versions of a home side by side."""

    common_rows: CommonRows

    def versions(  # noqa: PLR0913 - two versions, the rows they meet on, and what their scores lead to
        self, a: Model, b: Model, dataset: Dataset, schema: Schema, thresholds: Thresholds,
        *, seed: int, costs: Costs = Costs(),  # noqa: B008 - frozen
        progress: Progress = lambda _done, _of: None,
    ) -> SideBySide:  # fmt: skip
        """Compare version b with a on the labelled users of a dataset that neither learnt from.

        `thresholds`: band -> score above which it begins, mildest band first. Raises what `common_rows.rows`,
        `contender` and `compare` raise.
        """
        rows = self.common_rows.rows((a, b), dataset, schema)
        contenders = common_rows.contender(rows, a), common_rows.contender(rows, b)
        return beside(
            rows, contenders, schema, thresholds, models=(a, b), pasts=(past(a), past(b)), seed=seed, costs=costs,
            progress=progress,
        )  # fmt: skip


def beside(  # noqa: PLR0913 - as `versions`, with what is known of each contender
    rows: Rows, contenders: tuple[Contender, Contender], schema: Schema, thresholds: Thresholds,
    *, models: tuple[Model, Model] | None, pasts: tuple[Past, Past], seed: int,
    costs: Costs = Costs(),  # noqa: B008 - frozen
    progress: Progress = lambda _done, _of: None,
) -> SideBySide:  # fmt: skip
    """Compare two contenders on rows; features that the rows do not have are left out of segments.

    Without probabilities on both sides nobody changes band and there are no segments, which rest on a threshold.
    `models`: both of them, where both are versions. Raises what `compare` raises.
    """
    comparison = compare(rows.label, *contenders, seed=seed, thresholds=thresholds, costs=costs, progress=progress)
    cuts = thresholds if comparison.by_probability else {}
    bands = (MILDEST, *map(str, sorted(cuts, key=lambda band: cuts[band])))
    severity_a, severity_b = (flips.severity(each.probability, cuts) for each in contenders)
    found = flips.flips(severity_a, severity_b, bands)
    first, groups = min(thresholds.values()), partial(_groups, rows, schema) if cuts else dict
    of_a, of_b = (weakest.segments(rows.label, each.probability, first, groups()) for each in contenders)
    warned = [*_leaks(rows, schema)]
    for known, figures, each in zip(pasts, comparison.figures, contenders, strict=True):
        warned += _cautions(known, rows, figures, each) if comparison.ranked else ()
    reasons = _reasons(*models, rows, contenders, found, first, seed) if models else None
    categories = by_category.of(rows.frame, rows.label, schema, *contenders, seed=seed)
    return SideBySide(rows, contenders, comparison, found, reasons, (of_a, of_b), tuple(warned), categories)


def past(model: Model, folds: tuple[float, ...] = ()) -> Past:
    """What a version knows of its training."""
    return Past(model.metadata.data, _on_training(model), folds)


def _groups(rows: Rows, schema: Schema) -> Mapping[str, Iterator[Any]]:
    context = {name: weakest.by_value(rows.frame[name]) for name in schema.beside if name in rows.frame}
    names = [name for name in schema.measures if name in rows.frame]
    spoken = {name: rows.frame[written(name)] for name in schema.categories if written(name) in rows.frame}
    numbers = (name for name in names if name not in schema.categories)
    binned = {name: weakest.by_bin(rows.frame[name].to_numpy(np.float64)) for name in numbers}
    return context | binned | {name: weakest.by_value(texts) for name, texts in spoken.items()}


def _reasons(
    a: Model, b: Model, rows: Rows, contenders: tuple[Contender, Contender], found: Flips, above: float, seed: int
) -> Reasons:  # fmt: skip
    """Explain those who flip first, then others whom either model flags, up to 900 in all."""
    flagged = np.flatnonzero(np.maximum(contenders[0].probability, contenders[1].probability) > above)
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(found.rows), random.permutation(np.setdiff1d(flagged, found.rows))])
    chosen = np.sort(order[:EXPLAINED]).astype(np.int64)
    frame = rows.frame.iloc[chosen]
    of_a, of_b = (model.explainer.contributions(Scorer(model).matrix(frame)) for model in (a, b))
    names, before, after = flips.aligned(of_a, of_b, a.metadata.names, b.metadata.names)
    why = flips.why(names, before, after)
    return Reasons(chosen, flips.overlap(before, after), why[np.isin(chosen[why["row"]], found.rows)])


def _leaks(rows: Rows, schema: Schema) -> Iterator[str]:
    ordered = words.by_rate(rows.frame, schema, rows.label)
    tally = ((name, value_counts.of(ordered[name], rows.label)) for name in schema.measures if name in rows.frame)
    said = cautions.leaking([leak.feature for name, each in tally for leak in leakage.leaks(name, each)])
    if said is not None:
        yield said


def _cautions(known: Past, rows: Rows, figures: Figures, contender: Contender) -> Iterator[str]:
    name, data, estimate = contender.name, known.data, figures.overall["pr_auc"]
    sweep = Sweep(rows.label, contender.probability)
    said = [
        cautions.upside_down(name, figures.overall["roc_auc"], contender.given),
        data and cautions.other_prevalence(name, (data.positives, data.rows), (figures.positives, figures.n)),
        cautions.below_trivial_at(name, [sweep.confusion(above) for above in figures.thresholds.values()]),
        cautions.overfitted(name, known.pr_auc, estimate),
        cautions.unstable(name, known.folds, estimate),
    ]
    return (each for each in said if each)


def _on_training(model: Model) -> float:
    """PR-AUC on the sample of training users that a version keeps."""
    sample = model.baseline().sample
    label = sample.iloc[:, len(model.metadata.names)].to_numpy(np.float64)  # by place: a feature may be called "label"
    if not 0 < label.sum() < len(label):
        return float("nan")
    score = sample.iloc[:, len(model.metadata.names) + 1].to_numpy(np.float64)
    return metrics.Ranking(label, score).pr_auc()
