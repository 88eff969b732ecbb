"""Cautions of a training run: each told when its fact is there, and none without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.evaluation import cautions, metrics
from core.evaluation.cautions import Caution
from core.registry.metadata import Data
from core.schema.schema import Column, Label, Schema
from core.training import run_cautions
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
    assert words in said[0].sentence
    assert said[0].kind == "weakness"


def test_flagging_worse_than_nobody_is_told_for_its_threshold() -> None:
    upside_down = Scores.of(SCORES.keys, SCORES.label, 1 - SCORES.probability)

    said = [each.sentence for each in run_cautions.of_run(GOOD, upside_down)]

    assert [each for each in said if each.startswith("Above 0.5, t-0007 is right")]


def test_cautions_that_are_alike_are_one_with_a_count() -> None:
    thresholds = {f"band {k}": k / 100 for k in range(1, 21)}
    figures = metrics.judge(LABEL, 1 - PROBABILITY, thresholds, replicates=20)
    upside_down = Scores.of(SCORES.keys, SCORES.label, 1 - SCORES.probability)

    said = [each.sentence for each in run_cautions.of_run(replace(GOOD, figures=figures), upside_down)]

    assert sum("calling everyone legitimate" in each for each in said) == 1
    assert any("The same is true above 19 other thresholds." in each for each in said)
    frame = pd.DataFrame({f"x{k}": LABEL for k in range(20)})
    schema = Schema(tuple(Column(name) for name in frame), label=Label("spam"))
    leaks = cautions.leaks(run_cautions.of_users(frame, LABEL, schema))
    assert len(leaks) == 1
    assert leaks[0].sentence.startswith("20 features may give the label away")


def test_features_that_give_the_label_away_are_a_leak() -> None:
    frame = make.users(400)
    label = frame["spam"].to_numpy(float)

    def leaks(**columns: object) -> list[str]:
        found = run_cautions.of_users(frame.assign(**columns), label, make.SCHEMA)
        return [each.sentence for each in cautions.leaks(found)]

    assert leaks() == []
    assert ["tier" in each for each in leaks(tier=frame["spam"] * 3)] == [True]
    partly = frame.drop(columns="links").assign(tier=label)
    assert [leak.feature for leak in run_cautions.suspects(partly, label, make.SCHEMA)] == ["tier"]
    assert run_cautions.of_users(frame, label, replace(make.SCHEMA, label=None)) == ()


def test_a_feature_that_decides_for_many_but_not_all_is_a_weakness() -> None:
    frame = make.users(1000)
    label = frame["spam"].to_numpy(float)
    most = np.where((label == 1) & (np.arange(1000) % 3 > 0), 9, frame["tier"])
    found = run_cautions.of_users(frame.assign(tier=most), label, make.SCHEMA)
    assert [each.kind for each in found if "nearly decides by some values (tier)" in each.sentence] == ["weakness"]
    filled = run_cautions.of_users(frame.assign(tier=np.where(most == 9, 1.0, np.nan)), label, make.SCHEMA)
    assert [each.kind for each in filled if "(tier)" in each.sentence] == ["leak"]


def test_a_feature_in_the_order_of_a_file_that_is_sorted_by_label_is_a_leak() -> None:
    frame = make.users(400).sort_values("spam", kind="stable")
    # Fraud ends at some row, and before it is as rare as ever: no figure of the feature alone would show that.
    frame = pd.concat([frame[200:].sample(frac=1, random_state=1), frame[:200]]).assign(tier=np.arange(400))
    label = frame["spam"].to_numpy(float)

    found = cautions.leaks(run_cautions.of_users(frame, label, make.SCHEMA))
    assert [each.sentence for each in found if "the order of the file (tier)" in each.sentence]
    shuffled = frame.sample(frac=1, random_state=2)
    at_random = run_cautions.of_users(shuffled, shuffled["spam"].to_numpy(float), make.SCHEMA)
    assert not [each for each in at_random if "the order of the file" in each.sentence]


def test_an_id_among_the_features_is_a_weakness() -> None:
    frame = make.users(400).assign(tier=4915100000000 + np.random.default_rng(0).permutation(400))
    found = run_cautions.of_users(frame, frame["spam"].to_numpy(float), make.SCHEMA)
    assert [each.kind for each in found if "like an id (tier)" in each.sentence] == ["weakness"]


def test_more_spammers_than_others_and_copies_are_weaknesses() -> None:
    frame = make.users(400)
    most = np.ones(400)
    most[:100] = 0
    said = run_cautions.of_users(frame, most, make.SCHEMA, copies=100)
    assert [each.kind for each in said] == ["weakness", "weakness"]
    assert said[0].sentence.startswith("100 of 400 rows repeat another")
    assert said[1].sentence.replace("\u202f", " ").startswith("75.0 % of the users are spammers, as spam = 1 is taken")


def test_a_ranking_without_a_mistake_is_a_leak_and_few_judges_are_a_weakness() -> None:
    label = np.repeat([0.0, 1.0], [40, 12])
    score = np.where(label == 1, 0.9, 0.1)
    figures = metrics.judge(label, score, {}, replicates=20)
    run = replace(GOOD, figures=figures, folds=(), training_pr_auc=1.0)
    found = run_cautions.of_run(run, Scores.of(np.arange(52, dtype=np.uint64), label, score))
    assert found[0].kind == "leak"
    assert "too good to be true" in found[0].sentence
    assert "Judged on 12 spammers and 40 other users only" in found[-1].sentence


def test_a_caution_of_before_there_were_kinds_is_read() -> None:
    assert Caution.from_json("The folds differ.") == Caution("weakness", "The folds differ.")
    assert Caution.from_json(Caution("leak", "Too good.").as_json()) == Caution("leak", "Too good.")
    with pytest.raises(ValueError, match="of the kind 'odd'"):
        Caution.from_json({"kind": "odd", "sentence": ""})
