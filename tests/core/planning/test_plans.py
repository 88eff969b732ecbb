"""From a run to the queue: who is queued is what the sampling says, once, and whoever was sent by hand."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import NotAllowedError, UnknownItemError
from core.feedback import strata as feedback
from core.home import Home
from core.planning import plans, sampling
from core.planning.choosing import choose
from core.planning.day import Places
from core.policy.decide import decide
from core.review.cases import CaseFilters
from core.review.enqueue import Queued
from core.schema import schema as schemas
from core.scoring.runs import Run
from tests import make
from tests.core.planning.pools import pool
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


def fill(home: Home, day: int = 0) -> plans.Planned:
    return home.plans.fill(by="Lea", now=NOW + timedelta(days=day))


def send(home: Home, run: str, rows: list[int], by: str = "Lea") -> Queued:
    return home.sending.send(run, rows, by=by, now=NOW)


def strata(home: Home) -> dict[str, int]:
    return dict(Counter(case.stratum for case in waiting(home)))


def due(home: Home, run: Run) -> pd.Series[float]:
    """The scores of the flagged users of a run, in the order of the queue."""
    score = home.runs.scores(run.id)["probability"]
    return score[decide(run.policy, score).severity >= 2].sort_values(ascending=False, kind="stable")


def test_who_is_queued_is_what_the_sampling_says(own: Home) -> None:
    frame = make.users(400, seed=1)
    run = planned(own, frame, capacity=8, audit=0.1, uncertain=4)
    score = own.runs.scores(run.id)["probability"].to_numpy()
    users = pool(score, POLICY, sampling.draws(frame["user"].tolist(), own.split.salt()))
    features = frame[list(make.SCHEMA.names)].to_numpy("float32")
    said = choose(users, Places(8, 4, 40.0), lambda at: features[at])
    expected = {
        frame["user"][i]: (feedback.STRATA[said.stratum[i]], said.inclusion[i], bool(said.blind[i]), i + 1, score[i])
        for i in np.flatnonzero(said.new)
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


def test_only_certain_cases_may_show_their_score(own: Home) -> None:
    planned(own, make.users(400, seed=1), capacity=60, audit=0.02)
    blind: dict[str, set[bool]] = {name: set() for name in STRATA}
    for case in waiting(own):
        blind[case.stratum].add(case.blind)
    # Some certain ones are blind as well: a case without score does not tell that it was drawn at random.
    assert blind == {"certain": {True, False}, "uncertain": {True}, "random": {True}}


# The day


def test_one_file_at_200_a_day_queues_about_200_and_not_a_share_of_the_file(own: Home) -> None:
    run = scored(own, make.users(6_000, seed=1))
    done = fill(own)
    assert abs(len(waiting(own)) - 200) < 5 * np.sqrt(40)
    assert (done.certain, done.uncertain) == (140, 20)
    audited = {case.row for case in waiting(own) if case.stratum == "audit"}
    others = [row for row in due(own, run).index if row not in audited]
    assert {case.row for case in waiting(own) if case.stratum == "certain"} == set(others[:140])
    assert done.outlook.flagged == run.counts["human_review"] + run.counts["auto_remove"]


def test_on_the_same_day_again_nobody_is_new(own: Home) -> None:
    run = scored(own, make.users(1_500, seed=1))
    reviewing.rules(own, capacity=30, uncertain=2)
    fill(own)
    plan, before = own.runs.plan(run.id), waiting(own)
    for _ in range(3):
        again = fill(own)
        assert again.queued == Queued()
        assert "Today's 30 places are all taken: " in again.sentence
    pd.testing.assert_frame_equal(own.runs.plan(run.id), plan)
    assert waiting(own) == before


def test_the_backlog_drains_day_by_day_and_inclusions_only_rise(own: Home) -> None:
    frame = make.users(1_500, seed=1)
    run, truth = scored(own, frame), truth_of(frame)
    reviewing.rules(own, capacity=30)
    order, last = due(own, run).index, 0.0
    seen: list[int] = []
    for number in range(4):
        done = fill(own, number)
        assert done.certain == 24
        today = [case.row for case in waiting(own) if case.stratum == "certain"]
        seen += sorted(today, key=order.get_loc)
        plan = own.runs.plan(run.id)
        assert plan is not None
        assert (plan["inclusion"] >= last).all()
        assert plan["inclusion"].sum() == pytest.approx(30 * (number + 1), abs=4)
        last = plan["inclusion"]
        judge_all(own, truth, name=f"day-{number}", now=NOW + timedelta(days=number))
    assert seen == sorted(seen, key=order.get_loc)


def test_what_is_carried_over_takes_places_comes_first_and_keeps_its_order(own: Home) -> None:
    scored(own, make.users(1_500, seed=1))
    reviewing.rules(own, capacity=30)
    fill(own)
    first = own.cases.listing(CaseFilters(), now=NOW).index.tolist()
    judged = judge(own, own.cases.find(first[0])), judge(own, own.cases.find(first[1]))
    done = fill(own, 1)
    after = own.cases.listing(CaseFilters(), now=NOW).index.tolist()
    assert len(judged) == 2
    assert after[: len(first) - 2] == first[2:]
    assert done.outlook.carried == len(first) - 2
    assert len(after) <= max(30, len(first) - 2) + 3


def test_the_backlog_is_that_of_all_runs_each_user_by_the_latest(own: Home) -> None:
    frame = make.users(600, seed=1)
    first = scored(own, frame)
    calm = frame.assign(links=0, verified=1)  # nobody of them is flagged any more
    second = scored(own, calm.head(300))
    third = scored(own, make.users(300, seed=2).assign(user=lambda each: "n" + each["user"]))
    flagged = {(first.id, row) for row in due(own, first).index if row > 300}
    flagged |= {(run.id, row) for run in (second, third) for row in due(own, run).index}
    done = own.plans.choose(Places(1_000, 0, 0.0), by="Lea", now=NOW)
    assert done.outlook.flagged == len(flagged) > 0
    assert {(case.run, case.row) for case in waiting(own) if case.stratum == "certain"} == flagged


def test_who_waits_or_was_judged_on_the_same_values_is_not_queued_again(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame, capacity=1_000)
    unsure, *_ = waiting(own)
    judge(own, unsure, "unsure")
    judge(own, waiting(own)[0])
    left = {case.user: case.id for case in waiting(own)}
    scored(own, frame)
    done = own.plans.choose(Places(1_000, 0, 0.0), by="Lea", now=NOW)
    assert done.certain == 0
    assert done.outlook.flagged == 0
    assert left.items() <= {case.user: case.id for case in waiting(own)}.items()
    assert unsure.user not in {case.user for case in waiting(own)}


def test_who_was_flagged_and_judged_on_other_values_is_queued_again(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame, capacity=1_000, audit=0.01)
    judge_all(own, truth_of(frame))
    later = scored(own, frame.assign(tier=frame["tier"] % 4 + 1))
    flagged = set(due(own, later).index)
    first = own.plans.choose(Places(5, 0, 0.0), by="Lea", now=NOW)
    assert (first.certain, first.outlook.flagged) == (5, len(flagged))
    own.plans.choose(Places(1_000, 0, 0.0), by="Lea", now=NOW)
    assert {case.row for case in waiting(own) if case.stratum == "certain"} == flagged


def test_who_was_judged_before_a_crash_is_not_queued_again(own: Home) -> None:
    frame = make.users(300, seed=1)
    planned(own, frame)
    first = next(case for case in waiting(own) if case.stratum == "certain")
    crash_after(own, [said(first)])  # and then the power failed
    scored(own, frame)
    own.plans.choose(Places(1_000, 0, 5.0), by="Lea", now=NOW)
    assert first.user not in {case.user for case in waiting(own)}
    assert own.cases.find(first.id).status == "closed"


def test_a_crash_between_queue_and_plan_is_mended_by_the_next_plan(own: Home, monkeypatch: Any) -> None:
    run = scored(own, make.users(600, seed=1))
    with monkeypatch.context() as patched:
        patched.setattr(type(own.runs), "save_plan", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            own.plans.choose(Places(10, 2, 20.0), by="Lea", now=NOW)
    before = {case.user for case in waiting(own)}
    assert before
    assert own.runs.plan(run.id) is None
    own.plans.choose(Places(10, 2, 20.0), by="Lea", now=NOW)
    after = [case.user for case in waiting(own)]
    assert len(after) == len(set(after))
    plan = own.runs.plan(run.id)
    assert plan is not None
    sure = {case.row for case in waiting(own) if case.stratum == "certain"}
    assert plan.loc[list(sure), "inclusion"].eq(1).all()


def test_random_users_are_of_runs_of_the_model_and_policy_in_force(own: Home) -> None:
    old = scored(own, make.users(300, seed=1), replace(POLICY, version="p0000"))
    new = scored(own, make.users(300, seed=2).assign(user=lambda each: "n" + each["user"]))
    own.plans.choose(Places(0, 0, 40.0), by="Lea", now=NOW)
    assert {case.run for case in waiting(own)} == {new.id}
    assert own.runs.plan(old.id) is None
    own.plans.choose(Places(1_000, 0, 0.0), by="Lea", now=NOW)
    assert {case.run for case in waiting(own) if case.stratum == "certain"} == {old.id, new.id}


def test_a_plan_of_before_goes_on(own: Home) -> None:
    """It drew a share of the users of a file: what it gave them stays, and the others rise."""
    run = scored(own, make.users(300, seed=1))
    rows = own.runs.scores(run.id).index
    draw = sampling.draws([f"u1-{row - 1}" for row in rows], own.split.salt())
    old = pd.DataFrame({"stratum": "random", "inclusion": 0.1, "chosen": draw < 0.1, "blind": draw < 0.1}, index=rows)
    own.runs.save_plan(run.id, old)
    own.plans.choose(Places(3, 0, 15.0), by="Lea", now=NOW)
    plan = own.runs.plan(run.id)
    assert plan is not None
    assert (plan["inclusion"] >= 0.1).all()
    assert plan["inclusion"].sum() == pytest.approx(30 + 15 + 3 * 0.9)
    assert plan["chosen"][old["chosen"]].all()


def test_the_outlook_is_what_then_happens_and_changes_nothing(own: Home) -> None:
    scored(own, make.users(1_500, seed=1))
    reviewing.rules(own, capacity=30)
    before = own.plans.outlook(now=NOW)
    assert (waiting(own), own.runs.planned("r-0001")) == ([], False)
    done = fill(own)
    assert done.outlook == before
    assert done.certain == before.today == 24
    assert own.plans.outlook(now=NOW).flagged == before.flagged - 24 - done.audit


def test_the_sentence_and_the_log_say_who_is_queued_and_who_waits(own: Home) -> None:
    reviewing.rules(own, capacity=30, uncertain=3)
    run = scored(own, make.users(1_500, seed=1))
    done = queue_run(own, run.id, by=" Lea ")
    counts = strata(own)
    assert (done.certain, done.uncertain, done.random, done.audit) == tuple(counts[name] for name in (*STRATA, "audit"))
    assert done.sentence.startswith(
        f"{len(waiting(own))} users are new in the queue (21 flagged, {counts['random']} drawn at random, "
        f"3 the model is unsure of, {done.audit} to audit automatic removal). "
        f"{len(due(own, run))} flagged users: 21 today, the last in "
    )
    note = own.audit.read().iloc[0]
    assert (note["who"], note["what"], note["about"], note["why"]) == (
        "Lea", "fill the queue", "2026-03-01", done.sentence,
    )  # fmt: skip


def test_the_next_day_is_topped_up_by_itself_once_somebody_has_begun(own: Home) -> None:
    scored(own, make.users(1_500, seed=1))
    reviewing.rules(own, capacity=30)
    assert not own.plans.due(now=NOW)
    fill(own)
    assert [own.plans.due(now=NOW + timedelta(hours=each)) for each in (0, 11, 12)] == [False, False, True]
    judge(own, waiting(own)[0], now=NOW)
    own.plans.top_up(now=NOW + timedelta(days=1))
    assert own.audit.read().iloc[0]["who"] == plans.WHO
    assert not own.plans.due(now=NOW + timedelta(days=1))


def test_of_many_who_fill_at_once_one_does(own: Home) -> None:
    scored(own, make.users(1_500, seed=1))
    reviewing.rules(own, capacity=30)
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda _: fill(own), range(3)))
    assert sorted(each.queued.new > 0 for each in done) == [False, False, True]
    assert len(waiting(own)) == sum(each.queued.new for each in done)


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
    scored(own, frame)
    assert own.plans.choose(Places(0, 0, 0.0), by="Lea", now=NOW).queued == Queued()


def test_the_job_reports_the_sentence(own: Home) -> None:
    run = scored(own, make.users(100, seed=1))
    heard: list[tuple[int, int, str]] = []
    own.plans.queue_job(lambda *said: heard.append(said), run=run.id, by="Lea")  # type: ignore[arg-type]
    assert heard[0] == (0, 0, "Choosing who is reviewed today")
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
