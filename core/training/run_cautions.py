"""What speaks against the figures of a training run, in words."""

from __future__ import annotations

import pandas as pd

from core.evaluation import cautions
from core.evaluation.thresholds import Sweep
from core.explore import leakage, value_counts
from core.schema.schema import Schema
from core.training.training import labels
from core.training.training_runs import Scores, TrainingRun


def of_run(kept: TrainingRun, scores: Scores) -> tuple[str, ...]:
    """Reasons not to believe the figures of a run as they stand; `scores` are its own of the test part."""
    data, figures, test = kept.data, kept.figures, kept.figures.overall["pr_auc"]
    sweep = Sweep(scores.label, scores.probability)
    learnt_from = (data.positives - figures.positives, data.trained_on)
    said = [
        cautions.overfitted(kept.id, kept.training_pr_auc, test),
        cautions.unstable(kept.id, kept.folds, test),
        cautions.other_prevalence(kept.id, learnt_from, (figures.positives, figures.n)),
        *(cautions.below_trivial(kept.id, sweep.confusion(above)) for above in figures.thresholds.values()),
    ]
    return tuple(each for each in said if each is not None)


def suspects(frame: pd.DataFrame, schema: Schema) -> tuple[str, ...]:
    """Features of labelled users that may give the label away, of those that both the schema and the users have."""
    if schema.label is None or schema.label.column not in frame:
        return ()
    label = labels(frame, schema)
    tally = ((name, value_counts.of(frame[name], label)) for name in schema.names if name in frame)
    return tuple(leak.feature for name, each in tally for leak in leakage.leaks(name, each))
