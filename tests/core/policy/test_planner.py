from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import BadOptionError, TooFewRowsError
from core.policy import planner
from core.policy.thresholds.demand import Demand, reviews_per_day
from core.policy.thresholds.figures import FIGURES
from tests.core.policy import populations

#: Costs, shares and capacities on a grid, so that equal costs are common.
money = st.integers(0, 40).map(lambda each: each / 4)
floors = st.none() | st.sampled_from([0.5, 0.75, 0.9, 1.0])
labelled = st.lists(
    st.tuples(st.integers(0, 20).map(lambda each: each / 20), st.integers(0, 1)), min_size=2, max_size=40
)
demands = st.builds(
    Demand, users_per_day=st.sampled_from([10.0, 40.0, 1000.0]), reviews_per_day=st.none() | st.integers(0, 30),
    cost_removal=money, cost_review=money, cost_miss=money, min_recall=floors, min_precision=floors,
    armed=st.booleans(),
)  # fmt: skip


def prepared(users: list[tuple[float, int]], **more: object) -> planner.Rehearsal:
    score, label = zip(*users, strict=True)
    assume(0 < sum(label) < len(label))
    return planner.prepare(score, label, **more)


def exact_cost(users: list[tuple[float, int]], demand: Demand, review: float, remove: float) -> Fraction | None:
    """What a day costs by the definition, user by user, in exact decimals; None where capacity or a floor is broken."""
    flagged = [(p, y) for p, y in users if p > review]
    removed = [(p, y) for p, y in users if p > remove]
    seen = len(flagged) - (len(removed) if demand.armed else 0)
    spammers = sum(y for _, y in users)
    found, caught = sum(y for _, y in flagged), sum(y for _, y in removed)
    if demand.reviews_per_day is not None:
        capacity = Fraction(str(demand.reviews_per_day)) * len(users) / Fraction(str(demand.users_per_day))
        if seen > capacity:
            return None
    if demand.min_recall is not None and found < Fraction(str(demand.min_recall)) * spammers:
        return None
    if demand.min_precision is not None and caught < Fraction(str(demand.min_precision)) * len(removed):
        return None
    harmed = len(removed) - caught if demand.armed else 0
    return (
        Fraction(str(demand.cost_removal)) * harmed + Fraction(str(demand.cost_review)) * seen
        + Fraction(str(demand.cost_miss)) * (spammers - found)
    )  # fmt: skip


def cheapest_of_all(users: list[tuple[float, int]], demand: Demand) -> tuple[Fraction, float, float] | None:
    """Every pair of cuts is tried; of the cheapest the one with the highest review, then the highest remove."""
    scores = sorted({p for p, _ in users})
    cuts = [p for p in scores if 0 < p < 1]
    lowest = next((p for p in scores if p > 0), 1.0) / 2
    possible = [
        (-cost, review, remove)
        for review in [lowest, *cuts]
        for remove in [lowest, *cuts]
        if review <= remove and (cost := exact_cost(users, demand, review, remove)) is not None
    ]
    if not possible:
        return None
    cost, review, remove = max(possible)
    return -cost, review, remove


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in (1, 2, 3))])
def test_the_plan_is_the_cheapest_of_all_pairs_of_cuts_ties_included(part: int) -> None:
    random = np.random.default_rng(part)
    met = unmet = 0
    for _ in range(250):
        n, steps = int(random.integers(2, 40)), int(random.choice([3, 8, 20, 1000]))
        score = np.round(random.random(n) * steps) / steps
        label = (random.random(n) < score).astype(int)
        label[:2] = 0, 1
        users = list(zip(score.tolist(), label.tolist(), strict=True))
        demand = Demand(
            users_per_day=float(random.choice([n, 10, 1000])),
            reviews_per_day=None if random.random() < 0.3 else float(random.integers(0, 12)),
            cost_removal=float(random.choice([0, 0.5, 3, 10, 100])), cost_review=float(random.choice([0, 0.1, 1, 2])),
            cost_miss=float(random.choice([0, 0.5, 1, 1.5, 20])),
            min_recall=None if random.random() < 0.5 else float(random.choice([0.5, 0.8, 1])),
            min_precision=None if random.random() < 0.5 else float(random.choice([0.5, 0.9, 1])),
            armed=bool(random.random() < 0.6),
        )  # fmt: skip
        plan = planner.plan(planner.prepare(score, label), demand)
        best = cheapest_of_all(users, demand)
        assert plan.feasible == (best is not None)
        assert 0 < plan.review <= plan.remove < 1
        if best is None:
            unmet += 1
            continue
        met += 1
        cost, review, remove = best
        assert (plan.review, plan.remove) == (review, remove)
        assert plan.expected["cost"].value == pytest.approx(float(cost) * demand.users_per_day / n)
    assert met > 100
    assert unmet > 10


@given(labelled, demands, money)
def test_a_dearer_wrong_removal_never_lowers_remove(users, demand, more):
    rehearsal = prepared(users)
    plan, dearer = (
        planner.plan(rehearsal, replace(demand, cost_removal=cost))
        for cost in (demand.cost_removal, demand.cost_removal + more)
    )
    assume(plan.feasible)
    assert dearer.remove >= plan.remove


@given(labelled, demands, st.integers(0, 30), st.integers(0, 30))
def test_more_capacity_never_raises_the_cheapest_cost(users, demand, few, more):
    rehearsal = prepared(users)
    tight, wide = (planner.plan(rehearsal, replace(demand, reviews_per_day=each)) for each in (few, few + more))
    assume(tight.feasible)
    assert wide.feasible
    assert wide.expected["cost"].value <= tight.expected["cost"].value + 1e-9 * demand.users_per_day


@given(labelled, demands)
def test_the_frontier_never_rises_where_floors_hold_and_ends_where_more_is_of_no_use(users, demand):
    rehearsal = prepared(users)
    frontier = planner.frontier(rehearsal, demand)
    cost = frontier.cost[frontier.feasible]
    assert (np.diff(cost) <= 1e-9 * demand.users_per_day).all()
    assert (frontier.volume[frontier.feasible] <= frontier.reviews_per_day[frontier.feasible] + 1e-6).all()
    free = planner.plan(rehearsal, replace(demand, reviews_per_day=None))
    assert frontier.volume[-1] == pytest.approx(free.expected["volume"].value)
    assert frontier.cost[-1] == pytest.approx(free.expected["cost"].value)


@given(labelled, demands, st.sampled_from([0.01, 0.3]), st.integers(1, 3))
def test_every_figure_lies_in_its_own_intervals_and_shares_in_their_range(users, demand, prevalence, seed):
    plan = planner.plan(prepared(users, seed=seed), replace(demand, prevalence=prevalence))
    assert tuple(plan.expected) == FIGURES
    for name, figure in plan.expected.items():
        if figure.value is None:
            assert set(figure.as_json().values()) == {None}
            continue
        assert figure.low <= figure.value <= figure.high
        assert figure.predicted_low <= figure.value <= figure.predicted_high
        assert figure.kept(figure.value)
        assert min(figure.low, figure.predicted_low) >= 0
        most = {"precision": 1, "recall": 1, "legitimate_per_1000_flags": 1000}.get(name, np.inf)
        assert max(figure.high, figure.predicted_high) <= most + 1e-9


@given(labelled, demands, st.integers(0, 3))
def test_a_shortfall_names_the_capacity_that_would_do_and_the_most_there_is(users, demand, capacity):
    rehearsal = prepared(users)
    demand = replace(demand, reviews_per_day=capacity)
    plan = planner.plan(rehearsal, demand)
    if plan.feasible:
        return
    lacks = plan.shortfall
    if lacks.reviews_per_day is not None:
        assert lacks.reviews_per_day > demand.reviews_per_day
        assert planner.plan(rehearsal, replace(demand, reviews_per_day=lacks.reviews_per_day)).feasible
        less = replace(demand, reviews_per_day=max(lacks.reviews_per_day * 0.999 - 1e-6, 0))
        assert not planner.plan(rehearsal, less).feasible
    if lacks.recall is not None and lacks.volume is None:
        assert planner.plan(rehearsal, replace(demand, min_recall=lacks.recall, min_precision=None)).feasible
    if lacks.precision is not None:
        assert lacks.precision < demand.min_precision
    assert {lacks.recall, lacks.precision, lacks.volume} != {None}


def test_it_says_which_recall_capacity_allows_and_plans_for_that() -> None:
    score, label = populations.users("demo", 5_000, np.random.default_rng(0))
    rehearsal = planner.prepare(score, label)
    demand = Demand(10_000, 200, cost_miss=20, min_recall=0.9)
    plan = planner.plan(rehearsal, demand)
    assert not plan.feasible
    assert plan.shortfall.recall == plan.expected["recall"].value < 0.9
    assert plan.shortfall.precision is None
    assert plan.expected["volume"].value <= 200
    assert planner.plan(rehearsal, replace(demand, min_recall=plan.shortfall.recall)).feasible


def test_unarmed_users_above_remove_are_cases_and_nobody_is_removed() -> None:
    score, label = populations.users("many", 3_000, np.random.default_rng(0))
    rehearsal = planner.prepare(score, label)
    unarmed = planner.plan(rehearsal, Demand(1_000, 100, cost_miss=20))
    armed = planner.plan(rehearsal, Demand(1_000, 100, cost_miss=20, armed=True))
    flagged = (score > unarmed.review).sum() * 1_000 / 3_000
    assert unarmed.expected["volume"].value == pytest.approx(flagged)
    assert unarmed.expected["removed"].value == 0
    assert armed.expected["removed"].value > 0
    assert armed.expected["recall"].value > unarmed.expected["recall"].value


@pytest.mark.parametrize(("live", "planned"), [(0.2, 0.2), (0.95, None)])
def test_monitor_is_kept_and_lowered_to_review_where_above(live: float, planned: float | None) -> None:
    score, label = populations.users("many", 3_000, np.random.default_rng(0))
    plan = planner.plan(planner.prepare(score, label), Demand(1_000, monitor=live))
    assert plan.monitor == (planned or plan.review)
    assert plan.as_json()["thresholds"] == {"monitor": plan.monitor, "review": plan.review, "remove": plan.remove}


def test_another_prevalence_counts_each_kind_so_many_times() -> None:
    score, label = populations.users("many", 4_000, np.random.default_rng(0))
    rehearsal = planner.prepare(score, label)
    plan = planner.plan(rehearsal, Demand(1_000, prevalence=0.02, armed=True))
    weight = np.where(label == 1, plan.correction.spam, plan.correction.legitimate)
    weighted = planner.plan(planner.prepare(score, label, weight), Demand(1_000, armed=True))
    assert (weight * label).sum() / weight.sum() == pytest.approx(0.02)
    assert (plan.review, plan.remove) == (weighted.review, weighted.remove)
    for name in FIGURES:
        assert plan.expected[name].value == pytest.approx(weighted.expected[name].value)
    assert plan.expected["missed"].value < planner.plan(rehearsal, Demand(1_000, armed=True)).expected["missed"].value


def test_probabilities_move_with_the_prevalence_and_back() -> None:
    p = np.array([0.01, 0.5, 0.99])
    there = planner.Correction(0.03, 0.1).shifted(p)
    assert (there > p).all()
    assert planner.Correction(0.1, 0.03).shifted(there) == pytest.approx(p)


def test_a_weight_of_two_is_a_user_twice() -> None:
    score, label = populations.users("tied", 500, np.random.default_rng(0))
    twice = np.arange(500) % 3 == 0
    weighted = planner.prepare(score, label, np.where(twice, 2.0, 1.0))
    repeated = planner.prepare(np.append(score, score[twice]), np.append(label, label[twice]))
    plans = [planner.plan(each, Demand(1_000, 100, armed=True)) for each in (weighted, repeated)]
    assert plans[0].review == plans[1].review
    assert plans[0].remove == plans[1].remove
    for name in FIGURES:
        assert plans[0].expected[name].value == pytest.approx(plans[1].expected[name].value)


def test_the_same_users_and_seed_give_the_same_plan_in_any_order() -> None:
    score, label = populations.users("demo", 2_000, np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(2_000)
    plans = [
        planner.plan(planner.prepare(score[at], label[at], seed=5), Demand(1_000, 20, armed=True))
        for at in (order, slice(None))
    ]
    assert plans[0] == plans[1]


def test_more_users_a_sample_and_a_period_give_narrower_intervals() -> None:
    widths = []
    for n, days in ((2_000, 1), (50_000, 1), (50_000, 30)):
        score, label = populations.users("many", n, np.random.default_rng(0))
        recall = planner.plan(planner.prepare(score, label), Demand(1_000, days=days)).expected["recall"]
        widths.append((recall.high - recall.low, recall.predicted_high - recall.predicted_low))
    assert widths[0][0] > 2 * widths[1][0]
    assert widths[1][0] == widths[2][0]
    assert widths[0][1] > widths[1][1] > 2 * widths[2][1]
    assert all(period > long_run for long_run, period in widths)


def test_thresholds_in_force_are_told_of_without_a_plan() -> None:
    score, label = populations.users("many", 30_000, np.random.default_rng(0))
    rehearsal = planner.prepare(score, label)
    told = planner.outlook(rehearsal, Demand(1_000, armed=True), 0.7, 0.9)
    assert told["removed"].value == pytest.approx((score > 0.9).sum() / 30)
    assert told["recall"].value == pytest.approx(label[score > 0.7].sum() / label.sum())
    assert told["recall"].low < told["recall"].value < told["recall"].high
    with pytest.raises(BadOptionError, match="must rise between 0 and 1"):
        planner.outlook(rehearsal, Demand(1_000), 0.9, 0.7)


@pytest.mark.parametrize("scores", [[0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0], [5e-324, 1, 0.5, 0.5]])
@pytest.mark.parametrize("armed", [False, True])
def test_scores_of_0_and_1_leave_thresholds_between(scores: list[float], armed: bool) -> None:
    rehearsal = planner.prepare(scores, [0, 1, 0, 1])
    for capacity in (None, 0):
        plan = planner.plan(rehearsal, Demand(10, capacity, armed=armed, min_precision=0.9, min_recall=0.5))
        assert 0 < plan.review <= plan.remove < 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("users_per_day", 0), ("users_per_day", float("nan")), ("users_per_day", float("inf")), ("users_per_day", True),
        ("reviews_per_day", -1), ("reviews_per_day", float("nan")), ("days", 0), ("days", 1.5), ("days", 4_000),
        ("days", True), ("cost_removal", -1), ("cost_review", float("nan")), ("cost_miss", float("inf")),
        ("min_recall", 1.01), ("min_recall", -0.1), ("min_precision", float("nan")), ("prevalence", 0),
        ("prevalence", 1), ("monitor", 0), ("monitor", 1), ("cost_miss", "many"),
    ],
)  # fmt: skip
def test_a_demand_that_makes_no_sense_is_refused_at_its_field(field: str, value: object) -> None:
    with pytest.raises(BadOptionError, match=f"^{field}: must be") as refused:
        replace(Demand(1_000), **{field: value})
    assert refused.value.option == field


@pytest.mark.parametrize(("hours", "minutes"), [(-1, 3), (8, 0), (float("nan"), 3)])
def test_hours_and_minutes_that_make_no_sense_are_refused(hours: float, minutes: float) -> None:
    with pytest.raises(BadOptionError, match="must be a number"):
        reviews_per_day(hours, minutes)


@pytest.mark.parametrize(
    ("score", "label", "weight", "error"),
    [
        ([0.1, 1.1], [0, 1], None, "scores"), ([0.1, float("nan")], [0, 1], None, "scores"),
        ([0.1, 0.2], [0, 2], None, "labels"), ([0.1, 0.2], [0, 1, 1], None, "labels"),
        ([0.1, 0.2], [0, float("nan")], None, "labels"), ([0.1, 0.2], [0, 1], [1, 0], "weights"),
        ([0.1, 0.2], [0, 1], [1, float("inf")], "weights"), ([0.1, 0.2], [0, 1], [1], "labels"),
    ],
)  # fmt: skip
def test_users_that_cannot_be_planned_on_are_refused(score, label, weight, error) -> None:
    with pytest.raises(BadOptionError, match=f"^{error}: "):
        planner.prepare(score, label, weight)


@pytest.mark.parametrize("label", [[0, 0], [1, 1], []])
def test_both_kinds_of_users_are_needed(label: list[int]) -> None:
    with pytest.raises(TooFewRowsError):
        planner.prepare([0.5] * len(label), label)


def test_no_capacity_is_named_that_would_not_do_where_a_score_of_one_is_above_every_threshold() -> None:
    rehearsal = planner.prepare([0.05, 1.0], [1, 0])
    plan = planner.plan(rehearsal, Demand(10, 0, min_precision=0.5))
    assert not plan.feasible
    enough = plan.shortfall.reviews_per_day
    assert enough is None or planner.plan(rehearsal, Demand(10, enough, min_precision=0.5)).feasible
