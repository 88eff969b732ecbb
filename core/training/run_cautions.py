"""What speaks against the figures of a training run, in words: leaks first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from core.data.proposal import telltale
from core.evaluation import cautions
from core.evaluation.cautions import Caution
from core.evaluation.thresholds import Sweep
from core.explore import leakage, texts, value_counts, words
from core.explore.leakage import Leak
from core.model.learner import Labels
from core.schema.schema import Schema
from core.settings import TEST_SHARE
from core.training.training_runs import Scores, TrainingRun

#: What a run is called before it has a number.
ITSELF = "this model"


def of_run(kept: TrainingRun, scores: Scores, share: float = TEST_SHARE) -> tuple[Caution, ...]:
    """Reasons not to believe the figures of a run as they stand; `scores` are its own of the test part,
    which holds that share of the users."""
    data, figures, test = kept.data, kept.figures, kept.figures.overall["pr_auc"]
    name, sweep = kept.id or ITSELF, Sweep(scores.label, scores.probability)
    learnt_from = (data.positives - figures.positives, data.trained_on)
    return (
        *_all("leak", [cautions.perfect(name, test, figures.positives)]),
        *_all(
            "weakness",
            [
                cautions.overfitted(name, kept.training_pr_auc, test),
                cautions.unstable(name, kept.folds, test, share),
                cautions.other_prevalence(name, learnt_from, (figures.positives, figures.n)),
                cautions.below_trivial_at(name, [sweep.confusion(above) for above in figures.thresholds.values()]),
                cautions.small(figures.positives, figures.n - figures.positives),
            ],
        ),
    )


def of_users(
    frame: pd.DataFrame, label: Labels, schema: Schema, *, copies: int = 0, in_order: bool = True
) -> tuple[Caution, ...]:  # fmt: skip
    """Reasons that lie in users (n rows) with label (n,). copies: rows that repeat another one in every feature;
    in_order: whether they stand in the order of their file.
    """
    if schema.label is None:
        return ()
    share = float(np.mean(label)) if len(label) else 0.0
    names = [name for name in schema.measures if name in frame]
    suspected = suspects(frame, label, schema)
    surely = [leak.feature for leak in suspected if leak.decisive]
    surely += [name for name in names if name not in surely and telltale.filled(frame[name].notna().to_numpy(), label)]
    maybe = [leak.feature for leak in suspected if leak.feature not in surely]
    following = [name for name in _following(frame, label, names) if name not in surely] if in_order else []
    identifying = [
        name for name in names if telltale.identifies(known := _known(frame[name])) or telltale.numbers(known)
    ]
    return (
        *_all("leak", [cautions.leaking(surely), cautions.following(following)]),
        *_all(
            "weakness",
            [
                cautions.deciding(maybe),
                cautions.identifying(identifying),
                cautions.copied(len(frame), copies),
                *(found.sentence for found in texts.of_users(frame, schema, label) if found.texts),
                None
                if schema.label.categories
                else cautions.mostly_spammers(schema.label.column, schema.label.positive, share),
            ],
        ),
    )


def suspects(frame: pd.DataFrame, label: Labels, schema: Schema) -> tuple[Leak, ...]:
    """Features of labelled users that may give the label away, of those that both the schema and the users have."""
    ordered = words.by_rate(frame, schema, label)
    tally = ((name, value_counts.of(ordered[name], label)) for name in schema.measures if name in frame)
    return tuple(leak for name, each in tally for leak in leakage.leaks(name, each))


def _following(frame: pd.DataFrame, label: Labels, names: Iterable[str]) -> list[str]:
    if not telltale.by_place(label):
        return []
    return [name for name in names if telltale.follows(frame[name].to_numpy(np.float64))]


def _identifies(known: telltale.Floats) -> bool:
    return telltale.identifies(known) or telltale.numbers(known)


def _known(values: pd.Series[Any]) -> telltale.Floats:
    known: telltale.Floats = values.to_numpy(np.float64)
    return known[~np.isnan(known)]


def _all(kind: cautions.Kind, said: Iterable[str | None]) -> Iterator[Caution]:
    return (Caution(kind, each[0].upper() + each[1:] if each.startswith(ITSELF) else each) for each in said if each)
