"""Calibration of what is live: weights make the judged stand for all, and intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from core.explore.interval import wilson
from core.monitoring import calibration
from core.monitoring.calibration import groups
from tests import make
from tests.core.review.reviewing import fresh, judge_all, planned, scored, truth_of


def test_with_everybody_judged_the_groups_are_plain_shares():
    random = np.random.default_rng(0)
    score = random.random(4000)
    label = random.random(4000) < score
    found = groups(score, label, np.ones(4000))
    inside = (score > 0.5) & (score <= 0.7)
    row = found.iloc[5]
    assert (row["n"], row["observed"]) == (inside.sum(), pytest.approx(label[inside].mean()))
    low, high = wilson(label[inside].sum(), inside.sum())
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert found["n"].sum() == 4000


def test_users_drawn_with_different_probabilities_stand_for_all():
    random = np.random.default_rng(1)
    truth, observed = [], []
    for _ in range(300):
        score = random.uniform(0.1, 0.2, 3000)
        label = random.random(3000) < 0.4
        inclusion = np.where(label, 0.5, 0.1) * random.uniform(0.5, 1, 3000)
        drawn = random.random(3000) < inclusion
        row = groups(score[drawn], label[drawn], inclusion[drawn]).iloc[0]
        truth.append(row["low"] <= 0.4 <= row["high"])
        observed.append(row["observed"])
    assert np.mean(observed) == pytest.approx(0.4, abs=0.005)
    assert np.mean(truth) >= 0.93


def test_on_a_threshold_is_below_it_and_the_ends_belong_to_the_outer_groups():
    found = groups([0.0, 0.3, 0.30001, 1.0], [0, 0, 1, 1], np.ones(4))
    assert found["predicted"].tolist() == [0.0, 0.3, 0.30001, 1.0]
    assert (found["low"] <= found["observed"]).all()
    assert (found["observed"] <= found["high"]).all()
    assert groups([], [], []).empty


def test_labels_of_a_run_come_with_score_and_inclusion(own):
    frame = make.users(200, seed=1)
    run = scored(own, frame)
    assert own.live_figures.labelled(run, fresh(own).valid()) is None
    run = planned(own, frame, capacity=5, audit=0.2)
    assert len(own.live_figures.labelled(run, fresh(own).valid())) == 0
    judge_all(own, truth_of(frame))
    rows = own.live_figures.labelled(run, fresh(own).valid())
    by_place = frame.set_index(np.arange(1, 201))["spam"]
    assert rows["label"].tolist() == by_place.loc[rows.index].tolist()
    assert rows["inclusion"].between(0, 1, inclusive="right").all()
    assert calibration.groups(rows["probability"], rows["label"], rows["inclusion"])["n"].sum() == len(rows)
