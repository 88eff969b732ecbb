"""Proof by simulation: what happens in a fresh period lies where a plan predicted it, and the truth where it said."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from core.policy import planner
from core.policy.thresholds.demand import Demand
from tests.core.policy import populations
from tests.core.policy.populations import Truth

RUNS = 1_000
DAYS = (1, 30)
SHOWN = ("volume", "precision", "recall")
#: 10,000 users a day: automation without limits, 200 reviews a day with and without automation, floors, and
#: another share of spammers than in the sample.
DEMANDS = {
    "armed": Demand(10_000, armed=True),
    "capacity": Demand(10_000, 200, armed=True, cost_miss=20),
    "unarmed": Demand(10_000, 200, cost_miss=20),
    "floors": Demand(10_000, armed=True, min_recall=0.9, min_precision=0.95),
    "prevalence": Demand(10_000, 300, armed=True, cost_miss=20, prevalence=0.05),
}


class Tally:
    """For each figure and period, how often it lay inside, how wide the interval was, how many users stood behind."""

    def __init__(self) -> None:
        self.inside: dict[tuple[str, int], list[bool]] = defaultdict(list)
        self.true: dict[tuple[str, int], list[bool]] = defaultdict(list)
        self.width: dict[tuple[str, int], list[float]] = defaultdict(list)
        self.events: dict[tuple[str, int], list[float]] = defaultdict(list)

    def add(self, plan: planner.Plan, truth: Truth, random: np.random.Generator) -> None:
        demand = plan.demand
        happened = truth.period(plan.review, plan.remove, demand, random)
        long_run = truth.long_run(plan.review, plan.remove, demand)
        behind = truth.events(plan.review, plan.remove, plan.rows, demand)
        for name, figure in plan.expected.items():
            at = name, demand.days
            if figure.value is None or not np.isfinite(happened[name]):
                continue
            self.inside[at].append(figure.predicted_low - 1e-9 <= happened[name] <= figure.predicted_high + 1e-9)
            self.true[at].append(figure.low - 1e-9 <= long_run[name] <= figure.high + 1e-9)
            self.width[at].append(figure.predicted_high - figure.predicted_low)
            self.events[at].append(behind[name])


def simulate(world: str, n: int, demand: Demand, runs: int) -> Tally:
    truth, tally = Truth(world), Tally()
    for run in range(runs):
        score, label = populations.users(world, n, np.random.default_rng([7, run]))
        rehearsal = planner.prepare(score, label, seed=run)
        for days in DAYS:
            random = np.random.default_rng([9, run, days])
            tally.add(planner.plan(rehearsal, replace(demand, days=days)), truth, random)
    return tally


@pytest.mark.parametrize("demand", ["capacity", pytest.param("prevalence", marks=pytest.mark.slow)])
def test_what_happens_mostly_lies_where_it_was_predicted(demand: str) -> None:
    tally = simulate("many", 3_000, DEMANDS[demand], runs=80)
    for at, inside in tally.inside.items():
        assert np.mean(inside) >= 0.86, at  # of 80 at .95 fewer once in a thousand
        assert np.mean(tally.true[at]) >= 0.86, at


def test_intervals_make_up_for_what_a_plan_promises_too_much() -> None:
    truth, demand = Truth("demo"), DEMANDS["armed"]
    value, middle, true = [], [], []
    for run in range(30):
        score, label = populations.users("demo", 3_000, np.random.default_rng(run))
        plan = planner.plan(planner.prepare(score, label, seed=run), demand)
        cost = plan.expected["cost"]
        value.append(cost.value)
        middle.append((cost.low + cost.high) / 2)
        true.append(truth.long_run(plan.review, plan.remove, demand)["cost"])
    too_little = np.mean(true) - np.mean(value)
    assert too_little > 0.05 * np.mean(true)
    assert abs(np.mean(true) - np.mean(middle)) < 0.5 * too_little


def test_what_happened_is_seen_to_be_missed_where_it_is() -> None:
    score, label = populations.users("many", 3_000, np.random.default_rng(0))
    plan = planner.plan(planner.prepare(score, label), DEMANDS["capacity"])
    volume = plan.expected["volume"]
    assert volume.kept(volume.value)
    assert not volume.kept(volume.predicted_high * 1.01)
    assert not volume.kept(volume.predicted_low * 0.99)


def lines(tally: Tally) -> list[tuple[str, int, float, float, float, float]]:
    """Of each figure shown and period: share inside, mean width, users behind it, share of long-run truths inside."""
    return [
        (
            name,
            days,
            *(float(np.mean(each[name, days])) for each in (tally.inside, tally.width, tally.events, tally.true)),
        )
        for days in DAYS
        for name in SHOWN
        if (name, days) in tally.inside
    ]


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    ("world", "demand", "n"),
    [
        *(("demo", demand, n) for n in (5_000, 30_000) for demand in ("armed", "capacity", "unarmed", "floors")),
        ("miscalibrated", "armed", 5_000), ("miscalibrated", "floors", 5_000), ("many", "capacity", 5_000),
        ("many", "prevalence", 5_000), ("tied", "armed", 5_000),
    ],
)  # fmt: skip
def test_a_period_lies_in_the_prediction_interval_in_93_to_97_of_100_runs(world: str, demand: str, n: int) -> None:
    shown = lines(simulate(world, n, DEMANDS[demand], RUNS))
    assert len(shown) == len(DAYS) * (len(SHOWN) - (not DEMANDS[demand].armed))  # unarmed, nobody is above `remove`
    # Made-up populations have a wrong curve where scores are wrong, or a share of spammers that was not sampled.
    most = 0.97 if world != "miscalibrated" and demand != "prevalence" else 0.98
    for name, days, inside, width, events, _ in shown:
        assert inside >= 0.93, (name, days, width, events)
        assert inside <= most or events < 30, (name, days, width, events)
