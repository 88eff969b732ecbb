"""A look at what is live: each kind of trouble is found from what the home holds, and gone when it is mended."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from core.errors import BadOptionError, NotAllowedError
from core.files import write_text
from core.jobs import Job
from core.monitoring import inspection, targets
from core.policy.rules import Condition, Rule
from core.registry import registry
from core.schema import schema as schemas
from tests import make
from tests.core.monitoring.test_drift import scored
from tests.core.review.reviewing import judge_all, planned, rules, truth_of
from tests.make import NOW

MOVED = make.users(600, seed=5).assign(links=lambda frame: frame["links"] + 3)
USERS = make.users(700, seed=7)
PASSWORD = "long enough to be one"  # noqa: S105 - of accounts that live for one test


def kinds(look):
    return [each.kind for each in look.found]


def test_a_home_in_which_nothing_was_scored_has_nothing_wrong(own, home):
    assert own.inspection.look(now=NOW) == inspection.Look(None, (), (), "")


def test_drift_is_found_for_each_feature_with_the_way_to_it_and_is_over_when_users_are_as_before(own):
    run = scored(own, MOVED)
    first = own.inspection.look(now=NOW)
    links = next(each for each in first.found if each.address.get("feature") == "links")
    assert links.address == {"run": run.id, "feature": "links"}
    assert links.sentence.startswith("links has drifted in the 600 users of r-0001")
    assert own.inspection.look(now=NOW).new == ()
    scored(own, make.users(2500, seed=6))
    assert own.inspection.look(now=NOW).found == ()
    assert not any(each.open for each in own.incidents.recent())


def test_drift_nobody_has_judged_raises_the_audit_once_on_the_record(own):
    rules(own, capacity=5, random_share=0.15)
    scored(own, MOVED)
    told = own.inspection.look(now=NOW).raised
    assert "600 users have drifted and 0 of them were judged at random" in told
    assert own.guidance.load().random_share == pytest.approx(0.3)
    note = own.audit.read().iloc[0]
    assert (note["who"], note["what"], note["about"], note["why"]) == (
        "monitoring",
        "raise random share",
        "v0001",
        told,
    )
    assert json.loads(note["details"])["from"] == 0.15
    assert own.inspection.look(now=NOW).raised == ""
    assert own.guidance.load().random_share == pytest.approx(0.3)
    scored(own, make.users(2500, seed=6))
    own.inspection.look(now=NOW)
    scored(own, MOVED.assign(user=MOVED["user"] + "b"))
    report = own.drift.of_run("r-0001")
    assert own.inspection.raise_share(report, now=NOW)
    assert own.guidance.load().random_share == inspection.MOST
    assert own.inspection.raise_share(report, now=NOW) == ""


def test_drift_that_was_judged_at_random_leaves_the_audit_alone(own):
    moved = MOVED.head(220)
    planned(own, moved, capacity=0, audit=0.7, uncertain=0)
    own.guidance.save(replace(own.guidance.load(), random_share=0.05), by="Lea", now=NOW)
    judge_all(own, truth_of(moved))
    look = own.inspection.look(now=NOW)
    assert "drift" in kinds(look)
    assert (look.raised, own.guidance.load().random_share) == ("", 0.05)


def test_precision_counts_as_below_its_target_only_when_its_whole_interval_is(own):
    run = planned(own, USERS, capacity=200, audit=0.02, uncertain=0)
    judge_all(own, truth_of(USERS))
    assert "precision" not in kinds(own.inspection.look(now=NOW))
    own.settings.options_file.write_text("[monitoring]\nprecision = 0.99\n")
    found = next(each for each in own.inspection.look(now=NOW).found if each.kind == "precision")
    assert found.address == {"run": run.id}
    assert "below the target of 99.0" in found.sentence


def test_a_rule_that_needs_attention_is_told_once_and_is_over_when_it_is_mended(own):
    many = Rule("Many links", "exactly", "human_review", (Condition("links", ">=", (3.0,)),), "live")
    saved = own.policies.save(
        replace(own.policies.in_force(), rules=(many, replace(many, name="Again"))), by="Lea", now=NOW
    )
    scored(own, USERS)
    first = own.inspection.look(now=NOW)
    assert [(each.kind, each.cause, each.page, each.sentence) for each in first.found if each.kind == "rule"] == [
        ("rule", "Again", "policy", "The rule Again needs attention: hidden by earlier lists and rules.")
    ]
    again = own.policies.save(replace(saved, review=0.6), by="Lea", now=NOW + timedelta(hours=2))
    assert own.inspection.look(now=NOW + timedelta(hours=2)).new == ()
    assert [each.finding.cause for each in own.incidents.recent() if each.open] == ["Again"]

    own.policies.save(replace(again, rules=(many,)), by="Lea", now=NOW + timedelta(hours=3))
    assert "rule" not in kinds(own.inspection.look(now=NOW + timedelta(hours=3)))
    assert not any(each.open for each in own.incidents.recent())


def test_a_rule_that_decided_nobody_in_30_days_is_found_through_all_versions_that_have_it(own):
    never = Rule("Nobody", "exactly", "human_review", (Condition("links", ">=", (10_000.0,)),), "live")
    policy = own.policies.save(replace(own.policies.in_force(), rules=(never,)), by="Lea", now=NOW - timedelta(days=31))
    policy = own.policies.save(replace(policy, review=0.6), by="Lea", now=NOW - timedelta(days=3))
    assert own.rule_watch.live_since() == {"Nobody": NOW - timedelta(days=31)}
    scored(own, USERS)
    found = [each.sentence for each in own.inspection.look(now=NOW).found if each.kind == "rule"]
    assert found == ["The rule Nobody needs attention: decided nobody in 30 days."]
    changed = replace(never, band="monitor")
    own.policies.save(replace(policy, rules=(changed,)), by="Lea", now=NOW)
    assert own.rule_watch.live_since() == {"Nobody": NOW}
    assert "rule" not in kinds(own.inspection.look(now=NOW))


def test_users_who_wait_too_long_are_counted(own):
    planned(own, make.users(300, seed=7))
    assert "queue" not in kinds(own.inspection.look(now=NOW + timedelta(hours=47)))
    found = next(each for each in own.inspection.look(now=NOW + timedelta(hours=50)).found if each.kind == "queue")
    assert "longer than 48 h, the first for 50 h" in found.sentence
    assert found.address == {"queue_age": "48"}


def test_a_retraining_that_failed_is_told_until_the_next_one(own):
    def over(identity, status, asked):
        job = Job(identity, "Retraining", status, message="The disk is full.", asked=asked, told=time.time())
        write_text(own.settings.jobs / identity / "state.json", json.dumps(asdict(job)))

    over("retrain-1", "failed", 1.0)
    assert own.jobs.look("retrain-1").over
    found = own.inspection.look(now=NOW).found
    assert [(each.kind, each.sentence) for each in found] == [("retraining", "Retraining failed: The disk is full.")]
    over("retrain-2", "done", 2.0)
    assert own.inspection.look(now=NOW).found == ()


def test_a_broken_schema_or_model_is_told_and_says_nothing_of_drift(own):
    scored(own, MOVED)
    drifted = set(own.inspection.look(now=NOW).new)
    assert drifted
    own.settings.schema_file.write_text("features = 1")
    assert kinds(own.inspection.look(now=NOW)) == ["schema"]
    schemas.save(replace(make.SCHEMA, features=make.SCHEMA.features[1:]), own.settings.schema_file)
    found = own.inspection.look(now=NOW).found
    assert [each.kind for each in found] == ["schema"]
    assert "v0001 needs links" in found[0].sentence
    schemas.save(make.SCHEMA, own.settings.schema_file)
    (own.settings.models / "v0001" / registry.TREES).write_bytes(b"no trees")
    assert kinds(own.inspection.look(now=NOW)) == ["model"]
    still = {each.id for each in own.incidents.recent() if each.open and each.finding.kind == "drift"}
    assert still == drifted


@pytest.mark.parametrize(
    ("text", "said"),
    [("monitoring = 5", "is a table"), ("[monitoring]\nrecall = 1", "recall"), ("[", "cannot be read"),
     ("[monitoring]\nprecision = 2", "0 to 1"), ("[monitoring]\nprecision = true", "0 to 1")],
)  # fmt: skip
def test_targets_that_cannot_be_are_told(home, text, said):
    home.settings.data.mkdir()
    home.settings.options_file.write_text(text)
    with pytest.raises(BadOptionError, match=said):
        home.targets.load()
    home.settings.options_file.write_text("[monitoring]\nprecision = 0.8\n[learning]\nmin_samples = 5\n")
    assert home.targets.load() == targets.Targets(0.8)


def test_a_target_is_changed_by_a_lead_alone_and_is_noted(home):
    home.accounts.create("Ada", "admin", PASSWORD, now=NOW)
    home.accounts.create("Rea", "reviewer", PASSWORD, now=NOW)
    with pytest.raises(NotAllowedError):
        home.targets.save(targets.Targets(0.8), by="Rea", now=NOW)
    home.targets.save(targets.Targets(0.8), by="Ada", now=NOW)

    assert home.targets.load() == targets.Targets(0.8)
    noted = home.audit.read().iloc[0]
    assert (noted["who"], noted["about"], noted["details"]) == ("Ada", "monitoring", '{"precision": 0.8}')
