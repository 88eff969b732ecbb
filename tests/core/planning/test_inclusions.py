"""How likely each judged user was to be chosen, by all plans so far."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from core.home import Home
from core.planning.day import Places
from core.scoring.runs import Run
from tests import make
from tests.core.review.reviewing import fresh, judge_all, not_chosen, planned, scored, truth_of
from tests.make import NOW

FRAME = make.users(250, seed=1)


def now_of(home: Home) -> dict[str, float]:
    verdicts = home.inclusions.as_of_now(fresh(home).effective())
    return dict(zip(verdicts["user"], verdicts["inclusion"], strict=True))


def planned_of(home: Home, run: Run) -> dict[str, float]:
    plan = home.runs.plan(run.id)
    assert plan is not None
    return dict(zip(home.user_names.of(run).loc[plan.index], plan["inclusion"], strict=True))


def judged_by_chance(home: Home) -> tuple[Run, dict[str, float]]:
    """A run of whose users a tenth was drawn and judged; the inclusion that the verdicts store."""
    run = planned(home, FRAME, capacity=0, audit=0.1, uncertain=0)
    judge_all(home, truth_of(FRAME))
    verdicts = fresh(home).effective()
    return run, dict(zip(verdicts["user"], verdicts["inclusion"], strict=True))


def test_a_later_plan_raises_the_inclusion_of_who_was_judged_before(own: Home) -> None:
    run, stored = judged_by_chance(own)
    assert now_of(own) == stored
    own.plans.choose(Places(0, 0, 80.0), by="Lea", now=NOW + timedelta(days=1))
    planned_now = planned_of(own, run)
    assert now_of(own) == {user: planned_now[user] for user in stored}
    assert all(planned_now[user] > inclusion for user, inclusion in stored.items())


def test_it_is_the_largest_over_all_runs_of_the_user(own: Home) -> None:
    first, stored = judged_by_chance(own)
    second = scored(own, FRAME[:100])
    own.plans.choose(Places(0, 0, 80.0), by="Lea", now=NOW + timedelta(days=1))
    by_plan = [planned_of(own, run) for run in (first, second)]
    largest = {user: max(plan.get(user, 0.0) for plan in by_plan) for user in stored}
    assert now_of(own) == largest
    assert any(largest[user] > by_plan[0][user] for user in stored)


def test_who_was_sent_by_hand_since_is_certain(own: Home) -> None:
    run, stored = judged_by_chance(own)
    names = own.user_names.of(run)
    user = next(iter(stored))
    own.sending.send(run.id, [int(names.index[names == user][0])], by="Lea", now=NOW)
    assert now_of(own) == stored | {user: 1.0}


def test_without_its_plan_a_verdict_keeps_the_inclusion_that_it_stores(own: Home) -> None:
    run, stored = judged_by_chance(own)
    (own.settings.runs / run.id / "plan.parquet").unlink()
    assert now_of(own) == stored


def test_a_verdict_on_somebody_who_was_not_drawn_gets_no_inclusion(own: Home) -> None:
    run = planned(own, FRAME, capacity=0, audit=0.1, uncertain=0)
    row = next(iter(not_chosen(own, run)))
    own.sending.send_flips(run.dataset, [row], models=[run.model], policy=run.policy, by="Lea", now=NOW)
    judge_all(own, truth_of(FRAME))
    verdicts = own.inclusions.as_of_now(fresh(own).effective())
    flip = verdicts[verdicts["stratum"] == "flip"]
    assert len(flip) == 1
    assert np.isnan(flip["inclusion"].iloc[0])


@pytest.mark.parametrize("queued", [False, True])
def test_without_verdicts_there_is_nothing_to_raise(queued: bool, own: Home) -> None:
    if queued:
        planned(own, FRAME)
    assert own.inclusions.as_of_now(fresh(own).effective()).empty
