"""Policy: a draft is made, tried on the latest run, activated and rolled back; lists are counted before they hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.words import UNKNOWN
from core.estimation.kept import HELD
from core.home import Home
from core.policy.automation.removal import Statement
from core.policy.rules import Condition, Rule
from core.policy.thresholds.aims import Aims
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.promise import Figure, Promise
from core.schema import schema as schemas
from tests import make, screen
from tests.screen import Scored, Visit

MANY = Rule("Many links", "exactly", "human_review", (Condition("links", ">=", (4.0,)),), "live", "links")


@pytest.fixture
def scored_home(own: Home, scored: Scored, to_score: pd.DataFrame) -> Home:
    scored(own, to_score)
    return own


def drafted(home: Home, *rules: Rule, **changes: object) -> None:
    policy = replace(home.policies.in_force(), rules=rules, **changes)  # type: ignore[arg-type]
    home.policies.save_draft(policy, number=0, by="Lea", now=make.NOW)


def button(at: AppTest, label: str) -> object:
    return next(each for each in at.button if each.label == label)


def test_before_a_file_was_scored_the_page_says_what_it_needs(visit: Visit, own: Home) -> None:
    at = visit(own, "policy")

    assert not at.exception
    assert not at.error
    assert "No file scored yet" in screen.sentences(at)
    assert "No rule yet" in screen.sentences(at)


def test_the_policy_in_force_stands_there_with_the_users_of_the_latest_run(visit: Visit, scored_home: Home) -> None:
    at = visit(scored_home, "policy")

    run = scored_home.runs.find("r-0001")
    assert not at.exception
    for users in run.counts.values():
        assert f"**{users}**" in screen.sentences(at) or f"**{run.counts['human_review'] + run.counts['auto_remove']}**"
    assert "p0001 on the 200 users of r-0001" in screen.sentences(at)
    assert "Draft" not in screen.sentences(at)


def test_a_draft_says_who_would_change_action_and_decides_only_once_it_is_activated(
    visit: Visit, scored_home: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    drafted(scored_home, MANY, review=0.6)
    at = visit(scored_home, "policy", **{"as": "Lea"})

    tried = scored_home.backtests.of_run(
        scored_home.runs.find("r-0001"), make.policy(), scored_home.policies.draft().policy, now=make.NOW  # type: ignore[union-attr]
    )  # fmt: skip
    changed = tried.stricter + tried.milder
    assert changed > 0
    assert f"{changed} users change action: {tried.stricter} stricter, {tried.milder} milder" in screen.sentences(at)
    table = next(each.value for each in at.dataframe if "Rule" in each.value)
    assert table["Rule"].tolist() == ["Many links"]
    assert table["Hits"].tolist() == [(to_score["links"] >= 4).sum()]
    assert table["Interval"].tolist() == ["not judged"]
    shown = next(each.value for each in at.dataframe if "Decided by" in each.value)
    assert len(shown) == changed

    button(at, "Activate the draft").click().run()  # type: ignore[attr-defined]
    assert "say why in one line" in screen.errors(at)[0]
    assert scored_home.policies.in_force().version == "p0001"
    at.text_input(key=f"comment-{scored_home.policies.draft().number}").set_value("Links are spam")  # type: ignore[union-attr]
    button(at, "Activate the draft").click().run()  # type: ignore[attr-defined]

    assert not at.exception
    active = scored_home.policies.in_force()
    assert (active.version, active.rules, active.review) == ("p0002", (MANY,), 0.6)
    assert scored_home.policies.history()[0].comment == "Links are spam"
    button(at, "Roll back to p0001").click().run()  # type: ignore[attr-defined]
    assert scored_home.policies.in_force() == make.policy()


def test_thresholds_are_saved_in_the_draft_and_what_cannot_be_is_told_and_not_stored(
    visit: Visit, scored_home: Home
) -> None:
    at = visit(scored_home, "policy", **{"as": "Lea"})
    at.number_input(key="review-thresholds-p0001-0").set_value(0.2)
    button(at, "Save in the draft").click().run()  # type: ignore[attr-defined]
    assert "thresholds must rise" in screen.errors(at)[0]
    assert scored_home.policies.draft() is None

    at.number_input(key="review-thresholds-p0001-0").set_value(0.6)
    button(at, "Save in the draft").click().run()  # type: ignore[attr-defined]
    assert not at.error
    assert scored_home.policies.draft().policy.review == 0.6  # type: ignore[union-attr]
    assert scored_home.policies.in_force().review == 0.7


def test_somebody_who_was_faster_is_told_and_nothing_of_theirs_is_lost(visit: Visit, scored_home: Home) -> None:
    at = visit(scored_home, "policy", **{"as": "Ada"})
    at.number_input(key="review-thresholds-p0001-0").set_value(0.6)
    drafted(scored_home, MANY)
    button(at, "Save in the draft").click().run()  # type: ignore[attr-defined]

    kept = scored_home.policies.draft()
    assert kept is not None
    assert (kept.policy.rules, kept.by) == ((MANY,), "Lea")


def test_a_rule_that_earlier_ones_hide_is_marked(visit: Visit, scored_home: Home) -> None:
    scored_home.policies.save(
        replace(scored_home.policies.in_force(), rules=(MANY, replace(MANY, name="Hidden"))), by="Lea", now=make.NOW
    )
    at = visit(scored_home, "policy")

    table = next(each.value for each in at.dataframe if "Rule" in each.value)
    assert table["State"].tolist() == [["Live"], ["Needs attention"]]


def test_values_are_put_on_a_list_after_their_count_and_taken_off_again(visit: Visit, scored_home: Home) -> None:
    at = visit(scored_home, "policy", **{"as": "Lea"})
    next(each for each in at.text_area if each.label == "Values, one a line").set_value("u3-1\nu3-2\nnobody").run()
    assert "3 values: **2 users** of r-0001 match." in screen.sentences(at)
    next(each for each in at.text_input if each.label == "Reason").set_value("A ring").run()
    button(at, "Add 3 values").click().run()  # type: ignore[attr-defined]

    assert not at.exception
    assert not at.error
    assert {each.value for each in scored_home.lists.entries("block")} == {"u3-1", "u3-2", "nobody"}


def test_who_may_not_change_the_policy_sees_it_and_is_offered_nothing(visit: Visit, scored_home: Home) -> None:
    scored_home.accounts.create("Ada", "admin", "a long password", now=make.NOW)
    scored_home.accounts.create("Ann", "analyst", "a long password", now=make.NOW)
    drafted(scored_home, MANY)
    at = visit(scored_home, "policy")
    at.text_input[0].set_value("Ann")
    at.text_input[1].set_value("a long password")
    button(at, "Sign in").click().run()  # type: ignore[attr-defined]

    assert not at.exception
    labels = {each.label for each in at.button}
    assert not labels & {"New rule", "Save in the draft", "Activate the draft", "Discard the draft"}
    assert "Many links" in next(each.value for each in at.dataframe if "Rule" in each.value)["Rule"].tolist()


def test_a_rule_on_a_column_that_is_gone_is_marked_and_can_still_be_removed(visit: Visit, scored_home: Home) -> None:
    gone = replace(MANY, conditions=(Condition("age", ">", (4.0,)),))
    scored_home.policies.save(replace(scored_home.policies.in_force(), rules=(gone,)), by="Lea", now=make.NOW)
    at = visit(scored_home, "policy", **{"as": "Lea"})

    assert not at.exception
    assert not at.error
    table = next(each.value for each in at.dataframe if "Rule" in each.value)
    assert (table["State"].tolist(), table["Hits"].tolist()) == ([["Needs attention"]], [0])


# Automation


def test_before_anybody_was_judged_the_page_says_what_is_needed_and_offers_nobody_to_arm(
    visit: Visit, scored_home: Home
) -> None:
    at = visit(scored_home, "policy", **{"as": "Lea"})

    assert not at.exception
    assert "Not armed" in screen.sentences(at)
    assert "0 blind verdicts so far" in screen.sentences(at)
    assert "fewer than 10 a fall of precision would be seen too late" in screen.sentences(at).replace("Fewer", "fewer")
    assert "Arm automation" not in {each.label for each in at.button}


def test_automation_is_armed_and_disarmed_by_a_name_with_a_comment(visit: Visit, proven: Home) -> None:
    at = visit(proven, "policy", **{"as": "Lea"})
    assert "It may be armed." in screen.sentences(at)
    assert "what they do is not part of this proof" in screen.sentences(at)
    assert "60 judged spammer, 0 legitimate" in screen.sentences(at)
    button(at, "Arm automation").click().run()  # type: ignore[attr-defined]
    assert "say why in one line" in screen.errors(at)[0]
    assert not proven.policies.deciding("v0001").armed

    at.text_input(key="comment-arm").set_value("It is proven")
    button(at, "Arm automation").click().run()  # type: ignore[attr-defined]
    assert not at.exception
    assert not at.error
    assert proven.policies.deciding("v0001").armed
    assert "By Lea since" in screen.sentences(at)
    assert "Automatic removal is not armed" not in screen.sentences(visit(proven))

    at = visit(proven, "policy", **{"as": "Lea"})
    at.text_input(key="comment-disarm").set_value("An incident")
    button(at, "Disarm automation").click().run()  # type: ignore[attr-defined]
    assert not proven.policies.deciding("v0001").armed
    overview = screen.sentences(visit(proven))
    assert "Automatic removal is not armed" in overview
    assert "Disarmed by Lea since" in overview
    assert "An incident" in overview


def test_words_for_the_removed_are_changed_in_the_draft(visit: Visit, scored_home: Home) -> None:
    at = visit(scored_home, "policy", **{"as": "Lea"})
    at.number_input(key="target-removal-p0001-0").set_value(95.0)
    at.number_input(key="audits-removal-p0001-0").set_value(25)
    at.text_area(key="text-score-removal-p0001-0").set_value("You sent spam. Write to us.")
    next(each for each in at.button if each.key == "save-removal-p0001-0").click().run()

    assert not at.exception
    assert not at.error
    draft = scored_home.policies.draft()
    assert draft is not None
    assert (draft.policy.removal.target, draft.policy.removal.audits_a_day, draft.policy.removal.statements) == (
        0.95, 25.0, (Statement("score", "You sent spam. Write to us."),)
    )  # fmt: skip


def test_capacity_costs_and_floors_are_changed_in_the_draft_and_said_on_the_page(
    visit: Visit, scored_home: Home
) -> None:
    at = visit(scored_home, "policy", **{"as": "Lea"})
    assert "200 reviews a day, as set in *Triage*; a wrong removal costs 10" in screen.sentences(at)
    at.number_input(key="reviews-aims-p0001-0").set_value(120)
    at.number_input(key="cost_miss-aims-p0001-0").set_value(4.0)
    at.number_input(key="min_recall-aims-p0001-0").set_value(35.0)
    next(each for each in at.button if each.key == "save-aims-p0001-0").click().run()

    assert not at.exception
    assert not at.error
    draft = scored_home.policies.draft()
    assert draft is not None
    assert draft.policy.aims == Aims(reviews_a_day=120, cost_miss=4.0, min_recall=0.35)
    said = screen.sentences(at)
    assert "Made for 120 reviews a day; a wrong removal costs 10, a review 1, a missed spammer 4; recall" in said
    assert "The queue gets 120 reviews a day." in said
    assert scored_home.guidance.load().capacity == 200

    scored_home.policies.activate_draft(number=draft.number, comment="Fewer", by="Lea", now=make.NOW)
    assert scored_home.guidance.load().capacity == 120
    scored_home.guidance.save(replace(scored_home.guidance.load(), capacity=80), by="Max", now=make.NOW)
    assert "the queue has 80 at present, as set in *Triage*" in screen.sentences(at.run())


def test_what_happened_is_held_against_the_plan_and_nothing_is_told_of_users_nobody_judged(
    visit: Visit, own: Home, to_score: pd.DataFrame
) -> None:
    now = datetime.now(UTC)
    figure = Figure(100.0, 90.0, 110.0, 0.0, 1e6)
    promise = Promise(
        0.5, 0.8, Demand(200.0, 90.0), own.registry.champion() or "", 900, dict.fromkeys(HELD, figure)
    )  # fmt: skip
    policy = replace(own.policies.in_force(), monitor=0.2, review=0.5, remove=0.8)
    draft = own.policies.save_draft(policy, number=0, by="Lea", now=now, promise=promise)
    planned = own.policies.activate_draft(
        number=draft.number, comment="Planned", by="Lea", now=now - timedelta(days=1, hours=2)
    )  # fmt: skip
    run = own.file_scoring.score_file(
        "users.csv", make.csv(to_score), schemas.load(own.settings.schema_file), own.registry.load(), planned,
        now=now - timedelta(days=1, hours=1),
    ).run  # fmt: skip

    at = visit(own, "policy", **{"as": "Lea"})
    assert not at.exception
    said = screen.sentences(at)
    assert "**2 of 2 figures** that can be told lie where predicted." in said
    assert "200 users came, 200 were planned for." in said
    table = next(each.value for each in at.table if "Happened" in each.value).set_index("Figure")
    assert table["Happened"].to_dict() == {
        "Cases people see a day": f"{run.flagged:.1f}", "Removed by automation a day": "0.0",
        "Precision of auto-remove": UNKNOWN, "Spammers caught": UNKNOWN, "Cost a day": UNKNOWN,
    }  # fmt: skip
    assert table["Kept"]["Spammers caught"].endswith("too early: nobody was judged")

    running = next(each for each in at.selectbox(key="kept-period").options if each.endswith("not over"))
    at = at.selectbox(key="kept-period").set_value(running).run()
    assert f"Nobody was scored under {planned.version} in this period yet." in screen.sentences(at)

    own.policies.activate("p0001", comment="Back", by="Lea", now=now)
    assert "Kept or not" not in screen.sentences(visit(own, "policy", **{"as": "Lea"}))
