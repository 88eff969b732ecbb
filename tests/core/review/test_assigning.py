"""Assigned cases: offered to one person first, to all after a while, and given back in one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import BadOptionError, NotAllowedError, RefusedError, UnknownItemError
from core.home import Home
from core.review import queue
from core.review.cases import CaseFilters
from tests.core.review.test_queue import add, entry
from tests.make import NOW

HOURS = timedelta(hours=4)


@pytest.fixture
def waiting(home: Home) -> list[str]:
    """Three cases that wait, in the order of the queue."""
    add(home, *(entry(f"u{at}", score) for at, score in enumerate((0.9, 0.8, 0.7))))
    return home.cases.listing(CaseFilters(), now=NOW).index.tolist()


def next_for(home: Home, name: str, at: timedelta = timedelta(0)) -> str | None:
    found = home.queue.claim(name, now=NOW + at)
    if found is not None:
        home.queue.release(found.id, name)
    return None if found is None else found.id


def whose(home: Home, cases: list[str]) -> list[str | None]:
    return [home.cases.find(case).assigned_to for case in cases]


def test_a_case_is_offered_first_to_whom_it_is_assigned_and_to_nobody_else_for_hours(
    home: Home, waiting: list[str]
) -> None:
    step = home.assigning.assign([waiting[2]], "Ada", by="Lea", now=NOW)

    assert step.before == {waiting[2]: None}
    assert next_for(home, "Ada") == waiting[2]
    assert next_for(home, "Bob") == waiting[0]
    home.assigning.assign(waiting, "Ada", by="Lea", now=NOW)
    assert next_for(home, "Bob", HOURS - timedelta(minutes=1)) is None
    assert next_for(home, "Bob", HOURS) == waiting[0]
    assert home.cases.find(waiting[0]).assigned_by == "Lea"


def test_the_lead_sets_for_how_long(home: Home, waiting: list[str]) -> None:
    home.guidance.save(replace(home.guidance.load(), assigned_hours=0.0), by="Lea", now=NOW)
    home.assigning.assign(waiting, "Ada", by="Lea", now=NOW)

    assert next_for(home, "Bob") == waiting[0]
    assert home.guidance.load().assigned_hours == 0
    with pytest.raises(BadOptionError):
        replace(home.guidance.load(), assigned_hours=-1.0)


def test_a_step_is_undone_but_for_what_has_changed_since(home: Home, waiting: list[str]) -> None:
    home.assigning.assign([waiting[0]], "Bob", by="Lea", now=NOW)
    step = home.assigning.assign(waiting, "Ada", by="Lea", now=NOW)
    home.assigning.assign([waiting[1]], "Cid", by="Lea", now=NOW)

    assert home.assigning.undo(step, by="Lea", now=NOW) == 2
    assert whose(home, waiting) == ["Bob", "Cid", None]
    assert home.assigning.undo(step, by="Lea", now=NOW) == 0
    assert home.audit.read()["what"].tolist() == ["undo assign", "assign", "assign", "assign"]


def test_what_is_so_already_is_no_step_and_nobody_takes_an_assignment_away(home: Home, waiting: list[str]) -> None:
    home.assigning.assign(waiting[:2], "Ada", by="Lea", now=NOW)

    assert list(home.assigning.assign([*waiting, waiting[0]], "Ada", by="Lea", now=NOW).before) == [waiting[2]]
    home.assigning.assign(waiting, None, by="Lea", now=NOW)
    assert whose(home, waiting) == [None, None, None]
    assert home.cases.find(waiting[0]).assigned_at is None
    assert next_for(home, "Bob") == waiting[0]


def test_all_are_assigned_or_none(home: Home, waiting: list[str]) -> None:
    with home.database.writing() as connection:
        queue.close(connection, waiting[1], verdict="v", judgement="spammer", by="Ada", at=NOW)

    with pytest.raises(RefusedError, match="is closed"):
        home.assigning.assign(waiting, "Ada", by="Lea", now=NOW)
    with pytest.raises(UnknownItemError):
        home.assigning.assign([waiting[0], "c-999999"], "Ada", by="Lea", now=NOW)
    assert whose(home, [waiting[0], waiting[2]]) == [None, None]


def test_a_lead_assigns_and_only_to_who_may_judge(home: Home, waiting: list[str]) -> None:
    password = "long enough for anybody"  # noqa: S105
    for name, role in (("Ann", "admin"), ("Lea", "lead"), ("Rob", "reviewer"), ("Dee", "data scientist")):
        home.accounts.create(name, role, password, now=NOW)  # type: ignore[arg-type]

    with pytest.raises(NotAllowedError, match="may not assign cases"):
        home.assigning.assign(waiting, "Rob", by="Rob", now=NOW)
    for name, why in (("Dee", "is data scientist here"), ("Zoe", "has no account")):
        with pytest.raises(BadOptionError, match=why):
            home.assigning.assign(waiting, name, by="Lea", now=NOW)
    home.assigning.assign(waiting, "rob", by="Lea", now=NOW)
    assert whose(home, waiting) == ["Rob"] * 3


def test_an_assignment_stays_when_a_run_changes_the_case_and_is_listed(home: Home, waiting: list[str]) -> None:
    home.assigning.assign([waiting[0]], "Ada", by="Lea", now=NOW)
    add(home, entry("u0", 0.95, run="r-0002", row=7))

    assert home.cases.find(waiting[0]).run == "r-0002"
    assert home.cases.listing(CaseFilters(), now=NOW)["assigned_to"].tolist()[0] == "Ada"
