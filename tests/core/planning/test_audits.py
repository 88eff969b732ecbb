"""The audit of automatic removal: a sample of the whole band, with equal probability, before anybody is certain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.home import Home
from core.planning.audits import Audits, a_day, draws, expected
from core.planning.choosing import AUDIT, CERTAIN, choose
from core.planning.day import Given, Places, Tally, places
from core.policy.rules import Condition, Rule
from core.review.guidance import Guidance
from tests import make
from tests.core.planning.pools import pool
from tests.core.review.reviewing import POLICY, planned, rules, scored, waiting
from tests.make import NOW


def in_force(home: Home, *extra: Rule, audits: float | None = None) -> None:
    removal = replace(POLICY.removal, audits_a_day=audits)
    home.policies.save(replace(POLICY, rules=extra, removal=removal), by="Lea", now=NOW)


def test_all_of_the_band_are_as_likely_to_be_drawn_and_no_score_and_no_other_number_matters() -> None:
    score = np.random.default_rng(0).uniform(0.91, 1, 4_000)
    users = pool(score, make.policy(), np.zeros(4_000))
    number = np.random.default_rng(1).random(4_000)
    users = replace(users, audits=Audits(np.ones(4_000, bool), number, np.zeros(4_000)))
    found = choose(users, Places(500, 0, 1e-9, audit=400))
    drawn = found.stratum == AUDIT
    assert (drawn == (number < 0.1)).all()
    assert set(found.audited) == {0.1}
    assert abs(score[drawn].mean() - score.mean()) < 5 * score.std() / np.sqrt(400)
    assert found.blind[drawn].all()
    assert found.new[drawn].all()
    # Certain are the next 500: who was drawn takes none of their places.
    assert (found.stratum == CERTAIN).sum() == 500


@given(st.integers(0, 500), st.floats(0, 100), st.floats(0, 1e6))
def test_never_more_are_drawn_than_are_there_or_than_a_day_has_places_for(
    new: int, audits: float, removed: float
) -> None:
    found = expected(new, audits, removed)
    assert 0 <= found <= min(new, audits) * (1 + 1e-9)
    assert a_day(audits, 40) <= 20


def test_the_places_come_out_of_the_random_share_and_a_new_file_can_still_be_drawn_from() -> None:
    given_, rules_ = Given(), Guidance(capacity=200, random_share=0.2, uncertain=0)
    assert places(rules_, Tally(0, 0, 0, 0), given_, unseen=True, audit=15) == Places(160, 0, 25, 15)
    assert places(rules_, Tally(199, 40, 0, 0), given_, unseen=True, audit=15) == Places(0, 0, 0.5, 0.5)
    assert places(rules_, Tally(200, 40, 0, 0), given_, unseen=True, audit=15).free == 0


def test_numbers_are_others_for_each_policy_and_model() -> None:
    users = [f"u{number}" for number in range(500)]
    numbers = [draws(users, b"salt", *of) for of in (("v0001", "p0001"), ("v0001", "p0002"), ("v0002", "p0001"))]
    assert abs(np.corrcoef(numbers) - np.eye(3)).max() < 0.2
    assert (draws(users, b"salt", "v0001", "p0001") == numbers[0]).all()


def test_the_plan_of_a_day_draws_from_the_band_that_the_score_makes_and_from_nobody_else(own: Home) -> None:
    removing = Rule("Kenya", "exactly", "auto_remove", (Condition("country", "=", ("KE",)),), "live")
    sparing = Rule("Pakistan", "at most", "human_review", (Condition("country", "=", ("PK",)),), "live")
    in_force(own, removing, sparing, audits=12)
    rules(own, capacity=200)
    run = scored(own, make.users(1_500, seed=1), own.policies.in_force())
    done = own.plans.fill(by="Lea", now=NOW)
    scores, plan = own.runs.scores(run.id), own.runs.plan(run.id)
    assert plan is not None
    band = scores.index[(scores["severity"] == 3) & (scores["decided_by"] == "score")]
    cases = [case for case in waiting(own) if case.stratum == "audit"]
    assert 0 < len(cases) == done.audit < 40
    assert {case.row for case in cases} <= set(band)
    rate = 12 / max(len(band), run.counts["auto_remove"])
    assert [case.inclusion for case in cases] == [pytest.approx(rate)] * len(cases)
    assert {(case.blind, case.band, case.decided_by) for case in cases} == {(True, "auto_remove", "score")}
    assert plan["audited"].loc[band].tolist() == [pytest.approx(rate)] * len(band)
    assert plan["audited"].drop(band).max() == 0
    assert (plan.loc[[case.row for case in cases], "inclusion"] == 1).all()

    again = own.plans.fill(by="Lea", now=NOW.replace(day=2))
    assert again.audit == 0
    assert set(own.runs.plan(run.id)["audited"]) == set(plan["audited"])  # type: ignore[index]


def test_who_was_drawn_for_the_band_of_one_policy_is_not_of_the_sample_of_another(own: Home) -> None:
    in_force(own, audits=40)
    rules(own, capacity=400, random_share=0.5)
    frame = make.users(600, seed=1)
    scored(own, frame, own.policies.in_force())
    own.plans.fill(by="Lea", now=NOW)
    before = {case.user for case in waiting(own) if case.stratum == "audit"}
    own.policies.save(replace(own.policies.in_force(), review=0.51), by="Lea", now=NOW)
    run = scored(own, frame, own.policies.in_force())
    own.plans.fill(by="Lea", now=NOW.replace(day=2))
    own.sending.send(run.id, own.runs.scores(run.id).index.tolist(), by="Lea", now=NOW.replace(day=2))
    after = {case.user for case in waiting(own) if case.stratum == "audit" and case.policy == run.policy.version}
    plan = own.runs.plan(run.id)
    drawn = (
        set() if plan is None else set(frame["user"].loc[[row - 1 for row in plan.index[plan["stratum"] == "audit"]]])
    )
    assert before
    assert after == drawn
    assert before - after


def test_places_that_somebody_asks_for_draw_nobody_for_the_audit(own: Home) -> None:
    planned(own, make.users(300, seed=1))
    assert not [case for case in waiting(own) if case.stratum == "audit"]
