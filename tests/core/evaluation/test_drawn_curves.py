"""Lift and cost with intervals: the point is what counting gives, the interval is that of drawing users again."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation import drawn_curves
from core.evaluation.resample import Costs
from core.evaluation.thresholds import Sweep


def users(n: int = 3_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.08).astype(float)
    return label, np.clip(random.normal(0.3 + 0.4 * label, 0.15), 0.001, 0.999).round(3)


def test_lift_is_the_share_of_spammers_among_the_highest_over_that_of_all() -> None:
    label, score = users()
    found = drawn_curves.lift(Sweep(label, score), seed=0)

    row = found.iloc[30]
    above = np.sort(score)[::-1][int(row["users"])]
    sure, tied = score > above, score == above
    caught = label[sure].sum() + label[tied].mean() * (row["users"] - sure.sum())
    assert row["lift"] == pytest.approx(caught / row["users"] / label.mean(), rel=1e-6)
    assert (found["low"] <= found["lift"] + 1e-9).all()
    assert (found["lift"] <= found["high"] + 1e-9).all()
    assert found.iloc[-1][["lift", "low", "high"]].tolist() == pytest.approx([1, 1, 1])


def test_cost_counts_missed_spammers_and_false_alarms_per_1000_users() -> None:
    label, score = users()
    found = drawn_curves.expected_cost(Sweep(label, score), Costs(5.0, 2.0), seed=0).set_index("threshold")

    flagged = score > 0.55
    cost = 5.0 * (label[~flagged] == 1).sum() + 2.0 * (label[flagged] == 0).sum()
    assert found.loc[0.55, "cost"] == pytest.approx(1_000 * cost / len(label))
    assert found.loc[0.55, "flagged"] == flagged.sum()
    assert found.loc[0.55, "low"] < found.loc[0.55, "cost"] < found.loc[0.55, "high"]


def test_the_intervals_are_those_of_drawing_users_themselves() -> None:
    label, score = users()
    random, lifts, costs = np.random.default_rng(1), [], []
    for _ in range(400):
        at = random.integers(0, len(label), len(label))
        sweep = Sweep(label[at], score[at])
        lifts.append(np.interp(0.05 * sweep.n, sweep.flagged, sweep.caught) / sweep.positives / 0.05)
        costs.append(sweep.confusion(0.5).cost(Costs()) * 1_000 / sweep.n)

    lift = drawn_curves.lift(Sweep(label, score), seed=0)
    row = lift.iloc[int((lift["share"] - 0.05).abs().argmin())]
    low, high = np.percentile(lifts, [2.5, 97.5])
    assert row["high"] - row["low"] == pytest.approx(high - low, rel=0.2)
    cost = drawn_curves.expected_cost(Sweep(label, score), Costs(), seed=0).set_index("threshold").loc[0.5]
    low, high = np.percentile(costs, [2.5, 97.5])
    assert cost["high"] - cost["low"] == pytest.approx(high - low, rel=0.2)


def test_few_users_and_equal_scores_break_nothing() -> None:
    for label, score in (([0, 1], [0.2, 0.2]), ([1, 0, 0], [0.1, 0.5, 1.0])):
        sweep = Sweep(label, score)
        assert np.isfinite(drawn_curves.lift(sweep, seed=0)["lift"]).all()
        assert np.isfinite(drawn_curves.expected_cost(sweep, Costs(), seed=0)["cost"]).all()
