"""From a run to the queue: who is queued is what the sampling says, once, and whoever was sent by hand."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import NotAllowedError, UnknownItemError
from core.home import Home
from core.policy.decide import decide
from core.review import plans, sampling
from core.review.enqueue import Queued
from core.review.sampling import Rules
from core.schema import schema as schemas
from tests import make
from tests.core.review import reviewing
from tests.core.review.reviewing import (
    POLICY,
    crash_after,
    judge,
    judge_all,
    not_chosen,
    planned,
    said,
    scored,
    truth_of,
    waiting,
)
from tests.make import NOW

PASSWORD = "correct horse battery"  # noqa: S105 - opens nothing
STRATA = ("certain", "uncertain", "random")


def queue_run(home: Home, run: str, by: str = "Lea") -> plans.Planned:
    return home.plans.queue_run(run, by=by, now=NOW)


def send(home: Home, run: str, rows: list[int], by: str = "Lea") -> Queued:
    return home.plans.send(run, rows, by=by, now=NOW)


def test_who_is_queued_is_what_the_sampling_says(own: Home) -> None:
    frame = make.users(400, seed=1)
    run = planned(own, frame, capacity=8, audit=0.1, uncertain=4)
    score = own.runs.scores(run.id)["probability"].to_numpy()
    drawn = sampling.draws(frame["user"].tolist(), own.split.salt())
    said = sampling.plan(
        score, POLICY, drawn, rules=Rules(8, 0.1, 4), features=frame[list(make.SCHEMA.names)].to_numpy("float32")
    )
    expected = {
        frame["user"][i]: (said.names()[i], said.inclusion[i], bool(said.blind[i]), i + 1, score[i])
        for i in np.flatnonzero(said.chosen)
    }
    assert {
        case.user: (case.stratum, case.inclusion, case.blind, case.row, case.score) for case in waiting(own)
    } == expected
    assert {stratum for stratum, *_ in expected.values()} == set(STRATA)


def test_the_plan_says_how_every_user_could_have_been_chosen(own: Home) -> None:
    run = planned(own, make.users(300, seed=1))
    plan = own.runs.plan(run.id)
    assert plan is not None
    assert plan.index.equals(own.runs.scores(run.id).index)
    assert plan["inclusion"].between(0, 1, inclusive="right").all()
    assert {case.row: (case.stratum, case.inclusion, case.blind) for case in waiting(own)} == {
        row.Index: (row.stratum, row.inclusion, row.blind) for row in plan[plan["chosen"]].itertuples()
    }


@pytest.mark.parametrize("capacity", [0, 3, 1000])
def test_certain_cases_keep_within_the_capacity_and_are_the_highest_scores(own: Home, capacity: int) -> None:
    run = planned(own, make.users(300, seed=1), capacity=capacity, uncertain=0)
    score = own.runs.scores(run.id)["probability"]
    due = score[decide(POLICY, score).actions == "human_review"].sort_values(ascending=False, kind="stable")
    certain = {case.row for case in waiting(own) if case.stratum == "certain"}
    assert certain == set(due.index[:capacity])


def test_only_certain_cases_may_show_their_score(own: Home) -> None:
    planned(own, make.users(400, seed=1), capacity=60, audit=0.02)
    blind: dict[str, set[bool]] = {name: set() for name in STRATA}
    for case in waiting(own):
        blind[case.stratum].add(case.blind)
    # Some certain ones are blind as well: a case without score does not tell that it was drawn at random.
    assert blind == {"certain": {True, False}, "uncertain": {True}, "random": {True}}


def test_the_sentence_and_the_log_say_who_is_queued(own: Home) -> None:
    reviewing.rules(own, capacity=6, audit=0.1, uncertain=3)
    run = scored(own, make.users(300, seed=1))
    done = queue_run(own, run.id, by=" Lea ")
    counts = pd.Series([case.stratum for case in waiting(own)]).value_counts()
    assert (done.certain, done.uncertain, done.random) == tuple(counts[name] for name in STRATA)
    assert done.queued == Queued(new=counts.sum())
    assert done.sentence == (
        f"{counts.sum()} users are new in the queue "
        f"({counts['certain']} highest risks, {counts['random']} drawn at random, {counts['uncertain']} unsure ones)."
    )
    note = own.audit.read().iloc[0]
    assert (note["who"], note["what"], note["about"], note["why"]) == ("Lea", "queue run", run.id, done.sentence)


def test_a_run_that_is_queued_again_keeps_its_plan(own: Home) -> None:
    run = planned(own, make.users(300, seed=1))
    plan, before = own.runs.plan(run.id), waiting(own)
    reviewing.rules(own, capacity=100, audit=0.9, uncertain=50)
    again = queue_run(own, run.id)
    assert again.queued == Queued(skipped=len(before))
    assert "are left as they are" in again.sentence
    pd.testing.assert_frame_equal(own.runs.plan(run.id), plan)
    assert waiting(own) == before


def test_a_later_run_on_the_same_users_is_asked_about_in_the_same_cases(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame)
    before = {case.user: case.id for case in waiting(own)}
    later = scored(own, frame)
    done = queue_run(own, later.id)
    assert done.queued == Queued(updated=len(before))
    assert {case.user: case.id for case in waiting(own)} == before
    assert {case.run for case in waiting(own)} == {later.id}


def test_who_was_judged_on_the_same_values_is_not_queued_again(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame)
    truth = truth_of(frame)
    unsure, *rest = waiting(own)
    judge(own, unsure, "unsure")
    judge_all(own, truth)
    again = queue_run(own, scored(own, frame).id)
    assert again.queued == Queued(new=1, known=len(rest))
    assert [case.user for case in waiting(own)] == [unsure.user]
    assert f"{len(rest)} were judged before on the same values" in again.sentence


def test_who_was_judged_on_other_values_is_queued_again(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame)
    judge_all(own, truth_of(frame))
    again = queue_run(own, scored(own, frame.assign(tier=frame["tier"] % 4 + 1)).id)
    assert again.queued.known == 0
    assert again.queued.new == len(waiting(own)) > 0


def test_who_was_judged_before_a_crash_is_not_queued_again(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame)
    first = waiting(own)[0]
    crash_after(own, [said(first)])  # and then the power failed
    assert queue_run(own, scored(own, frame).id).queued.known == 1
    assert own.cases.find(first.id).status == "closed"


def test_missing_values_are_asked_about_as_missing(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame, audit=0.3)
    values = frame.set_index("user")
    seen = {case.user: case.features for case in waiting(own)}
    for user, features in seen.items():
        expected = values.loc[user, list(make.SCHEMA.names)]
        assert features == {name: None if pd.isna(value) else value for name, value in expected.items()}
    assert any(features["ratio"] is None for features in seen.values())


def test_a_case_shows_the_context_of_the_file(own: Home) -> None:
    frame = make.users(300, seed=1).assign(country=lambda frame: frame["country"].where(frame["country"] != "DE"))
    planned(own, frame)
    values = frame.set_index("user")
    for case in waiting(own):
        country = values.loc[case.user, "country"]
        assert case.context == {
            "name": values.loc[case.user, "name"], "country": None if pd.isna(country) else country,
        }  # fmt: skip


def test_without_ids_a_user_is_named_by_the_file_and_the_row(own: Home) -> None:
    schemas.save(replace(make.SCHEMA, id=None), own.settings.schema_file)
    frame = make.users(200, seed=1).drop(columns="user")
    run = planned(own, frame)
    found = waiting(own)
    assert {case.user for case in found} == {f"{run.dataset[:12]}-{case.row}" for case in found}
    assert queue_run(own, scored(own, frame).id).queued == Queued(updated=len(found))


def test_the_job_reports_the_sentence(own: Home) -> None:
    run = scored(own, make.users(100, seed=1))
    heard: list[tuple[int, int, str]] = []
    own.plans.queue_job(lambda *said: heard.append(said), run=run.id, by="Lea")  # type: ignore[arg-type]
    assert heard[0] == (0, 0, f"Choosing who of {run.id} is judged")
    assert heard[-1][2] == own.audit.read().iloc[0]["why"]


@pytest.mark.parametrize("deed", [queue_run, lambda home, run, by: send(home, run, [1], by)])
def test_where_there_are_accounts_a_stranger_may_not_queue(own: Home, deed: Any) -> None:
    run = scored(own, make.users(100, seed=1))
    own.accounts.create("Ada", "admin", PASSWORD, now=NOW)
    own.accounts.create("Ann", "analyst", PASSWORD, now=NOW)
    with pytest.raises(NotAllowedError, match="send to review"):
        deed(own, run.id, "Mallory")
    assert own.runs.plan(run.id) is None
    assert waiting(own) == []
    assert own.audit.read().empty
    deed(own, run.id, "ann")
    assert own.audit.read()["who"].tolist() == ["Ann"]


@pytest.mark.parametrize("deed", [queue_run, lambda home, run: send(home, run, [1])])
def test_a_run_that_is_not_there_is_said_so(own: Home, deed: Any) -> None:
    with pytest.raises(UnknownItemError, match="r-0099"):
        deed(own, "r-0099")


# By hand


def test_whoever_is_sent_by_hand_is_certain_to_be_judged(own: Home) -> None:
    run = planned(own, make.users(300, seed=1))
    left_out = list(not_chosen(own, run))[:3]
    before = len(waiting(own))
    assert send(own, run.id, left_out) == Queued(new=3)
    new = [case for case in waiting(own) if case.row in left_out]
    assert [(case.stratum, case.inclusion, case.blind) for case in new] == [("certain", 1.0, False)] * 3
    assert len(waiting(own)) == before + 3
    sent = own.runs.sent(run.id)
    assert sent.to_dict() == {case.row: case.user for case in new}
    note = own.audit.read().iloc[0]
    assert (note["what"], note["about"], json.loads(note["details"])) == ("send to review", run.id, {"rows": left_out})


def test_a_run_needs_no_plan_to_have_users_sent(own: Home) -> None:
    run = scored(own, make.users(100, seed=1))
    assert send(own, run.id, [7, 3]) == Queued(new=2)
    assert sorted(case.row for case in waiting(own)) == [3, 7]
    assert own.runs.plan(run.id) is None


def test_users_are_sent_once_however_often_they_are_chosen(own: Home) -> None:
    run = scored(own, make.users(100, seed=1))
    assert send(own, run.id, [5, 5]) == Queued(new=1, skipped=1)
    assert send(own, run.id, [5, 6]) == Queued(new=1, skipped=1)
    assert send(own, run.id, []) == Queued()
    assert own.runs.sent(run.id).index.tolist() == [5, 6]


def test_a_case_drawn_at_random_stays_blind_when_it_is_sent_too(own: Home) -> None:
    run = planned(own, make.users(300, seed=1))
    drawn = next(case for case in waiting(own) if case.stratum == "random")
    assert send(own, run.id, [drawn.row]) == Queued(updated=1)
    now = own.cases.find(drawn.id)
    assert (now.stratum, now.inclusion, now.blind) == ("certain", 1.0, True)


@pytest.mark.parametrize("row", [0, 101, -1])
def test_a_row_that_was_not_scored_cannot_be_sent(own: Home, row: int) -> None:
    run = scored(own, make.users(100, seed=1))
    with pytest.raises(UnknownItemError, match=str(row)):
        send(own, run.id, [1, row])
    assert waiting(own) == []
    assert own.runs.sent(run.id).empty


def test_of_many_who_send_at_once_none_loses_what_another_sent(own: Home) -> None:
    run = scored(own, make.users(100, seed=1))
    names = pd.Series([f"u{row}" for row in range(1, 41)], index=pd.RangeIndex(1, 41), dtype="str")

    def add(first: int) -> None:
        for row in range(first, 41, 4):
            own.runs.save_sent(run.id, names.loc[[row]])

    threads = [threading.Thread(target=add, args=(first,)) for first in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert own.runs.sent(run.id).sort_index().to_dict() == names.to_dict()
