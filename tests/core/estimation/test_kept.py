"""Kept or not: what happened under a planned policy, against what its plan predicted, and never more than is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.estimation.kept import HELD, Happened, Kept, held, sentence
from core.home import Home
from core.planning.day import Places
from core.policy.list_store import Grounds
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.promise import Figure, Promise
from core.schema import schema as schemas
from core.scoring.runs import Run
from tests import make
from tests.core.review.reviewing import judge_all, truth_of
from tests.make import NOW

FRAME = make.users(700, seed=21)
TRUTH = truth_of(FRAME)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Wide enough for anything, or so narrow that nothing lies there.
ANYTHING, NOTHING = Figure(0.5, 0.0, 1e9, 0.0, 1e9), Figure(2e9, 1e9, 3e9, 1e9, 3e9)
DEMAND = Demand(users_per_day=700.0, reviews_per_day=90.0, days=2, cost_miss=3.0)


def promised(home: Home, **changes: object) -> Promise:
    figures = dict.fromkeys((*HELD, "missed", "legitimate_per_1000_flags"), ANYTHING)
    return replace(
        Promise(0.5, 0.8, DEMAND, home.registry.champion() or "", 900, figures), **changes  # type: ignore[arg-type]
    )  # fmt: skip


def activated(home: Home, promise: Promise) -> str:
    """The version that a plan became, at NOW."""
    policy = replace(home.policies.in_force(), monitor=0.2, review=promise.review, remove=promise.remove)
    draft = home.policies.save_draft(policy, number=0, by="Lea", now=NOW, promise=promise)
    return home.policies.activate_draft(number=draft.number, comment="Planned", by="Lea", now=NOW).version


def came(home: Home, after: timedelta, *, armed: bool = False, seed: int = 21, model: str | None = None) -> Run:
    """Users who were scored so long after NOW."""
    frame, schema = make.users(700, seed=seed), schemas.load(home.settings.schema_file)
    policy = replace(home.policies.in_force(), armed=armed)
    scoring = home.file_scoring
    return scoring.score_file(
        "users.csv", make.csv(frame), schema, home.registry.load(model), policy, now=NOW + after
    ).run  # fmt: skip


def kept(home: Home, version: str, after: timedelta) -> Kept:
    found = home.kept_or_not.of(version, now=NOW + after)
    assert found is not None
    return found


def figures(found: Kept, period: int = 0) -> Mapping[str, Happened]:
    return {each.name: each for each in found.periods[period].figures}


def everybody_judged(home: Home, run: Run) -> None:
    home.plans.choose(Places(run.flagged, 0, float(len(FRAME))), by="Lea", now=NOW + HOUR)
    judge_all(home, TRUTH, now=NOW + 2 * HOUR)


def test_a_policy_of_no_plan_has_nothing_to_keep(own: Home) -> None:
    saved = own.policies.save(replace(own.policies.in_force(), review=0.6), by="Lea", now=NOW)
    assert own.kept_or_not.of(saved.version, now=NOW + DAY) is None
    assert own.kept_or_not.of("p0001", now=NOW + DAY) is None


def test_before_its_end_a_period_is_too_early_and_before_verdicts_nothing_is_told_but_counts(own: Home) -> None:
    version = activated(own, promised(own))
    run = came(own, HOUR)
    early = kept(own, version, 2 * HOUR)
    assert [(each.over, each.users, each.runs) for each in early.periods] == [(False, 700, 1)]
    assert {each.verdict for each in early.periods[0].figures} == {"early"}

    found = figures(kept(own, version, 2 * DAY), 1)
    assert found["volume"].value == run.flagged / 2
    assert (found["volume"].verdict, found["removed"].value, found["removed"].verdict) == ("inside", 0.0, "inside")
    for name in ("precision", "recall", "cost"):
        each = found[name]
        assert (each.value, each.low, each.high, each.judged, each.verdict) == (None, None, None, 0, "early")
        assert sentence(each) == "too early: nobody was judged"


def test_where_everybody_is_judged_it_is_the_truth_that_is_held_against_the_plan(own: Home) -> None:
    narrow = dict.fromkeys((*HELD,), NOTHING) | {"recall": ANYTHING}
    version = activated(own, promised(own, expected=narrow))
    run = came(own, HOUR)
    everybody_judged(own, run)
    found = figures(kept(own, version, 3 * DAY), 1)

    severity, spam = own.runs.scores(run.id)["severity"].to_numpy(), FRAME["spam"].to_numpy()
    seen, missed = int((severity >= 2).sum()), int((spam[severity < 2] == 1).sum())
    assert found["recall"].value == pytest.approx(spam[severity >= 2].sum() / spam.sum())
    assert found["precision"].value is None  # so few are in the band that the interval alone is told
    assert found["precision"].low is not None
    assert found["precision"].high is not None
    assert found["precision"].low <= spam[severity == 3].mean() <= found["precision"].high
    assert found["cost"].value == pytest.approx((seen + 3.0 * missed) / 2)
    assert (found["recall"].verdict, found["volume"].verdict, found["cost"].verdict) == ("inside", "outside", "outside")
    assert sentence(found["volume"]) == "outside: less than predicted"


def test_a_share_outside_is_only_called_so_where_the_verdicts_leave_no_doubt(own: Home) -> None:
    version = activated(own, promised(own))
    run = came(own, HOUR)
    own.plans.choose(Places(run.flagged, 0, 350.0), by="Lea", now=NOW + HOUR)
    judge_all(own, TRUTH, now=NOW + 2 * HOUR)
    recall = figures(kept(own, version, 3 * DAY), 1)["recall"]
    assert recall.low is not None
    assert recall.high is not None
    assert recall.low < recall.high
    middle = (recall.low + recall.high) / 2

    def verdict(low: float, high: float) -> str:
        promise = promised(own, expected=dict.fromkeys(HELD, Figure(middle, low, high, low, high)))
        draft = own.policies.save_draft(own.policies.in_force(), number=0, by="Lea", now=NOW, promise=promise)
        saved = own.policies.activate_draft(number=draft.number, comment="Again", by="Lea", now=NOW).version
        own.policies.activate(version, comment="Back", by="Lea", now=NOW)
        runs = [own.runs.find(run.id)]
        of_runs = own.live_figures.of_all(runs, own.ledger.valid())
        assert of_runs is not None
        assert own.policies.promise(saved) == promise
        return {each.name: each.verdict for each in held(promise, runs, of_runs[1], over=True)}["recall"]

    assert recall.value is not None
    assert verdict(recall.low, recall.high) == "inside"
    assert verdict(0.0, recall.low - 1e-6) == "outside"
    beside = np.nextafter(recall.value, 2)
    assert verdict(float(beside), 1.0) == ("early" if recall.high > recall.value else "outside")


def test_users_who_come_again_tests_and_other_models_do_not_count_and_are_said(own: Home) -> None:
    version = activated(own, promised(own))
    came(own, HOUR)
    came(own, 2 * HOUR)  # the same file again
    test = came(own, 3 * HOUR, seed=22)
    own.run_edits.change(test.id, test=True, by="Lea", now=NOW + 3 * HOUR)
    found = kept(own, version, DAY)
    assert (found.periods[0].users, found.left_out) == (700, 0)

    elsewhere = activated_for_another_model(own)
    came(own, 4 * HOUR, seed=23)
    assert (kept(own, elsewhere, DAY).periods[0].users, kept(own, elsewhere, DAY).left_out) == (0, 1)


def activated_for_another_model(home: Home) -> str:
    return activated(home, promised(home, model="v0009", remove=0.85))


def test_where_automation_stood_otherwise_than_planned_only_shares_are_held_against_the_plan(own: Home) -> None:
    version = activated(own, promised(own))
    run = came(own, HOUR, armed=True)
    everybody_judged(own, run)
    found = figures(kept(own, version, 3 * DAY), 1)
    assert {name: each.verdict for name, each in found.items()} == {
        "volume": "other", "removed": "other", "precision": "inside", "recall": "inside", "cost": "other",
    }  # fmt: skip
    assert found["removed"].value == run.counts["auto_remove"] / 2
    assert sentence(found["cost"]) == "not comparable: automation was armed, which was not planned"


def test_periods_follow_each_other_and_end_when_another_version_comes_into_force(own: Home) -> None:
    version = activated(own, promised(own))
    came(own, HOUR)
    came(own, 2 * DAY, seed=22)
    own.lists.add("block", "", ["u23-1", "u23-2", "u23-3"], Grounds("A ring", "Lea", NOW + 3 * DAY))
    blocked = came(own, 4 * DAY + HOUR, seed=23)
    found = kept(own, version, 4 * DAY + 2 * HOUR)
    assert [(each.since - NOW, each.over, each.runs) for each in found.periods] == [
        (4 * DAY, False, 1), (2 * DAY, True, 1), (timedelta(0), True, 1)
    ]  # fmt: skip
    assert found.periods[0].by_rules == sum(n for name, n in own.runs.deciders(blocked.id).items() if name != "score")
    assert found.periods[0].by_rules > 0

    own.policies.activate("p0001", comment="Back", by="Lea", now=NOW + 3 * DAY)
    ended = kept(own, version, 9 * DAY)
    assert [(each.since - NOW, each.over) for each in ended.periods] == [(2 * DAY, False), (timedelta(0), True)]
