"""Snoozed users: their cases are put away until the entry ends, come back by themselves, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import BadOptionError, NotAllowedError
from core.home import Home
from core.planning import day
from core.policy.list_store import Grounds
from core.policy.snoozing import Snooze
from core.review.case_list import CaseView, PutAway
from core.review.cases import CaseFilters
from core.schema import schema as schemas
from tests.core.review.test_queue import add, drained, entry, one, users
from tests.make import NOW, SCHEMA

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SNOOZED = CaseFilters(snoozed=True)


@pytest.fixture
def waiting(home: Home) -> Home:
    """Cases of u0, u1 and u2, judged in that order."""
    schemas.save(SCHEMA, home.settings.schema_file)
    add(home, *(entry(f"u{at}", score) for at, score in enumerate((0.9, 0.8, 0.7))))
    return home


def snooze(home: Home, *wanted: str, days: float = 1, by: str = "Ada", reason: str = "Waits for papers") -> Snooze:
    return home.snoozing.snooze(wanted, until=NOW + days * DAY, reason=reason, by=by, now=NOW)


def test_the_case_of_a_snoozed_user_is_not_offered_and_is_again_as_it_was_once_the_snooze_has_ended(
    waiting: Home,
) -> None:
    before = one(waiting, "u0")
    step = snooze(waiting, "u0", "u7")

    assert (step.users, step.standing) == (("u0", "u7"), 0)
    assert (users(waiting), users(waiting, SNOOZED)) == ({"u1", "u2"}, {"u0"})
    assert users(waiting, now=NOW + DAY - SECOND) == {"u1", "u2"}
    assert users(waiting, now=NOW + DAY) == {"u0", "u1", "u2"}  # whether the entry was settled or not
    assert one(waiting, "u0") == before
    later = waiting.queue.claim("Bob", now=NOW + DAY)
    assert later is not None
    assert (later.user, later.queued) == ("u0", NOW)
    assert drained(waiting) == ["u1", "u2"]


def test_a_case_on_a_desk_is_let_go_when_its_user_is_snoozed_and_may_still_be_taken_by_its_number(
    waiting: Home,
) -> None:
    held = waiting.queue.claim("Ada", now=NOW)
    assert held is not None
    assert held.user == "u0"
    snooze(waiting, "u0", by="Bob")

    following = waiting.queue.claim("Ada", now=NOW)
    assert following is not None
    assert following.user == "u1"
    assert waiting.queue.take(held.id, "Ada", now=NOW).user == "u0"


def test_what_is_put_away_is_counted_and_takes_no_place_of_the_day_and_is_never_late(waiting: Home) -> None:
    assert waiting.case_lists.put_away(now=NOW) == PutAway(0, None)
    snooze(waiting, "u0", days=30)
    snooze(waiting, "u1", "u9", days=7)

    found = waiting.case_lists.put_away(now=NOW)
    assert found == PutAway(2, NOW + 7 * DAY)
    assert found.sentence == "2 cases are snoozed; the next comes back on 8 Mar 2026, 12:00 UTC."
    assert waiting.case_lists.put_away(now=NOW + 7 * DAY).sentence.startswith("1 case is snoozed; it comes back on 31 ")
    assert waiting.case_lists.of_users(["u0", "u1", "u9"]) == 2
    assert waiting.cases.waiting(now=NOW).open == waiting.volume.queue(now=NOW).open == 1
    with waiting.database.connect() as connection:
        assert [day.tally(connection, at).open for at in (NOW, NOW + 30 * DAY)] == [1, 3]


def test_one_step_is_undone_but_for_what_others_did(waiting: Home) -> None:
    snooze(waiting, "u0", days=7, by="Lea")
    step = snooze(waiting, "u0", "u1", "u2", days=1)
    assert (step.users, step.standing) == (("u1", "u2"), 1)
    assert waiting.snoozing.standing(["u0", "u5"], now=NOW)["u0"].expires == NOW + 7 * DAY
    waiting.snoozing.wake(["u2"], by="Lea", now=NOW + SECOND)
    waiting.snoozing.snooze(["u2"], until=NOW + DAY, reason="Again", by="Lea", now=NOW + SECOND)

    assert waiting.snoozing.undo(step, by="Ada", now=NOW + 2 * SECOND) == 1
    assert (users(waiting), users(waiting, SNOOZED)) == ({"u1"}, {"u0", "u2"})
    assert waiting.snoozing.undo(step, by="Ada", now=NOW + 2 * SECOND) == 0
    last = waiting.audit.read().iloc[0]
    assert (last["who"], last["what"], last["about"]) == ("Ada", "remove from snooze list", "1 user")


def test_a_snooze_of_a_country_and_a_block_put_no_case_away(waiting: Home) -> None:
    waiting.lists.add("snooze", "country", ["u0"], Grounds("Strike", "Lea", NOW, NOW + DAY))
    waiting.lists.add("block", "", ["u1"], Grounds("Fraud", "Lea", NOW, NOW + DAY))
    assert users(waiting) == {"u0", "u1", "u2"}


def test_reviewers_and_leads_snooze_with_a_reason_and_nobody_else(waiting: Home) -> None:
    waiting.accounts.create("Boss", "admin", "a long password", now=NOW)
    for name, role in (("Ana", "analyst"), ("Rita", "reviewer")):
        waiting.accounts.create(name, role, "a long password", now=NOW)  # type: ignore[arg-type]

    with pytest.raises(NotAllowedError, match="may not snooze users"):
        snooze(waiting, "u0", by="Ana")
    with pytest.raises(BadOptionError, match="say why"):
        snooze(waiting, "u0", by="Rita", reason=" ")
    step = snooze(waiting, "u0", by="Rita")
    with pytest.raises(NotAllowedError):
        waiting.snoozing.undo(step, by="Ana", now=NOW)
    assert waiting.audit.read().iloc[0]["why"] == "Waits for papers"


def test_the_address_of_a_list_tells_that_it_is_of_those_who_are_snoozed() -> None:
    assert CaseView(SNOOZED).params() == {"snoozed": "1"}
    assert CaseView.of({"snoozed": "1"}, see_strata=False).filters == SNOOZED
    with pytest.raises(BadOptionError, match="'yes' is neither 1 for yes nor 0 for no"):
        CaseView.of({"snoozed": "yes"}, see_strata=False)
