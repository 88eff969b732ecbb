"""What automation removes is told once, with what it rests on, and a person's word stands against it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.home import Home
from core.policy.automation.acts import Deed, Proof, add
from core.scoring.runs import Run
from tests import make
from tests.core.review import reviewing
from tests.core.review.reviewing import judge, told, waiting
from tests.make import NOW

ARMED = make.policy(0.2, 0.5, 0.8, "p0001", armed=True)


def armed(home: Home, model: str = "v0001") -> None:
    deed = Deed("arm", Proof("p0001", model, 0), 0.9, 0.93, 210, "It is proven", "Lea", NOW)
    with home.database.writing() as connection:
        add(connection, deed, after=0)


@pytest.fixture
def removed(own: Home) -> tuple[Home, Run, list[str]]:
    """A home, a run that was decided while automation was armed, and the users it removes."""
    armed(own)
    run = reviewing.scored(own, make.users(300, seed=1), ARMED)
    scores = own.runs.scores(run.id)
    users = own.user_names.of(run).loc[scores.index[scores["severity"] == 3]].tolist()
    assert users
    return own, run, users


def catch_up(home: Home) -> int:
    return home.removals.catch_up(now=NOW)


def test_each_removal_is_told_once_with_its_evidence_and_words_without_anything_of_the_model(
    removed: tuple[Home, Run, list[str]],
) -> None:
    home, run, users = removed
    assert (catch_up(home), catch_up(home)) == (len(users), 0)
    frame = home.outbox.since(0)
    assert frame["user"].tolist() == users
    assert set(zip(frame["decision"], frame["who"], frame["why"], frame["verdict"], strict=True)) == {
        ("remove", "automation", "score", "")
    }  # fmt: skip
    first = json.loads(frame["evidence"].iloc[0])
    scores = home.runs.scores(run.id)
    row = int(first["prediction"].rpartition("-")[2])
    assert (first["policy"], first["model"], first["decided_by"]) == ("p0001", "v0001", "score")
    assert first["score"] == scores["probability"].loc[row]
    assert first["reasons"]
    assert first["armed"] == {
        "by": "Lea", "since": NOW.isoformat(), "target": 0.9, "bound": 0.93, "verdicts": 210
    }  # fmt: skip
    (words,) = set(frame["statement"])
    assert words == make.policy().statement("score")
    assert not any(name in words for name in make.SCHEMA.names)
    assert not home.consistency.check().contradictions


def test_runs_decided_before_it_was_armed_or_by_another_model_are_not_told(own: Home) -> None:
    reviewing.scored(own, make.users(100, seed=1))
    armed(own, "v0002")
    reviewing.scored(own, make.users(100, seed=2), ARMED)
    assert catch_up(own) == 0
    assert own.outbox.since(0).empty


def test_a_run_of_which_nothing_is_kept_any_more_holds_up_no_other(removed: tuple[Home, Run, list[str]]) -> None:
    home, run, _ = removed
    (home.settings.runs / run.id / "scores.parquet").unlink()
    later = reviewing.scored(home, make.users(200, seed=7), ARMED)
    assert catch_up(home) == later.counts["auto_remove"]


def test_a_run_of_the_api_is_told_while_it_grows_and_goes_on_when_it_is_closed(own: Home) -> None:
    armed(own)
    serving = make.serving(own, replace(ARMED, monitor=0.0001, review=0.0002, remove=0.0003))
    users = make.users(6, seed=3)
    names = list(make.SCHEMA.names)

    def ask(first: int, last: int) -> None:
        asked = [
            serving.asked({name: row[name] for name in names}, user=row["user"], allow_missing=True)
            for row in users.fillna({"ratio": 0.0}).iloc[first:last].to_dict("records")
        ]  # fmt: skip
        assert {each.action for each in serving.score(asked, now=NOW)} == {"auto_remove"}

    ask(0, 2)
    assert (catch_up(own), catch_up(own)) == (2, 0)
    ask(2, 5)
    (run,) = serving.ended(now=NOW, everything=True)
    own.closing.close(run, make.SCHEMA, now=NOW)
    assert (catch_up(own), catch_up(own)) == (3, 0)
    assert own.outbox.since(0)["user"].tolist() == users["user"].tolist()[:5]


def test_what_a_person_has_said_stands_and_takes_back_what_automation_did(
    removed: tuple[Home, Run, list[str]],
) -> None:
    home, run, users = removed
    rows = home.runs.scores(run.id).index[home.runs.scores(run.id)["severity"] == 3].tolist()
    home.sending.send(run.id, rows[:3], by="Lea", now=NOW)
    kept, right, unsure = (next(case for case in waiting(home) if case.user == user) for user in users[:3])
    judge(home, kept, "legitimate")
    assert catch_up(home) == len(users) - 1
    assert told(home, kept.user) == [("keep", None, "")]

    judge(home, right, "spammer")
    verdict = judge(home, unsure, "unsure")
    assert [len(told(home, each.user)) for each in (right, unsure)] == [1, 1]
    home.verdicts.undo([verdict.id], by="Ada", now=NOW)
    judge(home, unsure, "legitimate", verdict="second")
    number = int(home.outbox.of_user(unsure.user).index[0])
    assert told(home, unsure.user)[-1] == ("keep", number, "")
    home.verdicts.undo(["second"], by="Ada", now=NOW)
    assert told(home, unsure.user)[-1][0] == "remove"
    assert not home.consistency.check().contradictions


def test_an_appeal_of_a_removed_user_that_is_overturned_goes_out_and_counts(
    removed: tuple[Home, Run, list[str]],
) -> None:
    home, run, users = removed
    catch_up(home)
    row = int(home.runs.scores(run.id).index[home.runs.scores(run.id)["severity"] == 3][0])
    home.sending.appeal(run.id, row, note="The user writes that the links are of a charity", by="Lea", now=NOW)
    case = next(case for case in waiting(home) if case.user == users[0])
    assert (case.stratum, case.blind, case.reopened) == (
        "appeal", False, "Lea: The user writes that the links are of a charity"
    )  # fmt: skip
    judge(home, case, "legitimate", reason="known_to_us")
    assert told(home, users[0])[-1] == ("keep", 1, "known_to_us")
    state = home.automation.state()
    assert state is not None
    assert (state.found.appeals, state.arming.verdicts) == (1, 1)
