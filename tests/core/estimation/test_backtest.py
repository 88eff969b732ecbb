"""Backtests: what a policy would do is what it then does, and precision is weighed by how users were drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.errors import UnknownItemError
from core.estimation.backtest import Backtest, RuleFigures, with_rule
from core.estimation.rule_watch import Recent, attention, figures_of, right
from core.home import Home
from core.policy.list_store import Grounds
from core.policy.policy import Policy
from core.policy.rules import Condition, Rule
from core.policy.users import Kinds
from core.scoring.runs import Run
from tests import make
from tests.core.review.reviewing import judge_all, planned, scored, truth_of
from tests.make import NOW

FRAME = make.users(400, seed=1)
MANY = Rule("Many", "at least", "auto_remove", (Condition("links", ">=", (3.0,)),), "live")
QUIET = Rule("Quiet", "at most", "monitor", (Condition("verified", "=", (1.0,)),), "shadow")
EVERYBODY = Rule("All", "exactly", "human_review", (Condition("links", "is not missing"),), "live")


def tried(home: Home, run: Run, *rules: Rule, **changes: object) -> Backtest:
    before = home.policies.in_force()
    return home.backtests.of_run(run, before, replace(before, rules=rules, **changes), now=NOW)  # type: ignore[arg-type]


def one(found: Backtest, name: str) -> RuleFigures:
    figures = figures_of(found, name)
    assert figures is not None
    return figures


def test_what_a_draft_would_do_is_what_it_then_does(own: Home) -> None:
    run = scored(own, FRAME)
    own.lists.add("allow", "", [str(FRAME["user"][3])], Grounds("a partner", "Lea", NOW))
    draft = replace(own.policies.in_force(), rules=(MANY, QUIET), review=0.6)
    found = own.backtests.of_run(run, own.policies.in_force(), draft, now=NOW)

    own.policies.save(draft, by="Lea", now=NOW)
    after = own.runs.scores(scored(own, FRAME, own.policies.in_force()).id)
    assert found.users["decided_by"].tolist() == after["decided_by"].tolist()
    assert found.after.tolist() == np.minimum(after["severity"], 2).tolist()  # removal is not armed
    changes = found.changes()
    assert len(changes) == found.stricter + found.milder == (found.before != found.after).sum()
    assert sum(found.counts(found.after).values()) == len(FRAME)
    assert changes["score"].is_monotonic_decreasing


def test_hits_overlaps_and_what_the_score_flags_anyway_are_counted(own: Home) -> None:
    run = scored(own, FRAME)
    found = tried(own, run, MANY, QUIET, replace(MANY, name="Again"))
    links, verified = (FRAME[name].to_numpy() for name in ("links", "verified"))
    score = own.runs.scores(run.id)["probability"].to_numpy()
    many = one(found, "Many")
    assert (many.matched, many.flagged_by_score) == ((links >= 3).sum(), ((links >= 3) & (score > 0.7)).sum())
    assert many.decided == ((links >= 3) & (score <= 0.9)).sum()
    assert many.overlaps == {"Quiet": ((links >= 3) & (verified == 1)).sum(), "Again": many.matched}
    assert one(found, "Quiet").decided == 0
    assert (many.hidden, one(found, "Again").hidden, one(found, "Quiet").hidden) == (False, True, False)


def test_before_anybody_is_judged_there_is_no_precision(own: Home) -> None:
    for run in (scored(own, FRAME), planned(own, FRAME)):
        found = one(tried(own, run, EVERYBODY), "All").precision
        assert (found.judged, np.isnan(found.value)) == (0, True)
        assert found.low < 0.1
        assert found.high > 0.9


@pytest.mark.parametrize("audit", [0.3, 1])
def test_precision_weighs_each_label_by_how_likely_it_was_to_be_drawn(own: Home, audit: float) -> None:
    run = planned(own, FRAME, capacity=40, audit=audit, uncertain=5)
    judge_all(own, truth_of(FRAME))
    found = one(tried(own, run, EVERYBODY), "All").precision
    plan = own.inclusions.of(run)
    assert plan is not None
    chosen, spam = plan["chosen"].to_numpy(), FRAME["spam"].to_numpy(float)
    pi, certain = plan["inclusion"].to_numpy(), plan["inclusion"].to_numpy() == 1
    drawn = chosen & ~certain
    expected = spam[certain].sum()
    if drawn.any():
        expected += (~certain).sum() * np.average(spam[drawn], weights=1 / pi[drawn])
    assert found.judged == chosen.sum()
    if audit == 1:
        assert found.value == found.low == found.high == spam.mean()
    else:
        assert found.low <= spam.mean() <= found.high
        assert found.value == pytest.approx(expected / len(FRAME), rel=0.2)


def test_whom_a_person_found_legitimate_and_a_draft_would_treat_more_strictly_comes_first(own: Home) -> None:
    run = planned(own, FRAME, capacity=60)
    judge_all(own, truth_of(FRAME))
    found = tried(own, run, EVERYBODY)
    changes = found.changes()
    wrong = (changes["verdict"] == "legitimate") & (changes["after"] == "human_review")
    assert wrong.sum() > 0
    assert wrong.to_numpy()[: wrong.sum()].all()
    assert one(found, "All").legitimate == (found.users["verdict"] == "legitimate").sum()


def test_labelled_users_the_model_has_learnt_from_are_left_out(own: Home) -> None:
    dataset = make.learnt_from(own)
    rows = own.common_rows.rows([own.registry.load()], dataset, make.SCHEMA)
    before = own.policies.in_force()
    found = own.backtests.of_labelled(
        dataset, own.registry.load(), before, replace(before, rules=(MANY,)), now=NOW
    )  # fmt: skip
    assert len(found.users) == len(rows.label) < dataset.accepted
    hit = (rows.frame["links"] >= 3).to_numpy()
    many = one(found, "Many").precision
    assert (many.judged, many.value) == (hit.sum(), rows.label[hit].mean())
    assert many.low < many.value < many.high


def test_a_rule_is_tried_by_what_changes_with_it_alone() -> None:
    policy = replace(make.policy(), rules=(MANY, replace(QUIET, name="b")))
    off, on = with_rule(policy, " MANY ")
    assert [rule.state for rule in off.rules] == ["draft", "shadow"]
    assert [rule.state for rule in on.rules] == ["live", "shadow"]
    with pytest.raises(UnknownItemError):
        with_rule(policy, "nowhere")


def test_a_rule_on_a_column_that_the_home_does_not_have_any_more_hits_nobody_and_needs_attention(own: Home) -> None:
    run = scored(own, FRAME)
    gone = replace(MANY, conditions=(Condition("age", ">", (1.0,)),))
    found = tried(own, run, gone)
    assert one(found, "Many").matched == 0
    why = attention(gone, one(found, "Many"), make.policy(), Recent({}, 0, None), None, Kinds.of(make.SCHEMA), NOW)
    assert why.startswith("this workspace has no column age; it has user, name, country, links")


def test_a_rule_needs_attention_when_it_is_hidden_quiet_expired_or_seldom_right(own: Home) -> None:
    run = planned(own, FRAME, capacity=60, audit=1)
    judge_all(own, truth_of(FRAME))
    wrong = replace(MANY, name="Wrong", conditions=(Condition("score", "<", (0.2,)),))
    found = tried(own, run, MANY, replace(MANY, name="Again"), wrong)
    long_ago, lately = NOW - timedelta(days=31), Recent({"rule:Many": 7, "rule:Wrong": 3}, 4, NOW)

    def why(rule: Rule, since: object = long_ago, recent: Recent = lately, policy: Policy = make.policy()) -> str:  # noqa: B008
        return attention(rule, figures_of(found, rule.name), policy, recent, since, Kinds.of(make.SCHEMA), NOW)  # type: ignore[arg-type]

    assert why(MANY) == ""
    assert why(replace(MANY, name="Again")) == "hidden by earlier lists and rules"
    assert why(wrong).startswith("right less often than 50")
    assert why(wrong, policy=replace(make.policy(), rule_precision=0.0)) == ""
    assert why(MANY, recent=Recent({}, 4, NOW)) == "decided nobody in 30 days"
    assert why(MANY, since=NOW, recent=Recent({}, 4, NOW)) == ""
    assert why(replace(MANY, expires=NOW)) == "expired"
    assert why(QUIET) == ""
    spam = FRAME["spam"][FRAME["verified"] == 1]
    quiet = one(tried(own, run, replace(QUIET, state="live")), "Quiet")
    assert right(quiet.rule, quiet)[0] == pytest.approx(1 - spam.mean())


def test_what_was_decided_lately_is_counted_over_the_runs(own: Home) -> None:
    scored(own, FRAME)
    own.policies.save(replace(own.policies.in_force(), rules=(MANY,)), by="Lea", now=NOW)
    second = scored(own, FRAME, own.policies.in_force())
    told = own.rule_watch.recent(NOW + timedelta(days=1))
    counts = own.runs.scores(second.id)["decided_by"].value_counts()
    assert (told.runs, told.users["rule:Many"]) == (2, counts["rule:Many"])
    assert told.users["score"] == len(FRAME) + counts["score"]
    assert own.rule_watch.recent(NOW + timedelta(days=31)).runs == 0
