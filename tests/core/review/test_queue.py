"""The queue: one open case a user, in the order of the value of a review, never in two hands at once."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.feedback.strata import SAMPLED, STRATA
from core.home import Home
from core.policy.decide import decide
from core.review import cases, ordering, queue
from core.review.cases import Case, CaseFilters
from core.review.enqueue import Entry, Queued
from core.settings import ROOT
from core.store import tables
from tests import make
from tests.make import NOW

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EVERYTHING = CaseFilters()
HOSTILE = ["a.b", 'say "x"', "<b>bold</b>", "it's", "$[0]", "é", "a\\b", "", "100%_", "'; DROP TABLE cases; --"]
#: Claims and closes until nothing is left; tells what it was given.
REVIEWER = """
import sys
from core.home import Home
from core.review import queue
from tests.make import NOW
home, name = Home.open(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
while case := home.queue.claim(name, now=NOW):
    print(case.id)
    if case.number % 2:
        with home.database.writing() as connection:
            queue.close(connection, case.id, verdict=f"v{case.id}", judgement="spammer", by=name, at=NOW)
    else:
        other = home.queue.claim(name, now=NOW, but=[case.id], session="other tab")
        if other:
            print(other.id)
            with home.database.writing() as connection:
                queue.close(connection, other.id, verdict=f"v{other.id}", judgement="unsure", by=name, at=NOW)
        with home.database.writing() as connection:
            queue.close(connection, case.id, verdict=f"v{case.id}", judgement="legitimate", by=name, at=NOW)
"""


def entry(user: str = "u1", score: float = 0.8, **changes: Any) -> Entry:
    made = Entry(
        user=user, dataset="d1", run="r-0001", row=1, model="v0001", policy="p0001", score=score,
        band=str(decide(make.policy(), score).bands), action=str(decide(make.policy(), score).actions),  # type: ignore[arg-type]
        stratum="certain", inclusion=1.0, context={"name": f"name of {user}"}, features={"links": 2.0, "ratio": None},
    )  # fmt: skip
    return replace(made, **changes)


def add(home: Home, *many: Entry, now: Any = NOW) -> Queued:
    return home.enqueuing.enqueue(many, now=now)


def one(home: Home, user: str = "u1") -> Case:
    return home.cases.of_user(user)[0]


def close(home: Home, case: Case, judgement: Any = "spammer", by: str = "Ada", verdict: str = "") -> bool:
    with home.database.writing() as connection:
        return queue.close(
            connection, case.id, verdict=verdict or f"v-{case.id}", judgement=judgement, by=by, at=NOW + HOUR
        )


def back(home: Home, case: Case, **options: Any) -> bool:
    with home.database.writing() as connection:
        return queue.back(connection, case.id, now=NOW + HOUR, **options)


def drained(home: Home, filters: CaseFilters = EVERYTHING) -> list[str]:
    """The users in the order in which one reviewer gets them."""
    found: list[str] = []
    while case := home.queue.claim("Ada", now=NOW, filters=filters):
        found.append(case.user)
        close(home, case)
    return found


def users(home: Home, filters: CaseFilters = EVERYTHING, now: Any = NOW) -> set[str]:
    listed = home.cases.listing(filters, now=now)
    assert home.cases.count(filters, now=now) == len(listed)
    return set(listed["user"])


# What is stored


def test_a_case_is_what_was_queued(home: Home) -> None:
    queued = entry(stratum="random", inclusion=0.01, blind=True, row=7, features={"a": 0.1, "b": float("nan"), "c": 3})
    assert add(home, queued) == Queued(new=1)
    case = one(home)
    kept = ("user", "dataset", "run", "row", "model", "policy", "score", "band", "action", "stratum", "inclusion")
    assert {name: getattr(case, name) for name in kept} == {name: getattr(queued, name) for name in kept}
    assert (case.id, case.prediction, case.blind, case.status) == (f"c-{case.number:06d}", "r-0001-7", True, "open")
    assert case.features == {"a": 0.1, "b": None, "c": 3.0}
    assert case.context == queued.context
    assert (case.created, case.queued, case.updated) == (NOW, NOW, NOW)
    assert (case.claimed_by, case.verdict, case.judgement, case.reopened, case.not_for) == (None, None, None, "", "")
    assert home.cases.find(case.id) == case


@pytest.mark.parametrize("case", ["c-000009", "c-9", "c-0000001", "r-0001", "", "c-000001; --", "c-" + "9" * 30])
def test_a_case_that_is_not_there_is_said_so(home: Home, case: str) -> None:
    add(home, entry())
    with pytest.raises(UnknownItemError):
        home.cases.find(case)


@pytest.mark.parametrize(
    "changes",
    [{"inclusion": None}, {"inclusion": 0.0}, {"inclusion": 1.5}, {"stratum": "golden"}, {"score": float("nan")}],
)
def test_an_entry_that_contradicts_itself_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"inclusion|score"):
        entry(**changes)


def test_a_home_from_before_there_was_a_queue_opens_and_keeps_its_runs(home: Home) -> None:
    home.settings.data.mkdir()
    columns = ", ".join(f'"{c.name}" {"INTEGER PRIMARY KEY AUTOINCREMENT" if c.primary_key else "TEXT"}'
                        for c in tables.runs.c if c.name not in {"note", "test"})  # fmt: skip
    with contextlib.closing(sqlite3.connect(home.settings.database)) as old, old:
        old.execute(f"CREATE TABLE runs ({columns})")
        old.execute("INSERT INTO runs (name, policy, counts) VALUES ('old.csv', '{}', '{}')")
    add(home, entry())
    with home.database.connect() as connection:
        assert connection.execute(select(tables.runs.c.name)).scalar_one() == "old.csv"
    assert one(home).status == "open"


def test_the_database_itself_refuses_a_second_open_case_of_a_user(home: Home) -> None:
    add(home, entry())
    with home.database.connect() as connection:
        row = connection.execute(select(tables.cases)).one()._asdict()
    del row["number"]
    with pytest.raises(IntegrityError), home.database.connect() as connection:
        connection.execute(insert(tables.cases).values(row))


# Meeting what is there


def test_queueing_twice_changes_nothing(home: Home) -> None:
    strata = {"certain": 1.0, "random": 0.01, "uncertain": 1.0, "golden": None}
    first = [entry(f"u{i}", row=i + 1, stratum=s, inclusion=p) for i, (s, p) in enumerate(strata.items())]
    add(home, *first)
    before = [one(home, each.user) for each in first]
    assert add(home, *first, now=NOW + HOUR) == Queued(skipped=4)
    assert [one(home, each.user) for each in first] == before


def test_a_later_run_changes_the_open_case_and_its_age_counts_on(home: Home) -> None:
    add(home, entry(score=0.8))
    number = one(home).number
    assert add(home, entry(score=0.2, run="r-0002", features={"links": 9.0}), now=NOW + HOUR) == Queued(updated=1)
    case = one(home)
    assert (case.number, case.run, case.score, case.band) == (number, "r-0002", 0.2, "allow")
    assert (case.features, case.created, case.queued, case.updated) == ({"links": 9.0}, NOW, NOW, NOW + HOUR)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (("certain", 1.0), ("random", 0.01), ("certain", 1.0)),
        (("random", 0.01), ("random", 0.02), ("random", 0.02)),
        (("random", 0.02), ("random", 0.01), ("random", 0.02)),
        (("random", 0.01), ("uncertain", 1.0), ("uncertain", 1.0)),
        (("uncertain", 1.0), ("certain", 1.0), ("certain", 1.0)),
        (("flip", None), ("random", 0.01), ("random", 0.01)),
        (("random", 0.01), ("flip", None), ("random", 0.01)),
        (("flip", None), ("golden", None), ("flip", None)),
    ],
)
def test_the_stronger_stratum_and_the_larger_inclusion_are_kept(
    home: Home, old: tuple[Any, Any], new: tuple[Any, Any], expected: tuple[str, float | None]
) -> None:
    add(home, entry(stratum=old[0], inclusion=old[1], blind=True))
    add(home, entry(stratum=new[0], inclusion=new[1], run="r-0002"))
    case = one(home)
    assert (case.stratum, case.inclusion, case.run, case.blind) == (*expected, "r-0002", True)


def test_a_case_in_somebodys_hands_is_not_changed_until_the_claim_has_ended(home: Home) -> None:
    add(home, entry())
    held = home.queue.claim("Ada", now=NOW)
    later = entry(run="r-0002", score=0.99)
    assert add(home, later, now=NOW + MINUTE) == Queued(skipped=1)
    assert one(home) == held
    assert add(home, later, now=NOW + HOUR) == Queued(updated=1)
    # What its holder saw is no longer what is there: the claim cannot be renewed.
    assert not home.queue.renew(one(home).id, "Ada", now=NOW + HOUR)


@pytest.mark.parametrize("stratum", ["golden", "second", "appeal"])
def test_no_run_changes_a_case_that_judges_a_judgement_again(home: Home, stratum: Any) -> None:
    add(home, entry(stratum=stratum, inclusion=None))
    assert add(home, entry(run="r-0002")) == Queued(skipped=1)
    assert one(home).run == "r-0001"


@pytest.mark.parametrize("judgement", ["spammer", "legitimate"])
def test_a_user_who_was_judged_on_the_same_values_is_not_queued_again(home: Home, judgement: str) -> None:
    add(home, entry(features={"a": 0.0, "b": None}))
    close(home, one(home), judgement)
    assert add(home, entry(run="r-0002", score=0.1, features={"b": float("nan"), "a": -0.0})) == Queued(known=1)
    assert add(home, entry(run="r-0002", features={"a": 0.5, "b": None})) == Queued(new=1)


def test_a_user_about_whom_somebody_was_unsure_is_queued_again(home: Home) -> None:
    add(home, entry())
    close(home, one(home), "unsure")
    assert add(home, entry(run="r-0002")) == Queued(new=1)


def test_a_known_user_comes_back_as_a_golden_case(home: Home) -> None:
    add(home, entry())
    close(home, one(home))
    assert add(home, entry(stratum="golden", inclusion=None)) == Queued(new=1)


def test_of_a_user_who_is_there_twice_the_strongest_entry_is_queued(home: Home) -> None:
    twice = [entry(row=1, stratum="random", inclusion=0.1), entry(row=2, score=0.75), entry(row=3, score=0.76)]
    assert add(home, *twice) == Queued(new=1, skipped=2)
    assert one(home).row == 3


def test_all_are_queued_or_none(home: Home) -> None:
    with pytest.raises(ValueError, match="JSON"):
        add(home, entry("u1"), entry("u2", features={"a": float("inf")}))
    assert home.cases.count(EVERYTHING, now=NOW) == 0


@settings(max_examples=40)
@given(runs=st.lists(st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), max_size=6), max_size=5))
def test_however_runs_follow_each_other_a_user_has_one_open_case(
    tmp_path_factory: pytest.TempPathFactory, runs: list[dict[str, float]]
) -> None:
    home = Home.open(tmp_path_factory.mktemp("home"))
    for number, run in enumerate(runs):
        many = [entry(user, score, run=f"r-{number:04d}", row=i + 1) for i, (user, score) in enumerate(run.items())]
        told = add(home, *many, now=NOW + number * HOUR)
        assert told.new + told.updated + told.known + told.skipped == len(many)
    listed = home.cases.listing(EVERYTHING, now=NOW)
    assert sorted(listed["user"]) == sorted(set().union(*runs))
    latest = {user: score for run in runs for user, score in run.items()}
    assert dict(zip(listed["user"], listed["score"], strict=True)) == latest


# The order


@given(q=st.lists(st.floats(0, 1), min_size=2))
def test_a_review_is_worth_more_the_likelier_it_mends_something(q: list[float]) -> None:
    standing, removed = ordering.values(q, [False] * len(q)), ordering.values(1 - np.array(q), [True] * len(q))
    assert ((standing >= 0) & (standing <= 1)).all()
    assert (np.diff(standing[np.argsort(q)]) >= 0).all()
    assert removed == pytest.approx(standing, abs=1e-12)


@given(old=st.floats(0, 1), new=st.floats(0, 1), hours=st.floats(0.5, 1000), late=st.floats(1.001, 5))
def test_no_new_case_overtakes_one_that_has_waited_the_service_level(
    old: float, new: float, hours: float, late: float
) -> None:
    first, second = ordering.places([old, new], [0.0, late * hours * 3600], hours)
    assert first < second


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0, 1, exclude_max=True)), min_size=1))
def test_who_is_not_certain_is_placed_as_somebody_who_is(people: list[tuple[float, bool, float]]) -> None:
    own, certain, draw = (np.array(column) for column in zip(*people, strict=True))
    given_value = ordering.lent(own, certain, draw, known=[0.25])
    assert (given_value[certain] == own[certain]).all()
    pool = set(own[certain]) if certain.any() else {0.25}
    borrowed = np.isin(given_value, list(pool))
    assert (given_value[~certain & ~borrowed] < min(pool)).all()
    # Nobody with a lower draw comes below one with a higher draw who borrows.
    assert draw[~certain & borrowed].max(initial=0) <= draw[~certain & ~borrowed].min(initial=1)


def test_of_the_cases_judged_first_half_are_the_highest_risks() -> None:
    random = np.random.default_rng(0)
    certain = np.arange(4_000) < 400
    own = np.where(certain, random.uniform(0.7, 1, 4_000), 0.001)
    first = np.argsort(-ordering.lent(own, certain, random.random(4_000)), kind="stable")[:400]
    assert 150 < certain[first].sum() < 250


def test_draws_are_uniform_and_independent_of_each_other() -> None:
    people = [f"u{i}" for i in range(20_000)]
    value, number = ordering.draws(people, b"salt", "value"), ordering.draws(people, b"salt", "number")
    for draw in (value, number):
        share, _ = np.histogram(draw, 10, (0, 1))
        assert abs(share - 2000).max() < 5 * np.sqrt(1800)
    assert abs(np.corrcoef(value, number)[0, 1]) < 5 / np.sqrt(20_000)
    assert (ordering.draws(people[:5], b"salt", "value") == value[:5]).all()
    assert not (ordering.draws(people[:5], b"pepper", "value") == value[:5]).any()


def test_the_riskier_case_comes_first_and_age_makes_up_for_risk(home: Home) -> None:
    add(home, entry("old", 0.1), now=NOW - 47 * HOUR)
    add(home, entry("low", 0.72), entry("high", 0.95), entry("removed", 0.999, action="auto_remove"))
    assert drained(home) == ["old", "high", "low", "removed"]


def test_a_case_that_a_later_run_changed_keeps_the_place_of_its_age(home: Home) -> None:
    add(home, entry("old", 0.5), now=NOW - 40 * HOUR)
    add(home, entry("old", 0.6, run="r-0002"), entry("new", 0.9, run="r-0002"))
    assert drained(home) == ["old", "new"]


def test_audits_are_spread_over_the_queue(home: Home) -> None:
    certain = [entry(f"c{i}", 0.7 + i / 1000) for i in range(200)]
    random = [entry(f"r{i}", 0.01, stratum="random", inclusion=0.01, blind=True) for i in range(200)]
    add(home, *certain, *random)
    listed = home.cases.listing(CaseFilters(unblinded=True), now=NOW)
    place = np.flatnonzero(listed["stratum"] == "random")
    # Ranks of 200 of 400 in any order: mean 199.5, standard deviation of the mean about 5.8.
    assert abs(place.mean() - 199.5) < 5 * 5.8
    numbers = listed.index[listed["stratum"] == "random"].str.removeprefix("c-").astype(int)
    assert abs(numbers.to_numpy().mean() - 200.5) < 5 * 5.8


def test_equals_come_in_the_order_of_their_numbers(home: Home) -> None:
    add(home, *[entry(f"u{i}") for i in range(30)])
    listed = home.cases.listing(EVERYTHING, now=NOW)
    assert listed.index.is_monotonic_increasing
    assert drained(home) == listed["user"].tolist()


def test_another_service_level_gives_open_cases_other_places(home: Home) -> None:
    add(home, entry("old", 0.1), now=NOW - 30 * HOUR)
    add(home, entry("new", 0.9))
    assert home.cases.listing(EVERYTHING, now=NOW)["user"].tolist() == ["new", "old"]
    home.guidance.save(replace(home.guidance.load(), service_hours=24.0), by="Lea", now=NOW)
    assert home.cases.listing(EVERYTHING, now=NOW)["user"].tolist() == ["old", "new"]
    add(home, entry("newer", 0.9))
    assert home.cases.listing(EVERYTHING, now=NOW)["user"].tolist() == ["old", "new", "newer"]


def test_the_index_serves_the_next_case_without_sorting(home: Home) -> None:
    add(home, entry())
    with home.database.connect() as connection:
        plan = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT number FROM cases WHERE status = 'open' ORDER BY priority, number LIMIT 1")
        ).all()
    told = " ".join(row.detail for row in plan)
    assert "cases_in_order" in told
    assert "TEMP B-TREE" not in told


# Claims


@pytest.mark.parametrize("reviewers", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_processes_that_claim_at_once_never_get_the_same_case(home: Home, reviewers: int) -> None:
    add(home, *[entry(f"u{i}") for i in range(48)])
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen([sys.executable, "-c", REVIEWER, str(home.settings.home), f"reviewer {i}"], cwd=ROOT,
                         stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for i in range(reviewers)
    ]  # fmt: skip
    assert [each.stdout.readline() for each in running if each.stdout] == ["ready\n"] * reviewers
    for each in running:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    told = [each.communicate() for each in running]
    assert [errors for _, errors in told] == [""] * reviewers
    given_out = [case for out, _ in told for case in out.split()]
    assert sorted(given_out) == [cases.id_of(number) for number in range(1, 49)]


def test_a_holder_is_given_the_same_case_until_it_is_closed(home: Home) -> None:
    add(home, entry("u1"), entry("u2"))
    first, again = home.queue.claim("Ada", now=NOW), home.queue.claim("Ada", now=NOW + MINUTE)
    assert first
    assert again
    assert first.id == again.id
    assert again.claimed_until == NOW + MINUTE + queue.LEASE
    assert again.held("Ada", "", NOW + MINUTE)
    assert not again.held("Ada", "", NOW + HOUR)
    assert not again.held("Ada", "other tab", NOW)
    assert not again.held("Bob", "", NOW)


def test_another_person_and_another_tab_are_other_holders(home: Home) -> None:
    add(home, entry("u1"), entry("u2"))
    holders = [("Ada", ""), ("Ada", "tab"), ("Bob", "")]
    got = [home.queue.claim(name, session=session, now=NOW) for name, session in holders]
    assert {case.user for case in got[:2] if case} == {"u1", "u2"}
    assert got[2] is None


def test_a_claim_ends_and_the_case_goes_to_who_comes_next(home: Home) -> None:
    add(home, entry())
    home.queue.claim("Ada", now=NOW)
    assert home.queue.claim("Bob", now=NOW + queue.LEASE - MINUTE) is None
    taken = home.queue.claim("Bob", now=NOW + queue.LEASE)
    assert taken
    assert taken.claimed_by == "Bob"
    assert not home.queue.renew(taken.id, "Ada", now=NOW + queue.LEASE)
    assert not home.queue.release(taken.id, "Ada")
    assert home.queue.renew(taken.id, "Bob", now=NOW + queue.LEASE + MINUTE)
    assert home.queue.claim("Ada", now=NOW + 2 * queue.LEASE) is None


def test_what_is_let_go_is_free_at_once(home: Home) -> None:
    add(home, entry())
    case = home.queue.claim("Ada", now=NOW)
    assert case
    assert home.queue.release(case.id, "Ada")
    assert not home.queue.release(case.id, "Ada")
    assert home.queue.claim("Bob", now=NOW)


def test_a_skipped_case_is_let_go_and_the_next_one_given(home: Home) -> None:
    add(home, entry("u1", 0.9), entry("u2", 0.8))
    first = home.queue.claim("Ada", now=NOW)
    assert first
    second = home.queue.claim("Ada", now=NOW, but=[first.id])
    assert second
    assert second.user == "u2"
    assert not home.cases.find(first.id).claimed(NOW)
    assert home.queue.claim("Ada", now=NOW, but=[first.id, second.id]) is None


def test_a_case_is_taken_by_its_id_when_it_is_free_or_ones_own(home: Home) -> None:
    add(home, entry("u1"), entry("u2"))
    case = home.queue.claim("Ada", session="old tab", now=NOW)
    assert case
    assert home.queue.take(case.id, "Ada", session="new tab", now=NOW).held("Ada", "new tab", NOW)
    with pytest.raises(RefusedError, match="assigned to Ada"):
        home.queue.take(case.id, "Bob", now=NOW)
    assert home.queue.take(case.id, "Bob", now=NOW + HOUR).claimed_by == "Bob"
    close(home, case)
    with pytest.raises(RefusedError, match="closed"):
        home.queue.take(case.id, "Ada", now=NOW + HOUR)
    with pytest.raises(UnknownItemError):
        home.queue.take("c-000099", "Ada", now=NOW)


# Closing, undoing, reopening


def test_a_verdict_closes_a_case_once_and_a_correction_takes_its_place(home: Home) -> None:
    add(home, entry())
    case = home.queue.claim("Ada", now=NOW)
    assert case
    assert close(home, case, verdict="v1")
    assert not close(home, case, verdict="v1")
    closed = one(home)
    assert (closed.status, closed.verdict, closed.judgement, closed.judged_by) == ("closed", "v1", "spammer", "Ada")
    assert (closed.claimed_by, closed.judged_at) == (None, NOW + HOUR)
    assert close(home, case, "legitimate", verdict="v2")
    assert (one(home).verdict, one(home).judgement) == ("v2", "legitimate")


def test_what_is_undone_is_shown_next_to_who_had_judged_it(home: Home) -> None:
    add(home, entry("u1", 0.8), entry("u2", 0.9), entry("u3", 0.99))
    first = home.queue.claim("Ada", session="tab", now=NOW, filters=CaseFilters(text="u1"))
    assert first
    assert close(home, first)
    following = home.queue.claim("Ada", session="tab", now=NOW + HOUR)
    assert following
    assert back(home, first, session="tab")
    again = home.queue.claim("Ada", session="tab", now=NOW + HOUR)
    assert again
    assert again.id == first.id
    assert (again.status, again.verdict, again.judgement, again.judged_at) == ("open", None, None, None)
    assert not back(home, first, session="tab")
    # The case that was on the screen meanwhile is free for others.
    other = home.queue.claim("Bob", now=NOW + HOUR)
    assert other
    assert other.id == following.id


def test_an_undone_case_stays_closed_when_its_user_is_queued_again_already(home: Home) -> None:
    add(home, entry())
    case = one(home)
    close(home, case)
    add(home, entry(run="r-0002", features={"links": 5.0}))
    assert not back(home, case)
    undone = home.cases.find(case.id)
    assert (undone.status, undone.judgement, undone.verdict) == ("closed", None, None)
    assert one(home).status == "open"


def test_an_appeal_is_judged_next_and_by_somebody_else(home: Home) -> None:
    add(home, entry("u1", 0.8, stratum="random", inclusion=0.01))
    close(home, one(home))
    add(home, entry("u2", 0.99), now=NOW + HOUR)
    appeal = home.queue.reopen(one(home).id, by="Lea", note=" says it is a mistake ", now=NOW + HOUR)
    assert (appeal.status, appeal.stratum, appeal.inclusion, appeal.not_for) == ("open", "appeal", None, "Ada")
    assert (appeal.reopened, appeal.created, appeal.queued) == ("Lea: says it is a mistake", NOW, NOW + HOUR)
    assert home.queue.reopen(appeal.id, by="Lea", note="says it is a mistake", now=NOW + 2 * HOUR) == appeal
    with pytest.raises(RefusedError, match="Somebody else"):
        home.queue.take(appeal.id, "Ada", now=NOW + HOUR)
    bob = home.queue.claim("Bob", now=NOW + HOUR)
    assert bob
    assert bob.id == appeal.id
    home.queue.release(appeal.id, "Bob")
    ada = home.queue.claim("Ada", now=NOW + HOUR)
    assert ada
    assert ada.user == "u2"


def test_only_what_was_decided_can_be_reopened_and_with_a_note(home: Home) -> None:
    add(home, entry())
    case = one(home)
    with pytest.raises(RefusedError, match="open"):
        home.queue.reopen(case.id, by="Lea", note="why", now=NOW)
    close(home, case)
    with pytest.raises(RefusedError, match="note"):
        home.queue.reopen(case.id, by="Lea", note="  ", now=NOW)
    add(home, entry(run="r-0002", features={"links": 5.0}))
    with pytest.raises(RefusedError, match="open case already"):
        home.queue.reopen(case.id, by="Lea", note="why", now=NOW)


def test_a_case_that_was_reopened_undone_and_judged_is_closed_once_more(home: Home) -> None:
    add(home, entry())
    case = one(home)
    close(home, case)
    home.queue.reopen(case.id, by="Lea", note="why", now=NOW)
    close(home, case, "legitimate", by="Bob", verdict="v2")
    assert back(home, case)
    assert (one(home).not_for, one(home).stratum, one(home).claimed_by) == ("Ada", "appeal", "Bob")
    assert close(home, case, "spammer", by="Bob", verdict="v3")


# Filters


def cut(home: Home, **conditions: Any) -> set[str]:
    return users(home, CaseFilters(**conditions))


def test_cases_are_cut_by_band_score_age_and_stratum(home: Home) -> None:
    add(home, entry("old", 0.75), now=NOW - 5 * HOUR)
    add(home, entry("sure", 0.95), entry("picked", 0.65, stratum="uncertain"))
    assert cut(home, bands=("human_review",)) == {"old"}
    assert cut(home, bands=("auto_remove", "monitor")) == {"sure", "picked"}
    assert cut(home, scores=(0.65, 0.75)) == {"old", "picked"}
    assert cut(home, min_age_hours=5) == {"old"}
    assert cut(home, min_age_hours=5.1) == set()
    assert cut(home, strata=("uncertain",), unblinded=True) == {"picked"}


def test_strata_and_ages_that_cannot_be_asked_for_are_refused() -> None:
    with pytest.raises(BadOptionError, match="strata"):
        CaseFilters(strata=("random",))
    with pytest.raises(BadOptionError, match="hours"):
        CaseFilters(min_age_hours=-1)


def test_neither_filters_nor_lists_tell_the_score_of_a_blind_case(home: Home) -> None:
    blind = entry("blind", 0.05, stratum="random", inclusion=0.1, blind=True, category="spam")
    add(home, entry("seen", 0.8, category="scam"), blind)
    for filters in (
        {"categories": ("scam",)},
        {"categories": ("spam",)},
        {"bands": ("human_review",)},
        {"bands": ("allow",)},
        {"scores": (0.7, 0.9)},
        {"scores": (0.3, 0.4)},
    ):
        assert "blind" in cut(home, **filters)
    listed = home.cases.listing(EVERYTHING, now=NOW).set_index("user")
    assert not {"stratum", "inclusion"} & set(listed)
    assert listed.loc["blind", ["score", "band", "action", "category"]].isna().all()
    assert (listed.loc["seen", "score"], listed.loc["seen", "category"]) == (0.8, "scam")
    assert "seen" not in cut(home, categories=("spam",))
    assert cut(home, bands=("allow",), unblinded=True) == {"blind"}
    assert cut(home, categories=("scam",), unblinded=True) == {"seen"}
    assert home.cases.listing(CaseFilters(unblinded=True), now=NOW).set_index("user").loc["blind", "score"] == 0.05


@pytest.mark.parametrize("name", HOSTILE)
def test_a_feature_of_any_name_can_be_filtered_by(home: Home, name: str) -> None:
    others = {other: 100.0 for other in HOSTILE if other != name}
    add(home, entry("in", features={name: 2.0} | others), entry("out", features={name: 3.5} | others),
        entry("missing", features={name: None} | others), entry("absent", features=others))  # fmt: skip
    assert cut(home, feature=name, within=(2.0, 3.0)) == {"in"}
    assert cut(home, feature=name, within=(-1e9, 1e9)) == {"in", "out"}


@pytest.mark.parametrize("value", HOSTILE)
def test_context_of_any_name_and_value_can_be_filtered_by(home: Home, value: str) -> None:
    add(home, entry("in", context={value: value}), entry("out", context={value: f"{value} more"}),
        entry("missing", context={value: None}))  # fmt: skip
    assert cut(home, context=value, values=(value, "something else")) == {"in"}


@pytest.mark.parametrize("wanted", [name for name in HOSTILE if name])
def test_text_is_looked_for_as_it_stands_in_users_and_context(home: Home, wanted: str) -> None:
    add(
        home,
        entry(f"is {wanted}!", context={}),
        entry("named", context={"name": f"is {wanted}!"}),
        entry("100 of them"),
    )
    assert cut(home, text=f" {wanted} ") == {f"is {wanted}!", "named"}


def test_text_is_found_without_regard_to_case(home: Home) -> None:
    add(home, entry("Ada-7"), entry("bob"))
    assert cut(home, text="aDA") == {"Ada-7"}


def test_a_claim_follows_the_filters_and_drops_what_they_leave_out(home: Home) -> None:
    add(home, entry("risky", 0.95), entry("other", 0.75))
    assert (case := home.queue.claim("Ada", now=NOW))
    assert case.user == "risky"
    assert (case := home.queue.claim("Ada", now=NOW, filters=CaseFilters(bands=("human_review",)))) is not None
    assert case.user == "other"
    assert (case := home.queue.claim("Bob", now=NOW))
    assert case.user == "risky"
    assert home.queue.claim("Cy", now=NOW, filters=CaseFilters(text="nobody")) is None


def test_an_empty_queue_is_an_empty_table(home: Home) -> None:
    assert home.queue.claim("Ada", now=NOW) is None
    listed = home.cases.listing(EVERYTHING, now=NOW)
    assert listed.empty
    assert add(home) == Queued()


def test_a_list_ends_where_it_is_told_to(home: Home) -> None:
    add(home, *[entry(f"u{i}", 0.5 + i / 100) for i in range(9)])
    assert home.cases.listing(EVERYTHING, now=NOW, most=2)["user"].tolist() == ["u8", "u7"]


def test_progress_counts_what_one_person_judged(home: Home) -> None:
    add(home, *[entry(f"u{i}") for i in range(6)])
    judged: Iterable[tuple[str, str, str]] = [
        ("u0", "spammer", "Ada"), ("u1", "unsure", "Ada"), ("u2", "spammer", "Bob"), ("u3", "legitimate", "Ada"),
    ]  # fmt: skip
    for user, judgement, by in judged:
        close(home, one(home, user), judgement, by)
    back(home, one(home, "u3"))
    told = home.cases.progress("Ada", NOW)
    assert (told.spammer, told.legitimate, told.unsure, told.judged) == (1, 0, 1, 2)
    assert home.cases.progress("Ada", NOW + 2 * HOUR).judged == 0


def test_every_stratum_can_be_queued(home: Home) -> None:
    for stratum in STRATA:
        sampled = stratum in SAMPLED
        assert add(home, entry(stratum, stratum=stratum, inclusion=1.0 if sampled else None)) == Queued(new=1)
