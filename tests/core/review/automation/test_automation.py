"""Automation is armed by a name on enough blind verdicts of the whole band, and disarms by itself when they fall."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from app.cli import app
from core.errors import BadOptionError, NewerFormatError, NotAllowedError, RefusedError
from core.home import Home
from core.policy.automation import acts
from core.policy.proof import sequence
from core.policy.proof.reviewer_error import ReviewerError
from core.policy.proof.terms import Terms
from core.review.automation import evidence
from core.review.automation.automation import State
from core.store.tables import documents
from tests import make
from tests.app.api.server import serving
from tests.core.review import reviewing
from tests.core.review.earned import LATER, audited, fall, say
from tests.core.review.reviewing import judge, waiting
from tests.make import NOW


@pytest.fixture
def drawn(earned: tuple[Home, Home], tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(earned[0].settings.home, tmp_path / "home"))


def state(home: Home) -> State:
    found = home.automation.state()
    assert found is not None
    return found


def arm(home: Home, **options: float) -> State:
    return home.arming_desk.arm(by="Lea", why="It is proven", now=LATER, **options)  # type: ignore[arg-type]


def armed(home: Home) -> bool:
    return home.policies.deciding("v0001").armed


def test_a_home_earns_automation_uses_it_and_loses_it_again(drawn: Home) -> None:
    cases = audited(drawn)
    with pytest.raises(RefusedError, match=r"It is not proven that precision lies above 90\.0"):
        arm(drawn)
    say(drawn, cases[:60], "spammer")
    before = state(drawn)
    assert (before.found.spammer, before.arming.verdicts, before.armed) == (60, 60, False)
    assert before.arming.bound > 0.9
    assert "It may be armed." in before.sentence

    after = arm(drawn)
    assert after.armed
    assert armed(drawn)
    assert after.sentence.startswith("Armed by Lea since 2 Mar 2026, 12:00 UTC: 60 blind verdicts so far")
    assert not drawn.policies.in_force().armed
    with pytest.raises(RefusedError, match="armed already"):
        arm(drawn)
    note = drawn.audit.read().iloc[0]
    assert (note["who"], note["what"], note["about"], note["why"]) == ("Lea", "arm automation", "p0002", "It is proven")

    # From now on users above `remove` are removed, in a new run and in an answer; the run of before stays.
    fresh = reviewing.scored(drawn, make.users(50, seed=9), drawn.policies.deciding("v0001"))
    assert fresh.policy.armed
    assert not drawn.runs.find("r-0001").policy.armed

    given = fall(drawn, LATER + timedelta(hours=1))
    assert not armed(drawn)
    lost = state(drawn)
    assert lost.last is not None
    assert (lost.last.kind, lost.last.by, lost.last.at) == ("fell", acts.RULE, LATER + timedelta(hours=1))
    assert lost.sentence.startswith(
        "Disarmed since 2 Mar 2026, 13:00 UTC: verdicts show that precision fell below 90.0"
    )
    assert (lost.arming.attempt, lost.arming.proven) == (2, False)
    assert drawn.audit.read().iloc[0]["what"] == "disarm automation"
    # No verdict is lost by it.
    assert len(drawn.feedback.read()) == 60 + given
    with pytest.raises(RefusedError, match="It is not proven"):
        arm(drawn)


def test_what_is_overturned_counts_as_it_stands(proven: Home) -> None:
    drawn, cases = proven, [proven.cases.find(each) for each in proven.feedback.read()["case"]]
    arm(drawn)
    # A correction, an undo and an appeal of the first ones: nothing is proven any more.
    for case in cases[:12]:
        drawn.queue.reopen(case.id, by="Lea", note="The user appeals", now=LATER)
        judge(drawn, case, "legitimate", by="Bob", now=LATER + timedelta(hours=1))
        if not armed(drawn):
            break
    found = state(drawn)
    assert not found.armed
    assert found.last is not None
    assert found.last.kind in {"fell", "void"}
    assert found.found.legitimate > 0
    assert found.found.spammer + found.found.legitimate == 60
    assert found.arming.attempt == 2


def test_who_was_unsure_could_not_defend_a_removal_and_what_was_taken_back_says_nothing(drawn: Home) -> None:
    cases = audited(drawn)
    say(drawn, cases[:20], "spammer")
    say(drawn, cases[20:24], "unsure")
    taken = drawn.verdicts.last_step("Ada", since=NOW)
    found = state(drawn).found
    assert (found.spammer, found.unsure, int(found.evidence.spammer.sum())) == (20, 4, 20)
    drawn.verdicts.undo([each.id for each in taken], by="Ada", now=LATER)
    assert state(drawn).arming.verdicts == 20


def test_verdicts_on_others_are_no_evidence(drawn: Home) -> None:
    others = [case for case in waiting(drawn) if case.stratum != "audit"][:50]
    say(drawn, others, "spammer")
    assert state(drawn).arming.verdicts == 0


def activated(home: Home) -> None:
    home.policies.save(replace(home.policies.in_force(), monitor=0.0041), by="Lea", now=LATER + timedelta(hours=1))


def rolled_back(home: Home) -> None:
    home.policies.activate("p0001", comment="Back", by="Lea", now=LATER + timedelta(hours=1))
    home.policies.activate("p0002", comment="And again", by="Lea", now=LATER + timedelta(hours=2))


@pytest.mark.parametrize("change", [activated, rolled_back])
def test_another_policy_begins_a_proof_of_its_own(proven: Home, change: Callable[[Home], None]) -> None:
    arm(proven)
    change(proven)
    assert not armed(proven)
    assert (state(proven).arming.verdicts, state(proven).arming.attempt) == (0, 1)
    assert state(proven).sentence.startswith("Not armed: ")


def test_another_model_begins_a_proof_of_its_own_also_when_it_comes_back(proven: Home) -> None:
    two = proven
    arm(two)
    for version in ("v0002", "v0001"):
        two.registry.promote(version, by="Ada", why="Try it", now=LATER + timedelta(hours=1))
        assert not two.policies.deciding("v0002").armed
    judge(two, waiting(two)[0], now=LATER + timedelta(hours=2))
    assert not armed(two)
    assert (state(two).arming.verdicts, state(two).last.kind) == (0, "void")  # type: ignore[union-attr]


def test_a_lead_disarms_and_arms_again_only_with_the_next_part_of_the_error(proven: Home) -> None:
    drawn = proven
    arm(drawn)
    with pytest.raises(BadOptionError, match="say why"):
        drawn.automation.disarm(by="Lea", why=" ", now=LATER)
    found = drawn.automation.disarm(by="Bob", why="An incident", now=LATER + timedelta(hours=1))
    assert not armed(drawn)
    assert found.sentence.startswith("Disarmed by Bob since 2 Mar 2026, 13:00 UTC: An incident.")
    assert (found.arming.attempt, found.arming.proven) == (2, False)
    with pytest.raises(RefusedError, match="not armed"):
        drawn.automation.disarm(by="Bob", why="Again", now=LATER)
    with pytest.raises(RefusedError, match="It is not proven"):
        drawn.arming_desk.arm(by="Lea", why="It is over", now=LATER + timedelta(hours=2))
    say(drawn, audited(drawn)[:30], "spammer", LATER + timedelta(hours=3))
    drawn.arming_desk.arm(by="Lea", why="It is over", now=LATER + timedelta(hours=4))
    assert armed(drawn)


def test_a_target_that_it_was_armed_for_stays_for_the_proof(proven: Home) -> None:
    drawn = proven
    with pytest.raises(BadOptionError, match="target"):
        arm(drawn, target=1.0)
    assert arm(drawn, target=0.8).terms.target == 0.8
    drawn.automation.disarm(by="Bob", why="An incident", now=LATER + timedelta(hours=1))
    with pytest.raises(RefusedError, match=r"It was armed for 80\.0"):
        arm(drawn, target=0.7)
    assert state(drawn).terms.target == 0.8


def test_below_ten_audited_verdicts_a_day_it_is_refused(proven: Home) -> None:
    drawn = proven
    reviewing.rules(drawn, capacity=20, random_share=0.5)
    with pytest.raises(RefusedError, match=r"Of removed users 5 a day would be audited"):
        arm(drawn)


def test_only_a_lead_or_an_admin_arms(drawn: Home) -> None:
    drawn.accounts.create("Lea", "admin", "a long password", now=NOW)
    drawn.accounts.create("Ada", "reviewer", "a long password", now=NOW)
    for deed in (drawn.arming_desk.arm, drawn.automation.disarm):
        with pytest.raises(NotAllowedError):
            deed(by="Ada", why="I want to", now=LATER)


def test_what_a_newer_program_says_of_arming_is_not_guessed_at(home: Home) -> None:
    body = {"format": 2, "kind": "arm"}
    with home.database.writing() as connection:
        row = {"name": "removal arming", "version": 1, "body": body, "by": "Lea", "at": NOW}
        connection.execute(insert(documents).values(row))
    with pytest.raises(NewerFormatError, match="removal arming 1"):
        home.policies.deciding("v0001")


def test_without_a_model_there_is_nothing_to_arm(home: Home) -> None:
    assert home.automation.state() is None
    with pytest.raises(RefusedError, match="No model is live"):
        home.arming_desk.arm(by="Lea", why="It is proven", now=NOW)


def test_draws_that_were_less_likely_weigh_more_and_none_less_than_a_third() -> None:
    weights, least = evidence.weights(np.array([0.2, 0.4, 0.8, 0.1, 0.2]))
    assert weights.round(3).tolist() == [1, 0.5, 0.333, 1, 0.5]
    assert least == 0.1


@pytest.mark.slow
@pytest.mark.parametrize("target", [0.9, 0.7])
def test_at_the_target_it_is_armed_in_at_most_5_of_100_homes_however_the_rate_changes(target: float) -> None:
    terms, random = Terms(target, ReviewerError.known(0.02, 0.02)), np.random.default_rng(3)
    rates = np.repeat(random.uniform(0.01, 1, 200), 10)  # another one each day
    spammer = (random.random((2_000, 2_000)) < terms.share).astype(float)
    weights, _ = evidence.weights(rates)
    proven = sequence.log_capital(spammer, weights, terms.share) >= -np.log(terms.error(1))
    assert proven.any(axis=1).mean() <= 0.05


def test_while_armed_a_file_and_a_request_remove_alike(proven: Home, tmp_path: Path) -> None:
    arm(proven)
    frame = make.users(20, seed=9).drop(columns="spam")
    users, out = tmp_path / "users.csv", tmp_path / "scores.csv"
    users.write_bytes(make.csv(frame))
    score = ["--home", str(proven.settings.home), "score", str(users), "-o", str(out)]
    assert CliRunner().invoke(app, score).exit_code == 0
    written = pd.read_csv(out)
    assert (written["action"] == "auto_remove").any(), "else this shows nothing"
    assert written["action"].tolist() == written["band"].tolist()
    with serving(proven) as api:
        told = api.get("/policy").json
        answers = []
        for row in frame.to_dict("records"):
            values = {name: None if pd.isna(row[name]) else float(row[name]) for name in make.SCHEMA.names}
            context = {name: str(row[name]) for name in make.SCHEMA.context}
            body = {"user_id": row["user"], "features": values, "context": context}
            answers.append(api.post("/predict", body).json["action"])
    assert answers == written["action"].tolist()
    assert (told["armed"], told["armed_by"]) == (True, "Lea")
    assert told["bound"] > 0.9
