"""The policy in force is asked of the home, and everybody who decides goes by it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.home import Home
from core.policy import document
from core.policy.bands import BANDS
from core.policy.list_store import Grounds
from core.policy.rules import Condition, Rule
from core.policy.store import Activation
from core.policy.thresholds.aims import Aims
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.promise import Figure, Promise
from core.scoring.scorer import Scorer
from tests import make, make_messages
from tests.app.api.server import serving, spammer
from tests.make import NOW


def test_a_new_home_has_the_first_policy(home: Home) -> None:
    assert home.policies.in_force() == make.policy(0.3, 0.7, 0.9, "p0001", armed=False)


def test_a_saved_policy_is_in_force_under_the_next_version_and_survives_the_process(home: Home) -> None:
    saved = home.policies.save(replace(home.policies.in_force(), review=0.6), by="Lea", now=NOW)

    assert saved == make.policy(0.3, 0.6, 0.9, "p0002")
    assert Home.open(home.settings.home).policies.in_force() == saved
    home.policies.save(replace(saved, armed=True), by="Lea", now=NOW)  # which no version is by itself
    assert home.policies.in_force() == make.policy(0.3, 0.6, 0.9, "p0003")


def test_of_two_who_change_the_same_policy_the_second_is_refused(home: Home) -> None:
    before = home.policies.in_force()
    home.policies.save(replace(before, review=0.6), by="Lea", now=NOW)

    with pytest.raises(RefusedError, match="p0002 is in force by now"):
        home.policies.save(replace(before, review=0.8), by="Ada", now=NOW)
    assert home.policies.in_force().review == 0.6


def test_a_policy_that_cannot_be_is_not_saved(home: Home) -> None:
    with pytest.raises(BadOptionError):
        home.policies.save(replace(home.policies.in_force(), review=0.95), by="Lea", now=NOW)
    assert home.policies.in_force().version == "p0001"


def test_a_draft_is_kept_apart_until_it_is_activated_and_then_has_the_next_version(home: Home) -> None:
    before = home.policies.in_force()
    draft = home.policies.save_draft(replace(before, review=0.6), number=0, by="Lea", now=NOW)
    assert (home.policies.in_force(), home.policies.draft()) == (before, draft)
    draft = home.policies.save_draft(replace(before, review=0.5), number=draft.number, by="Ada", now=NOW)

    with pytest.raises(BadOptionError, match="say why"):
        home.policies.activate_draft(number=draft.number, comment=" ", by="Lea", now=NOW)
    active = home.policies.activate_draft(number=draft.number, comment="More reviewers", by="Lea", now=NOW)

    assert active == replace(before, review=0.5, version="p0002") == home.policies.in_force()
    assert home.policies.draft() is None
    assert home.policies.history()[0] == Activation("p0002", "Lea", NOW, "More reviewers")
    note = home.audit.read().iloc[0]
    assert note[["who", "what", "about", "why"]].tolist() == ["Lea", "activate policy", "p0002", "More reviewers"]


def test_of_two_who_save_a_draft_at_once_the_second_is_told_and_loses_nothing_of_the_first(home: Home) -> None:
    before = home.policies.in_force()
    first = home.policies.save_draft(replace(before, review=0.6), number=0, by="Lea", now=NOW)
    for late in (
        lambda: home.policies.save_draft(replace(before, review=0.8), number=0, by="Ada", now=NOW),
        lambda: home.policies.discard_draft(number=0, by="Ada", now=NOW),
        lambda: home.policies.activate_draft(number=0, comment="x", by="Ada", now=NOW),
    ):
        with pytest.raises(RefusedError, match="Lea has changed the draft meanwhile"):
            late()
    assert home.policies.draft() == first
    home.policies.discard_draft(number=first.number, by="Lea", now=NOW)
    assert home.policies.draft() is None
    with pytest.raises(RefusedError, match="There is no draft"):
        home.policies.activate_draft(number=0, comment="x", by="Lea", now=NOW)


def test_a_draft_of_a_policy_that_is_in_force_no_more_is_refused(home: Home) -> None:
    before = home.policies.in_force()
    draft = home.policies.save_draft(replace(before, review=0.6), number=0, by="Lea", now=NOW)
    home.policies.save(replace(before, review=0.65), by="Ada", now=NOW)

    with pytest.raises(RefusedError, match="p0002 is in force by now"):
        home.policies.save_draft(replace(before, review=0.5), number=draft.number, by="Lea", now=NOW)
    with pytest.raises(RefusedError, match="p0002 is in force by now"):
        home.policies.activate_draft(number=draft.number, comment="x", by="Lea", now=NOW)


def test_a_version_of_before_comes_into_force_again_as_it_was(home: Home) -> None:
    first = home.policies.in_force()
    second = home.policies.save(replace(first, review=0.6), by="Lea", now=NOW)
    assert home.policies.before() == first
    again = home.policies.activate("p0001", comment="Too many cases", by="Lea", now=NOW + timedelta(hours=1))

    assert again == first == home.policies.in_force()
    assert home.policies.before() == second
    third = home.policies.save(replace(first, review=0.5), by="Lea", now=NOW + timedelta(hours=2))
    assert (third.version, home.policies.find("P0002 ")) == ("p0003", second)
    assert [each.version for each in home.policies.all()] == ["p0003", "p0002", "p0001"]
    with pytest.raises(RefusedError, match="p0003 is in force already"):
        home.policies.activate("p0003", comment="x", by="Lea", now=NOW)
    for unknown in ("p0009", "p2", "x", "p²"):
        with pytest.raises(UnknownItemError):
            home.policies.find(unknown)


def test_the_queue_takes_what_a_version_changes_of_it_and_keeps_what_the_lead_has_set_since(home: Home) -> None:
    home.guidance.save(replace(home.guidance.load(), capacity=300, guidelines="Ours"), by="Lea", now=NOW)
    first = home.policies.in_force()
    second = home.policies.save(replace(first, aims=Aims(120, 0.3)), by="Lea", now=NOW)
    taken = home.guidance.load()
    assert (taken.capacity, taken.random_share, taken.guidelines, taken.version) == (120, 0.3, "Ours", 2)
    assert home.guidance.history()["by"].tolist() == ["Lea", "Lea"]
    assert json.loads(home.audit.read()["details"][0])["queue"] == {"capacity": 120, "random_share": 0.3}

    home.guidance.save(replace(taken, capacity=80), by="Lea", now=NOW)
    third = home.policies.save(replace(second, review=0.6), by="Max", now=NOW)
    assert home.guidance.load().capacity == 80
    fourth = home.policies.save(replace(third, aims=Aims(150, 0.3)), by="Max", now=NOW)
    assert (home.guidance.load().capacity, home.guidance.load().random_share) == (150, 0.3)
    home.policies.activate(third.version, comment="Fewer", by="Max", now=NOW)
    assert home.guidance.load().capacity == 120
    home.policies.activate("p0001", comment="As it began", by="Max", now=NOW)
    assert (home.guidance.load().capacity, fourth.version) == (120, "p0004")


def test_a_rule_that_has_ended_is_refused_where_it_is_new_and_may_stay_where_it_ended_meanwhile(home: Home) -> None:
    ends = Rule("Many", "exactly", "allow", (Condition("links", ">", (9.0,)),), "live", expires=NOW)
    base = replace(home.policies.in_force(), rules=(ends,))
    with pytest.raises(BadOptionError, match=r"rule Many, expires: it ended 2026-03-01 12:00 UTC") as error:
        home.policies.save_draft(base, number=0, by="Lea", now=NOW)
    assert error.value.option == "rule Many, expires"
    assert (home.policies.draft(), home.policies.history()) == (None, ())

    before = NOW - timedelta(hours=1)
    draft = home.policies.save_draft(base, number=0, by="Lea", now=before)
    again = home.policies.save_draft(replace(base, review=0.6), number=draft.number, by="Lea", now=NOW)
    saved = home.policies.activate_draft(number=again.number, comment="It ends today", by="Lea", now=NOW)
    kept = home.policies.save_draft(replace(saved, review=0.65), number=0, by="Lea", now=NOW)
    longer = replace(ends, band="monitor")
    with pytest.raises(BadOptionError, match="it ended"):
        home.policies.save_draft(replace(saved, rules=(longer,)), number=kept.number, by="Lea", now=NOW)


def test_what_a_plan_expects_is_stored_with_the_version_while_its_thresholds_stay(home: Home) -> None:
    figure = Figure(12.5, 10.0, 15.0, 8.0, None)
    promise = Promise(0.6, 0.9, Demand(1000.0, 90.0, 7, min_recall=0.2), "v0001", 900, {"volume": figure})
    base = replace(home.policies.in_force(), review=0.6)
    draft = home.policies.save_draft(base, number=0, by="Lea", now=NOW, promise=promise)
    ruled = replace(base, rules=(Rule("Many", "exactly", "allow", (Condition("links", ">", (9.0,)),), "shadow"),))
    draft = home.policies.save_draft(ruled, number=draft.number, by="Lea", now=NOW)
    assert draft.promise == promise
    second = home.policies.activate_draft(number=draft.number, comment="Planned", by="Lea", now=NOW)
    assert (home.policies.promise("p0001"), home.policies.promise(second.version)) == (None, promise)

    same = home.policies.save_draft(replace(second, rules=()), number=0, by="Lea", now=NOW)
    assert same.promise == promise
    other = home.policies.save_draft(replace(second, review=0.65), number=same.number, by="Lea", now=NOW)
    assert other.promise is None
    third = home.policies.activate_draft(number=other.number, comment="By hand", by="Lea", now=NOW)
    assert home.policies.promise(third.version) is None
    with pytest.raises(UnknownItemError):
        home.policies.promise("p0009")


def test_a_file_a_request_and_a_job_are_decided_by_the_policy_in_force_and_old_runs_by_their_own(
    own: Home, tmp_path
) -> None:
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(100, seed=4).drop(columns="spam")))
    score = ["--home", str(own.settings.home), "score", str(users), "-o", str(tmp_path / "scores.csv"), "--overwrite"]
    assert CliRunner().invoke(app, score).exit_code == 0
    own.policies.save(replace(own.policies.in_force(), monitor=0.0001, review=0.0002, remove=0.99), by="Lea", now=NOW)
    assert CliRunner().invoke(app, score).exit_code == 0

    with serving(own) as api:
        answer = api.post("/predict", spammer()).json
    job = own.score_jobs.start_from_page("users.csv", users, now=NOW).id
    own.workers.begun[-1].wait(120)

    before, after = own.runs.find("r-0001"), own.runs.find("r-0002")
    assert (before.policy.version, after.policy.version) == ("p0001", "p0002")
    assert before.counts["allow"] > 50
    assert after.counts["allow"] == 0
    assert (answer["policy_version"], answer["band"]) == ("p0002", "human_review")
    assert own.score_jobs.result(job).policy == own.policies.in_force()


def test_rules_and_lists_decide_alike_in_a_file_a_request_and_a_job_and_the_api_takes_lists_up_at_once(
    own: Home, tmp_path
) -> None:
    frame = make.users(60, seed=4).drop(columns="spam")
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(frame))
    rule = Rule("Many links", "at least", "human_review", (Condition("links", ">=", (3.0,)),), "live", "links")
    spared = Rule("Kenya", "at most", "monitor", (Condition("country", "=", ("ke",)),), "live")
    own.policies.save(replace(own.policies.in_force(), rules=(spared, rule)), by="Lea", now=NOW)
    own.lists.add("block", "", ["u4-7"], Grounds("a ring", "Lea", datetime.now(UTC)))
    score = ["--home", str(own.settings.home), "score", str(users), "-o", str(tmp_path / "scores.csv")]
    assert CliRunner().invoke(app, score).exit_code == 0
    with serving(own) as api:

        def asked(row: dict[str, Any]) -> dict[str, Any]:
            values = {name: None if pd.isna(row[name]) else float(row[name]) for name in make.SCHEMA.names}
            context = {name: None if pd.isna(row[name]) else str(row[name]) for name in make.SCHEMA.context}
            return dict(api.post("/predict", {"user_id": row["user"], "features": values, "context": context}).json)

        answers = [asked(row) for row in frame.to_dict("records")]
        told = api.get("/policy").json
        own.lists.add("allow", "", ["u4-8"], Grounds("a partner", "Lea", datetime.now(UTC)))
        for _ in range(50):
            again = asked(frame.iloc[8].to_dict())
            if again["decided_by"] == "list:allow":
                break
            time.sleep(0.1)
    job = own.score_jobs.start_from_page("users.csv", users, now=NOW).id
    own.workers.begun[-1].wait(120)

    of_file, of_job = (own.runs.scores(run) for run in ("r-0001", own.score_jobs.result(job).id))
    assert of_file["decided_by"].tolist() == [each["decided_by"] for each in answers]
    assert [BANDS[at] for at in of_file["severity"]] == [each["band"] for each in answers]
    assert {"score", "rule:Many links", "rule:Kenya", "list:block"} >= set(of_file["decided_by"]) > {"score"}
    written = pd.read_csv(tmp_path / "scores.csv")
    assert [each["action"] for each in answers] == written["action"].tolist()
    assert told["armed"] is False
    assert of_job["severity"].tolist()[:8] == of_file["severity"].tolist()[:8]
    assert of_job["decided_by"].tolist()[8] == "list:allow" == again["decided_by"]
    assert told["made_for"] == own.policies.in_force().aims.as_json()
    assert (told["version"], told["lists"]) == ("p0002", {"block": 1, "allow": 0, "snooze": 0})
    assert [each["name"] for each in told["rules"]] == ["Kenya", "Many links"]


def test_rules_on_the_category_decide_alike_in_a_file_a_request_a_job_a_backtest_and_on_a_page(
    kinds: Home, tmp_path: Path
) -> None:
    own = make.copied(kinds, tmp_path)
    frame = make_messages.of_kinds(make_messages.messages(40, seed=4, prefix="n")).drop(columns="removed")
    file = tmp_path / "messages.csv"
    file.write_bytes(make.csv(frame))
    unsure = Condition("category_probability", "<", (0.85,))
    rules = (
        Rule("Unsure", "exactly", "monitor", (Condition("category", "in", ("Crypto", "contact")), unsure), "live"),
        Rule("Contacts", "at least", "human_review", (Condition("category", "=", ("contact",)),), "live"),
        Rule("Rest", "at most", "monitor", (Condition("category", "not in", ("contact",)),), "live"),
    )
    before = own.policies.in_force()
    own.policies.save(document.loads(document.dumps(replace(before, rules=rules)), before), by="Lea", now=NOW)
    score = ["--home", str(own.settings.home), "score", str(file), "-o", str(tmp_path / "scores.csv")]
    assert CliRunner().invoke(app, score).exit_code == 0
    asked = [
        {"user_id": name, "features": {"body": None if pd.isna(body) else body, "sent_7d": sent}}
        for name, body, sent in frame.itertuples(index=False)
    ]
    with serving(own) as api:
        answers = api.post("/predict/batch", {"users": asked}).json["predictions"]
    job = own.score_jobs.start_from_page("messages.csv", file, now=NOW).id
    own.workers.begun[-1].wait(120)

    run = own.runs.find("r-0001")
    of_file, of_job = (own.runs.scores(each) for each in (run.id, own.score_jobs.result(job).id))
    assert of_file["decided_by"].tolist() == [each["decided_by"] for each in answers] == of_job["decided_by"].tolist()
    assert [BANDS[at] for at in of_file["severity"]] == [each["band"] for each in answers]
    assert {*of_file["decided_by"]} == {"score", "rule:Unsure", "rule:Contacts", "rule:Rest"}
    tried = own.backtests.of_run(run, before, own.policies.in_force(), now=NOW)
    assert tried.users["decided_by"].tolist() == of_file["decided_by"].tolist()
    stored = own.datasets.frame(run.dataset)
    scored = Scorer(own.registry.load()).score(stored)
    for at in range(10):  # as Score a user decides
        alone = scored.only(np.arange(len(stored)) == at)
        one = own.deciding.of_file(
            own.policies.in_force(), stored.iloc[[at]], alone, make_messages.KINDS, now=NOW
        )  # fmt: skip
        assert one.decided_by.tolist() == of_file["decided_by"].tolist()[at : at + 1]
