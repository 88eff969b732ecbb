"""Cautions of a training run: each told when its fact is there, and none without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.diagnostics import run_cautions
from core.evaluation import metrics
from core.registry.metadata import Data
from core.training.training_runs import Scores, TrainingRun
from tests import make

N = 2_000
RANDOM = np.random.default_rng(5)
LABEL = (RANDOM.random(N) < 0.2).astype(float)
#: Calibrated and informative: 0.05 or 0.8 for most, right about as often as that says.
PROBABILITY = np.clip(np.where(LABEL == 1, RANDOM.beta(8, 2, N), RANDOM.beta(2, 12, N)), 0.001, 0.999)
SCORES = Scores.of(np.arange(N, dtype=np.uint64), LABEL, PROBABILITY)
FIGURES = metrics.judge(LABEL, PROBABILITY, {"monitor": 0.5}, replicates=100)
PR_AUC = FIGURES.overall["pr_auc"]
LEARNT = 10_000
GOOD = TrainingRun(
    created=make.NOW, by=None, family="xgboost", options={},
    data=Data("users.csv", "d" * 64, "5" * 64, "1" * 16, rows=LEARNT + N,
              positives=round(0.2 * LEARNT) + int(LABEL.sum()), trained_on=LEARNT, tested_on=N),
    figures=FIGURES, folds=(PR_AUC.value or 0.0,) * 3, training_pr_auc=PR_AUC.high or 0.0, rounds=9, seconds=1.0,
    seed=0, id="t-0007",
)  # fmt: skip


def test_a_run_without_fault_has_no_caution() -> None:
    assert run_cautions.of_run(GOOD, SCORES) == ()


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        pytest.param(replace(GOOD, training_pr_auc=(PR_AUC.high or 0) + 0.11), "learnt from", id="overfitted"),
        pytest.param(
            replace(GOOD, folds=(0.2, (PR_AUC.value or 0), 0.9)), "The folds of t-0007", id="unstable folds"
        ),
        pytest.param(
            replace(GOOD, data=replace(GOOD.data, positives=int(LABEL.sum()) + round(0.05 * LEARNT))),
            "of these users are spammers", id="other prevalence",
        ),
    ],
)  # fmt: skip
def test_each_fault_is_told_by_itself(kept: TrainingRun, words: str) -> None:
    said = run_cautions.of_run(kept, SCORES)

    assert len(said) == 1
    assert words in said[0]


def test_flagging_worse_than_nobody_is_told_for_its_threshold() -> None:
    upside_down = Scores.of(SCORES.keys, SCORES.label, 1 - SCORES.probability)

    assert [each for each in run_cautions.of_run(GOOD, upside_down) if each.startswith("Above 0.5, t-0007 is right")]


def test_a_feature_made_from_the_label_is_suspected_and_the_others_are_not() -> None:
    frame = make.users(800)
    assert run_cautions.suspects(frame, make.SCHEMA) == ()
    assert run_cautions.suspects(frame.assign(tier=frame["spam"] * 3), make.SCHEMA) == ("tier",)


def test_users_stored_under_another_schema_are_looked_at_as_far_as_they_go() -> None:
    frame = make.users(800).assign(tier=lambda users: users["spam"])
    assert run_cautions.suspects(frame.drop(columns="links"), make.SCHEMA) == ("tier",)
    assert run_cautions.suspects(frame.drop(columns="spam"), make.SCHEMA) == ()
    assert run_cautions.suspects(pd.DataFrame(), replace(make.SCHEMA, label=None)) == ()
