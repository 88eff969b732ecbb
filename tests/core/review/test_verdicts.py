"""A verdict is stored as it was given, decides its case once, and can be taken back; a crash loses nothing."""

from __future__ import annotations

import math
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import NotAllowedError, RefusedError, StorageError, UnknownItemError
from core.home import Home
from core.review import queue
from core.review.cases import Case
from core.review.decisions import outbox
from core.review.enqueue import Entry
from core.review.guidance import Guidance
from core.review.verdicts import Given, Judged
from core.settings import ROOT
from core.store import chained_log
from tests import make
from tests.core.review.reviewing import crash_after, fresh, judge, planned, rows, said, scored, told, waiting
from tests.make import NOW

T = TypeVar("T")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PASSWORD = "correct horse battery"  # noqa: S105 - opens nothing
#: Applies what is stored at the word.
APPLIER = """
import sys
from core.home import Home
home = Home.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(5):
    home.effects.catch_up()
"""
#: Judges whatever comes next until it is killed; tells each verdict once it is acknowledged.
REVIEWER = """
import sys
from core.home import Home
from core.review.verdicts import Given
from tests.make import NOW
home = Home.open(sys.argv[1])
while case := home.queue.claim("Ada", now=NOW):
    verdict = home.verdicts.judge(case.id, Given(f"v-{case.id}", "spammer"), by="Ada", session="", now=NOW)
    print(verdict.id, flush=True)
"""


def add(home: Home, *users: str, run: str = "r-0001", stratum: Any = "certain", **changes: Any) -> list[Case]:
    """Queue made-up users; their open cases."""
    inclusion = 1.0 if stratum in {"certain", "random", "uncertain"} else None
    made: dict[str, Any] = {
        "dataset": "d1", "model": "v0001", "policy": "p0001", "score": 0.8, "band": "human_review",
        "action": "human_review", "stratum": stratum, "inclusion": inclusion, "features": {"links": 2.0, "ratio": None},
    }  # fmt: skip
    queued = [Entry(user=user, run=run, row=row, **made | changes) for row, user in enumerate(users, 1)]
    home.enqueuing.enqueue(queued, now=NOW)
    found = {case.user: case for case in waiting(home)}
    return [found[user] for user in users]


def again(home: Home, case: Case) -> Case:
    return home.cases.find(case.id)


def team(home: Home) -> None:
    roles = {"Boss": "admin", "Ada": "reviewer", "Bob": "reviewer", "Ann": "analyst", "Sam": "data scientist"}
    for name, role in roles.items():
        home.accounts.create(name, role, PASSWORD, now=NOW)  # type: ignore[arg-type]


def decisions(home: Home, user: str) -> list[str]:
    return [decision for decision, *_ in told(home, user)]


def undo(home: Home, *verdicts: str, by: str = "Ada", now: datetime = NOW) -> tuple[str, ...]:
    return home.verdicts.undo(verdicts, by=by, now=now)


def triage(home: Home, chosen: list[Case], judgement: Any = "spammer", name: str = "t1", by: str = "Ada") -> Judged:
    return home.verdicts.triage(
        [case.id for case in chosen], Given(name, judgement), by=by, session="tab", now=NOW
    )  # fmt: skip


# What is stored


def test_the_line_in_the_file_is_what_was_shown_and_said(own: Home) -> None:
    frame = make.users(300, seed=1)
    run = planned(own, frame)
    case = next(each for each in waiting(own) if each.features["ratio"] is None)
    judge(
        own, case, "legitimate", verdict="v1", now=NOW + HOUR, reason="genuine_activity", notes='says "hi",\nand more',
        seconds=12.5, reasons="links is low",
    )  # fmt: skip
    line = rows(own).iloc[0]
    assert {name: line[name] for name in ("id", "case", "prediction", "user", "reviewer", "verdict", "reason")} == {
        "id": "v1", "case": case.id, "prediction": f"{run.id}-{case.row}", "user": case.user, "reviewer": "Ada",
        "verdict": "legitimate", "reason": "genuine_activity",
    }  # fmt: skip
    assert line["notes"] == 'says "hi",\\nand more'
    assert datetime.fromisoformat(line["time"]) == NOW + HOUR
    assert (line["model"], line["policy"], line["band"], line["action"]) == (
        case.model, case.policy, case.band, case.action,
    )  # fmt: skip
    assert (line["stratum"], float(line["inclusion"]), line["blind"]) == (
        case.stratum, case.inclusion, str(case.blind).lower(),
    )  # fmt: skip
    assert (float(line["score"]), float(line["seconds"]), line["reasons"]) == (case.score, 12.5, "links is low")
    flagged = case.band in {"human_review", "auto_remove"}
    assert (line["actual_label"], line["is_correct"]) == ("0", str(not flagged).lower())
    values = own.datasets.frame(run.dataset, list(make.SCHEMA.names)).loc[case.row]
    for name, value in values.items():
        assert line[str(name)] == "" if math.isnan(value) else float(line[str(name)]) == value


def test_a_verdict_closes_its_case_and_is_told_to_the_platform(home: Home) -> None:
    (case,) = add(home, "u1")
    verdict = judge(home, case, "spammer", verdict="v1", reason="content_seen", notes="a note")
    closed = again(home, case)
    assert (closed.status, closed.verdict, closed.judgement) == ("closed", "v1", "spammer")
    assert (closed.judged_by, closed.judged_at, closed.claimed_by) == ("Ada", NOW, None)
    decided = home.outbox.of_user("u1").iloc[0]
    assert (decided["decision"], decided["case"], decided["verdict"]) == ("remove", case.id, "v1")
    assert (decided["who"], decided["why"], decided["time"]) == ("Ada", "content_seen: a note", NOW)
    assert fresh(home).verdict("v1") == verdict


@pytest.mark.parametrize(
    ("judgement", "expected"), [("spammer", ["remove"]), ("legitimate", ["keep"]), ("unsure", [])]
)  # fmt: skip
def test_each_judgement_decides_what_it_means(home: Home, judgement: str, expected: list[str]) -> None:
    (case,) = add(home, "u1")
    judge(home, case, judgement)
    assert decisions(home, "u1") == expected
    assert again(home, case).judgement == judgement


def test_a_verdict_said_twice_counts_once_and_has_the_same_answer(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW, session="tab")
    first, second = (
        home.verdicts.judge(case.id, Given("v1", "spammer", notes="n"), by="Ada", session="tab", now=NOW + MINUTE * i)
        for i in range(2)
    )
    assert first == second
    assert first.time == NOW
    assert len(rows(home)) == 1
    assert decisions(home, "u1") == ["remove"]


@pytest.mark.parametrize("change", [{"judgement": "legitimate"}, {"notes": "other"}, {"reason": "content_seen"}])
def test_something_else_under_the_id_of_a_verdict_is_refused(home: Home, change: dict[str, Any]) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    given = Given(**{"id": "v1", "judgement": "spammer"} | change)
    with pytest.raises(RefusedError, match="v1 is stored with another"):
        home.verdicts.judge(case.id, given, by="Ada", session="tab", now=NOW)
    assert rows(home)["verdict"].tolist() == ["spammer"]
    assert decisions(home, "u1") == ["remove"]


def test_an_id_that_stands_for_another_case_or_reviewer_is_refused(home: Home) -> None:
    first, other = add(home, "u1", "u2")
    judge(home, first, verdict="v1")
    with pytest.raises(RefusedError, match="another case"):
        judge(home, other, verdict="v1")
    with pytest.raises(RefusedError, match="another reviewer"):
        home.verdicts.judge(first.id, Given("v1", "spammer"), by="Bob", session="tab", now=NOW)
    assert again(home, other).status == "open"
    assert len(rows(home)) == 1


# Whose case it is


def test_a_verdict_said_several_times_at_once_counts_once_and_has_the_same_answer(home: Home) -> None:
    for case in add(home, *(f"u-{at}" for at in range(15))):
        home.queue.take(case.id, "Ada", now=NOW, session="tab")
        given = Given(f"v-{case.id}", "spammer")
        found = at_once(
            lambda: home.verdicts.judge(case.id, given, by="Ada", session="tab", now=NOW)  # noqa: B023
        )

        assert [verdict.id for verdict in found] == [given.id] * 4
        assert len(home.ledger.of_case(case.id)) == 1


def test_a_step_of_triage_said_several_times_at_once_refuses_nothing(home: Home) -> None:
    for at, case in enumerate(add(home, *(f"u-{at}" for at in range(15)))):
        found = at_once(lambda: triage(home, [case], name=f"t-{at}"))  # noqa: B023

        assert [(len(each.verdicts), dict(each.refused)) for each in found] == [(1, {})] * 4


def at_once(ask: Callable[[], T]) -> list[T]:
    """The answers to what is asked four times at the same moment, or a little later."""
    gate = threading.Barrier(4)

    def one(number: int) -> T:
        gate.wait(timeout=60)
        time.sleep(number * random.random() / 100)  # noqa: S311 - no secret
        return ask()

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(4)))


def refused(home: Home, case: Case, match: str, by: str = "Ada", now: datetime = NOW) -> None:
    before = again(home, case)
    with pytest.raises(RefusedError, match=match):
        home.verdicts.judge(case.id, Given("v1", "spammer"), by=by, session="tab", now=now)
    assert fresh(home).verdict("v1") is None
    assert again(home, case) == before


def test_a_case_that_somebody_else_took_is_refused_and_nothing_is_stored(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW, session="tab")
    home.queue.take(case.id, "Bob", now=NOW + queue.LEASE)
    refused(home, case, "Bob has it now", now=NOW + queue.LEASE)


def test_a_case_that_somebody_else_judged_is_refused(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW, session="tab")
    judge(home, case, by="Bob", now=NOW + queue.LEASE)
    refused(home, case, "Bob has judged it", now=NOW + queue.LEASE)


def test_a_case_that_lies_on_another_tab_is_refused(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW, session="other tab")
    refused(home, case, "no longer yours")


def test_a_case_that_nobody_took_or_that_was_let_go_is_refused(home: Home) -> None:
    (case,) = add(home, "u1")
    refused(home, case, "let go")
    home.queue.take(case.id, "Ada", now=NOW, session="tab")
    home.queue.release(case.id, "Ada", session="tab")
    refused(home, case, "let go")


def test_a_case_that_a_newer_run_changed_after_the_lease_is_refused(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW - HOUR, session="tab")
    add(home, "u1", run="r-0002", features={"links": 9.0, "ratio": None})
    refused(home, case, "a newer run has changed it")


def test_a_lease_that_ended_is_no_loss_while_nobody_else_took_the_case(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW, session="tab")
    late = NOW + 5 * queue.LEASE
    home.verdicts.judge(case.id, Given("v1", "spammer"), by="Ada", session="tab", now=late)
    assert again(home, case).verdict == "v1"


def test_the_lease_is_the_one_the_lead_has_set(home: Home) -> None:
    home.guidance.save(Guidance(lease_minutes=60), by="Lea", now=NOW)
    (case,) = add(home, "u1")
    triage(home, [case])
    undo(home, "t1-" + case.id)
    with pytest.raises(RefusedError, match="Ada"):
        home.queue.take(case.id, "Bob", now=NOW + 9 * MINUTE)


def test_who_judges_a_case_again_after_an_undo_has_seen_its_score(home: Home) -> None:
    (case,) = add(home, "u1", blind=True)
    first = judge(home, case, verdict="v1")
    undo(home, "v1")
    judge(home, case, verdict="v2")
    undo(home, "v2")
    judge(home, case, by="Bob", verdict="v3", now=NOW + HOUR)

    stored = rows(home)
    assert first.blind
    assert stored[stored["verdict"] != "withdrawn"].set_index("id")["blind"].to_dict() == {
        "v1": "true", "v2": "false", "v3": "true",
    }  # fmt: skip


def test_a_case_that_is_not_there_is_said_so(home: Home) -> None:
    with pytest.raises(UnknownItemError, match="c-000009"):
        home.verdicts.judge("c-000009", Given("v1", "spammer"), by="Ada", session="tab", now=NOW)
    assert not home.settings.feedback.exists()


def test_only_who_may_judge_judges(home: Home) -> None:
    team(home)
    case, other = add(home, "u1", "u2")
    judge(home, other, by="Bob", verdict="v9")
    for name in ("Ann", "Sam", "Mallory"):
        with pytest.raises(NotAllowedError, match="judge"):
            home.verdicts.judge(case.id, Given("v1", "spammer"), by=name, session="tab", now=NOW)
        with pytest.raises(NotAllowedError, match="judge"):
            triage(home, [case], by=name)
        with pytest.raises(NotAllowedError, match="judge"):
            undo(home, "v9", by=name)
    assert rows(home)["id"].tolist() == ["v9"]
    assert again(home, case).claimed_by is None


def test_an_account_is_the_same_reviewer_however_the_name_is_typed(home: Home) -> None:
    team(home)
    (case,) = add(home, "u1")
    judge(home, case, by="Ada", verdict="v1")
    home.queue.reopen(case.id, by="Boss", note="says it is a mistake", now=NOW)
    assert "Somebody else" in triage(home, [again(home, case)], by="ada").refused[case.id]
    assert undo(home, "v1", by="ADA") == (case.id,)


# The last step, and what is corrected


def step(home: Home, by: str = "Ada", since: datetime = NOW - HOUR) -> list[str]:
    return [verdict.id for verdict in home.verdicts.last_step(by, since=since)]


def test_the_whole_shift_is_undone_step_by_step_from_any_tab(home: Home) -> None:
    cases = add(home, *[f"u{i}" for i in range(6)])
    judge(home, cases[0], verdict="early", now=NOW - 2 * HOUR)
    judge(home, cases[1], verdict="v1")
    triage(home, cases[2:4], name="t1")
    judge(home, cases[4], verdict="v2")
    judge(home, cases[5], verdict="other", by="Bob")
    other = Home.open(home.settings.home)
    undone = []
    while ids := step(other):
        undone.append(ids)
        undo(other, *ids)
    assert undone == [["v2"], [f"t1-{case.id}" for case in cases[2:4]], ["v1"]]
    assert [again(home, case).status for case in cases] == ["closed", "open", "open", "open", "open", "closed"]


def test_what_was_superseded_or_imported_is_no_step(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    home.feedback.record([said(case, "spammer", verdict="i1", case="", user="u9", prediction="r-0009-1")])
    assert step(home) == ["v1"]
    home.verdicts.correct("v1", Given("v2", "legitimate"), by="Ada", now=NOW + MINUTE)
    assert step(home) == ["v2"]


def test_a_verdict_of_ones_own_is_corrected_and_the_platform_told(home: Home) -> None:
    (case,) = add(home, "u1", stratum="random", inclusion=0.25, blind=True)
    judge(home, case, "spammer", verdict="v1")
    corrected = home.verdicts.correct("v1", Given("v2", "legitimate", notes="mistyped"), by="Ada", now=NOW + HOUR)
    assert (corrected.supersedes, corrected.reviewer, corrected.stratum, corrected.inclusion, corrected.blind) == (
        "v1", "Ada", "random", 0.25, False,
    )  # fmt: skip
    assert (again(home, case).verdict, again(home, case).judgement) == ("v2", "legitimate")
    assert [(decision, back) for decision, back, _ in told(home, "u1")] == [("remove", None), ("keep", 1)]
    assert fresh(home).effective()["id"].tolist() == ["v2"]
    assert (
        home.verdicts.correct("v1", Given("v2", "legitimate", notes="mistyped"), by="Ada", now=NOW + HOUR) == corrected
    )
    assert len(rows(home)) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda home, _case: home.verdicts.undo(["v1"], by="Ada", now=NOW), "does not stand any more"),
        (lambda home, case: home.queue.reopen(case.id, by="Boss", note="appeal", now=NOW), "does not stand any more"),
        (lambda home, _case: home.verdicts.correct("v1", Given("v3", "unsure"), by="Ada", now=NOW), "does not stand"),
    ],
)
def test_what_does_not_stand_is_not_corrected(
    home: Home, change: Callable[[Home, Case], object], sentence: str
) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    change(home, case)
    before = rows(home)
    with pytest.raises(RefusedError, match=sentence):
        home.verdicts.correct("v1", Given("v2", "legitimate"), by="Ada", now=NOW + MINUTE)
    assert rows(home).equals(before)


def test_somebody_elses_or_an_old_verdict_is_not_corrected(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    given = Given("v2", "legitimate")
    with pytest.raises(RefusedError, match="not yours to correct"):
        home.verdicts.correct("v1", given, by="Bob", now=NOW)
    with pytest.raises(RefusedError, match="older than 24 hours"):
        home.verdicts.correct("v1", given, by="Ada", now=NOW + 25 * HOUR)
    home.guidance.save(replace(home.guidance.load(), correction_hours=48), by="Lea", now=NOW)
    assert home.verdicts.correct("v1", given, by="Ada", now=NOW + 25 * HOUR).verdict == "legitimate"


# A verdict, its case and its decision are one


def test_case_and_decision_come_from_the_verdict_and_not_from_its_line(home: Home) -> None:
    first, second = add(home, "u1", "u2")
    judge(home, first, "spammer")
    home.ledger.refresh()
    read = home.ledger.position
    home.feedback.record([said(second, "spammer", verdict="v1"), said(second, "unsure", verdict="v2", by="Bob")])
    assert home.ledger.position == read, "the lines were read back"
    assert again(home, second).judgement == "unsure"
    assert home.outbox.since(0)["decision"].tolist() == ["remove", "remove", "none"]
    before = home.outbox.since(0)
    home.effects.catch_up()  # reads them, and finds all of it done
    assert home.ledger.position != read
    assert home.outbox.since(0).equals(before)


def test_where_the_line_cannot_be_written_neither_case_nor_decision_changes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(home, "u1", "u2")
    crash_after(home, [said(first, "spammer")])

    def full(*_arguments: object) -> None:
        raise StorageError("feedback.csv", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(chained_log, "append", full)
        with pytest.raises(StorageError):
            judge(home, second, "spammer")
    assert [again(home, case).status for case in (first, second)] == ["open", "open"]
    assert home.outbox.since(0).empty
    judge(home, second, "spammer")
    assert [again(home, case).status for case in (first, second)] == ["closed", "closed"]
    assert home.outbox.since(0)["user"].tolist() == ["u1", "u2"]


def test_nobody_sees_a_case_that_is_judged_without_its_decision(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = add(home, "u1")
    seen = []
    add_decision = outbox.add

    def looked_at(*arguments: Any, **facts: Any) -> int | None:
        other = Home.open(home.settings.home)
        seen.append((other.cases.find(case.id).status, len(other.outbox.since(0))))
        number = add_decision(*arguments, **facts)
        seen.append((other.cases.find(case.id).status, len(other.outbox.since(0))))
        return number

    monkeypatch.setattr(outbox, "add", looked_at)
    judge(home, case, "spammer")
    assert seen == [("open", 0)] * 2
    assert (again(home, case).status, decisions(home, "u1")) == ("closed", ["remove"])


# A crash between the file and the database


def test_what_was_stored_before_a_crash_is_applied_once(home: Home) -> None:
    first, second, third = add(home, "u1", "u2", "u3")
    crash_after(home, [said(first, "spammer"), said(second, "legitimate"), said(third, "unsure")])
    assert [again(home, case).status for case in (first, second, third)] == ["open"] * 3
    for _ in range(2):
        home.effects.catch_up()
        assert [again(home, case).judgement for case in (first, second, third)] == ["spammer", "legitimate", "unsure"]
        assert home.outbox.since(0)["decision"].tolist() == ["remove", "keep"]


def test_who_comes_next_applies_what_a_crash_left(home: Home) -> None:
    first, second = add(home, "u1", "u2")
    crash_after(home, [said(first, "spammer", by="Bob")])
    judge(home, second, "legitimate")
    assert again(home, first).judged_by == "Bob"
    assert home.outbox.since(0)["user"].tolist() == ["u1", "u2"]


def test_a_verdict_sent_again_after_a_crash_is_the_one_that_was_stored(home: Home) -> None:
    (case,) = add(home, "u1")
    home.queue.take(case.id, "Ada", now=NOW, session="tab")
    stored = said(case, "spammer", verdict="v1")
    crash_after(home, [stored])
    answer = home.verdicts.judge(case.id, Given("v1", "spammer"), by="Ada", session="tab", now=NOW + HOUR)
    assert answer == stored
    assert again(home, case).judgement == "spammer"
    assert decisions(home, "u1") == ["remove"]


def test_an_undo_that_was_stored_with_its_verdict_before_a_crash_leaves_the_case_open(home: Home) -> None:
    (case,) = add(home, "u1")
    verdict = said(case)
    crash_after(home, [verdict, verdict.withdrawn(NOW)])
    home.effects.catch_up()
    assert again(home, case).status == "open"
    assert [(decision, back) for decision, back, _ in told(home, "u1")] == [("remove", None), ("none", 1)]


def test_decisions_are_the_same_whether_verdicts_are_applied_one_by_one_or_together(
    home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A withdrawal does not know yet what is said after it."""
    other = Home.open(tmp_path_factory.mktemp("together"))
    found = {}
    for place in (home, other):
        (case,) = add(place, "u1")
        first = said(case, "spammer", verdict="v1")
        for verdict in (first, first.withdrawn(NOW), said(case, "legitimate", verdict="v2", by="Bob")):
            if place is home:
                place.feedback.record([verdict])
            else:
                crash_after(place, [verdict])
        place.effects.catch_up()
        found[place] = place.outbox.of_user("u1")
    assert found[home].equals(found[other])
    assert found[home]["who"].tolist() == ["Ada", "Ada", "Bob"]


def test_a_database_that_was_lost_gets_the_decisions_again_and_closes_no_strangers_case(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer")
    for file in home.settings.data.glob("state.db*"):
        file.unlink()
    (stranger,) = add(home, "u2")
    assert (case.id, stranger.id) == ("c-000001", "c-000002")  # the verdict on u1 names the first for ever
    judge(home, stranger, "legitimate", verdict="v2")
    assert again(home, stranger).verdict == "v2"
    assert home.outbox.since(0)[["user", "decision"]].to_numpy().tolist() == [["u1", "remove"], ["u2", "keep"]]


def test_processes_that_catch_up_at_once_apply_each_verdict_once(home: Home) -> None:
    many = add(home, *[f"u{i}" for i in range(60)])
    crash_after(home, [said(case, "spammer") for case in many])
    first = said(many[0], "spammer")
    crash_after(home, [first.withdrawn(NOW), said(many[0], "legitimate", verdict="v2")])
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen([sys.executable, "-c", APPLIER, str(home.settings.home)], cwd=ROOT, stdin=pipe, stdout=pipe,
                         stderr=pipe, text=True)
        for _ in range(2)
    ]  # fmt: skip
    assert [each.stdout.readline() for each in running if each.stdout] == ["ready\n"] * 2
    with home.database.writing():  # so that both have begun before either can go on
        for each in running:
            assert each.stdin
            each.stdin.write("go\n")
            each.stdin.flush()
        time.sleep(0.5)
    assert [each.communicate()[1] for each in running] == ["", ""]
    assert waiting(home) == []
    taken_back = many[0].user
    assert home.outbox.since(0)["user"].tolist() == [*(case.user for case in many), taken_back, taken_back]
    assert decisions(home, taken_back) == ["remove", "none", "keep"]


@pytest.mark.parametrize("after", [3, *(pytest.param(k, marks=pytest.mark.slow) for k in (0, 1, 7, 12, 20))])
def test_a_reviewer_who_is_killed_loses_nothing_that_was_acknowledged(home: Home, after: int) -> None:
    add(home, *[f"u{i}" for i in range(40)])
    reviewer = subprocess.Popen([sys.executable, "-c", REVIEWER, str(home.settings.home)], cwd=ROOT,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert reviewer.stdout
    heard = [reviewer.stdout.readline().strip() for _ in range(after + 1)]
    reviewer.send_signal(signal.SIGKILL)
    heard += reviewer.communicate()[0].split()
    home.effects.catch_up()
    known = fresh(home)
    stored = known.frame()["id"].tolist()
    assert set(heard) <= set(stored)
    assert len(stored) <= len(set(heard)) + 1  # one may be stored and not acknowledged yet
    assert {case.user for case in waiting(home)} == {f"u{i}" for i in range(40)} - set(known.frame()["user"])
    assert home.outbox.since(0)["verdict"].tolist() == stored


# Taking back


def test_what_is_taken_back_is_open_again_and_its_decision_reversed(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    assert undo(home, "v1", now=NOW + HOUR) == (case.id,)
    opened = again(home, case)
    assert (opened.status, opened.verdict, opened.judgement, opened.judged_by) == ("open", None, None, None)
    assert opened.held("Ada", "", NOW + HOUR)
    assert [(decision, back) for decision, back, _ in told(home, "u1")] == [("remove", None), ("none", 1)]
    assert rows(home)["verdict"].tolist() == ["spammer", "withdrawn"]
    assert rows(home)["supersedes"].tolist() == ["", "v1"]
    assert len(fresh(home).effective()) == 0


def test_an_undo_said_twice_counts_once(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, verdict="v1")
    assert undo(home, "v1") == undo(home, "v1", now=NOW + MINUTE) == (case.id,)
    assert len(rows(home)) == 2
    assert decisions(home, "u1") == ["remove", "none"]


def test_after_an_undo_the_case_is_judged_anew(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    undo(home, "v1")
    judge(home, case, "legitimate", verdict="v2")
    assert again(home, case).verdict == "v2"
    assert decisions(home, "u1") == ["remove", "none", "keep"]
    assert fresh(home).effective()["id"].tolist() == ["v2"]
    # The undo, come again late, does not touch what was said since.
    undo(home, "v1")
    assert again(home, case).verdict == "v2"


def test_nobody_undoes_what_somebody_else_said_or_what_was_never_said(home: Home) -> None:
    first, second = add(home, "u1", "u2")
    judge(home, first, verdict="v1")
    judge(home, second, by="Bob", verdict="v2")
    for verdict in ("v2", "v3", ""):
        with pytest.raises(RefusedError, match="not yours to undo"):
            undo(home, "v1", verdict)
    assert len(rows(home)) == 2
    assert {again(home, case).status for case in (first, second)} == {"closed"}


def test_an_undo_cannot_be_undone(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, verdict="v1")
    undo(home, "v1")
    with pytest.raises(RefusedError, match="an undo"):
        undo(home, rows(home)["id"].iloc[1])


def test_a_verdict_that_another_one_replaced_since_takes_no_case_back(home: Home) -> None:
    """Ada's claim ended while her verdict waited for the database, and Bob judged the case too: his verdict stands."""
    (case,) = add(home, "u1")
    home.feedback.record([said(case, "spammer", verdict="v1"), said(case, "legitimate", verdict="v2", by="Bob")])
    undo(home, "v1")
    kept = again(home, case)
    assert (kept.status, kept.verdict, kept.judged_by) == ("closed", "v2", "Bob")
    assert decisions(home, "u1") == ["remove", "keep"]


def test_what_was_decided_before_stands_again_once_the_later_verdict_is_taken_back(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    (later,) = add(home, "u1", run="r-0002", features={"links": 0.0})
    judge(home, later, "legitimate", verdict="v2")
    undo(home, "v2")
    assert [(decision, back) for decision, back, _ in told(home, "u1")] == [
        ("remove", None), ("keep", 1), ("remove", 2),
    ]  # fmt: skip


def test_an_unsure_verdict_of_another_case_does_not_hide_what_was_decided_before(home: Home) -> None:
    for number, judgement in enumerate(("spammer", "unsure", "legitimate"), 1):
        (case,) = add(home, "u1", run=f"r-000{number}", features={"links": float(number)})
        judge(home, case, judgement, verdict=f"v{number}")
    assert decisions(home, "u1") == ["remove", "keep"]
    undo(home, "v3")
    assert decisions(home, "u1") == ["remove", "keep", "remove"]


def test_unsure_after_a_verdict_taken_back_does_not_hide_what_another_case_decided(home: Home) -> None:
    (case,) = add(home, "u1")
    judge(home, case, "spammer", verdict="v1")
    (later,) = add(home, "u1", run="r-0002", features={"links": 0.0})
    judge(home, later, "legitimate", verdict="v2")
    undo(home, "v2")
    judge(home, again(home, later), "unsure", verdict="v3")
    assert decisions(home, "u1") == ["remove", "keep", "remove"]


def test_unsure_after_a_verdict_taken_back_does_not_hide_what_an_import_decided(home: Home) -> None:
    (case,) = add(home, "u1")
    imported = said(case, "spammer", verdict="v1", case="", prediction="r-0009-1")
    home.feedback.record([imported])
    assert decisions(home, "u1") == ["remove"]
    judge(home, case, "legitimate", verdict="v2")
    undo(home, "v2")
    judge(home, again(home, case), "unsure", verdict="v3")
    assert decisions(home, "u1") == ["remove", "keep", "remove"]


STEPS = st.lists(st.sampled_from(["spammer", "legitimate", "unsure", "undo", "new values"]), max_size=12)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_what_stands_at_the_platform_is_what_the_remaining_verdicts_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    home = Home.open(tmp_path_factory.mktemp("home"))
    (case,) = add(home, "u1")
    standing: list[tuple[str, str, str]] = []
    for number, step in enumerate(steps):
        if step == "new values":
            found = add_again(home, number)
            case = found or case
        elif step == "undo":
            if standing:
                undo(home, standing.pop()[0])
                case = home.cases.of_user("u1")[0]
        elif again(home, case).status == "open":
            judge(home, case, step, verdict=f"v{number}")
            standing.append((f"v{number}", step, case.id))
    decision, of, stands = "none", "", set[str]()
    for verdict, judgement, place in standing:
        if judgement == "unsure":
            if decision == "none" or place == of:
                decision, stands = "none", {verdict}
            continue
        if decision != judgement:
            decision, of = judgement, place
        stands = {verdict}
    expected = {"spammer": "remove", "legitimate": "keep"}.get(decision, "none")
    assert (decisions(home, "u1") or ["none"])[-1] == expected
    assert set(fresh(home).valid()["id"]) == {verdict for verdict, *_ in standing}
    assert set(fresh(home).effective()["id"]) == stands


def add_again(home: Home, number: int) -> Case | None:
    """A newer run with other values; the case that asks about it, when it is another one."""
    if any(case.claimed(NOW) for case in waiting(home)):
        return None
    return add(home, "u1", run=f"r-{number + 2:04d}", features={"links": 100.0 + number})[0]


# Many at once


def test_a_step_of_triage_stores_one_verdict_a_case(home: Home) -> None:
    many = add(home, "u1", "u2", "u3")
    done = triage(home, many, "spammer")
    assert not done.refused
    assert [verdict.id for verdict in done.verdicts] == [f"t1-{case.id}" for case in many]
    assert rows(home)[["user", "verdict"]].to_numpy().tolist() == [[case.user, "spammer"] for case in many]
    assert {again(home, case).status for case in many} == {"closed"}


def test_a_step_of_triage_is_undone_in_one_step(home: Home) -> None:
    many = add(home, "u1", "u2", "u3")
    done = triage(home, many, "spammer")
    assert undo(home, *(verdict.id for verdict in done.verdicts)) == tuple(case.id for case in many)
    assert {again(home, case).status for case in many} == {"open"}
    assert {tuple(decisions(home, case.user)) for case in many} == {("remove", "none")}


def test_what_somebody_else_has_is_left_out_of_triage_and_said_so(home: Home) -> None:
    free, held, closed, appeal = many = add(home, "u1", "u2", "u3", "u4")
    home.queue.take(held.id, "Bob", now=NOW)
    judge(home, closed, by="Bob")
    judge(home, appeal, "legitimate", verdict="v4")
    home.queue.reopen(appeal.id, by="Lea", note="look again", now=NOW)
    done = home.verdicts.triage(
        [*(case.id for case in many), "c-000099"], Given("t1", "spammer"), by="Ada", session="tab", now=NOW
    )
    assert [verdict.case for verdict in done.verdicts] == [free.id]
    assert set(done.refused) == {held.id, closed.id, appeal.id, "c-000099"}
    assert "Bob" in done.refused[held.id]
    assert "closed" in done.refused[closed.id]
    assert "Somebody else" in done.refused[appeal.id]
    assert "c-000099" in done.refused["c-000099"]
    assert again(home, held).claimed_by == "Bob"
    assert fresh(home).effective()["user"].tolist() == ["u3", "u4", "u1"]


def test_a_step_of_triage_said_twice_counts_once_and_has_the_same_answer(home: Home) -> None:
    many = add(home, "u1", "u2")
    first = triage(home, many)
    assert triage(home, many) == first
    assert triage(home, [many[0], many[0]]).verdicts == first.verdicts[:1]
    assert len(rows(home)) == 2


def test_triage_of_nothing_stores_nothing(home: Home) -> None:
    assert triage(home, []) == Judged((), {})
    assert undo(home) == ()
    assert not home.settings.feedback.exists()


# Appeals


def appealed(home: Home, judgement: str = "spammer") -> Case:
    """A decision of Ada against which there is an appeal."""
    (case,) = add(home, "u1", stratum="random", inclusion=0.25)
    judge(home, case, judgement, verdict="v1")
    return home.queue.reopen(case.id, by="Lea", note="says it is a mistake", now=NOW)


def test_the_reviewer_who_decided_does_not_decide_the_appeal(home: Home) -> None:
    case = appealed(home)
    with pytest.raises(RefusedError, match="Somebody else"):
        judge(home, case, verdict="v2")
    refused_case = again(home, case)
    assert (refused_case.status, refused_case.claimed_by) == ("open", None)
    assert rows(home)["id"].tolist() == ["v1"]


def test_another_reviewer_overturns_and_the_platform_is_told_the_reversal(home: Home) -> None:
    case = appealed(home)
    verdict = judge(home, case, "legitimate", by="Bob", verdict="v2", now=NOW + HOUR)
    assert (verdict.stratum, verdict.inclusion, verdict.supersedes) == ("appeal", None, "")
    assert rows(home).loc[1, ["stratum", "inclusion"]].tolist() == ["appeal", ""]
    assert told(home, "u1") == [("remove", None, ""), ("keep", 1, "")]
    assert again(home, case).judgement == "legitimate"


def test_another_reviewer_upholds_and_the_platform_is_told_so_once(home: Home) -> None:
    case = appealed(home)
    judge(home, case, "spammer", by="Bob", verdict="v2", notes="seen again")
    assert told(home, "u1") == [("remove", None, ""), ("remove", None, "upheld: seen again")]
    home.effects.catch_up()
    assert len(told(home, "u1")) == 2


def test_an_overturned_decision_is_back_when_the_appeal_verdict_is_taken_back(home: Home) -> None:
    case = appealed(home)
    judge(home, case, "legitimate", by="Bob", verdict="v2")
    undo(home, "v2", by="Bob")
    opened = again(home, case)
    assert (opened.status, opened.stratum, opened.not_for, opened.claimed_by) == ("open", "appeal", "Ada", "Bob")
    assert [(decision, back) for decision, back, _ in told(home, "u1")] == [
        ("remove", None), ("keep", 1), ("remove", 2),
    ]  # fmt: skip


def test_taking_back_an_upheld_appeal_upholds_nothing(home: Home) -> None:
    case = appealed(home)
    judge(home, case, "spammer", by="Bob", verdict="v2")
    undo(home, "v2", by="Bob")
    assert again(home, case).status == "open"
    assert [why for *_, why in told(home, "u1")] == ["", "upheld"]


def test_the_first_reviewer_cannot_reopen_a_decided_appeal_by_an_undo(home: Home) -> None:
    case = appealed(home)
    judge(home, case, "spammer", by="Bob", verdict="v2")
    undo(home, "v1")
    kept = again(home, case)
    assert (kept.status, kept.verdict, kept.judged_by) == ("closed", "v2", "Bob")
    assert decisions(home, "u1")[-1] == "remove"


# Verdicts without a case


def test_a_verdict_without_a_case_decides_the_open_case_of_its_prediction(own: Home) -> None:
    run = scored(own, make.users(60, seed=1))
    own.sending.send(run.id, [7, 8], by="Lea", now=NOW)
    asked, other = sorted(waiting(own), key=lambda case: case.row)
    imported = said(asked, "spammer", verdict="i1", case="")
    own.feedback.record([imported])
    assert (again(own, asked).status, again(own, asked).verdict) == ("closed", "i1")
    assert again(own, other).status == "open"
    assert undo(own, "i1") == ("",)
    assert again(own, asked).status == "open"
    assert decisions(own, asked.user) == ["remove", "none"]


def test_a_verdict_about_whom_there_is_no_case_is_told_to_the_platform_all_the_same(home: Home) -> None:
    (case,) = add(home, "u1")
    home.feedback.record([said(case, "legitimate", case="", prediction="r-0009-4", user="u9")])
    assert decisions(home, "u9") == ["keep"]
    assert again(home, case).status == "open"
