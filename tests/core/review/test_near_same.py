"""Messages that wait and are nearly another one: found through disguises, and only those that one may judge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.home import Home
from core.review.cases import Case
from core.review.near_same import Near
from tests.core.review.test_queue import add, entry, one
from tests.make import NOW

SPAM = "write me on telegram and I give you a discount of 50 percent today"
SENT = {
    "same": SPAM, "disguised": SPAM.replace("telegram", "t e l e g r a m").upper(), "near": f"{SPAM} my friend",
    "other": "when can you deliver the draft of the logo", "none": None,
}  # fmt: skip


@pytest.fixture
def waiting(home: Home) -> Home:
    add(home, *(entry(user, context={"body": said}) for user, said in {"mine": SPAM, **SENT}.items()))
    return home


def near(home: Home, case: Case, by: str = "Ada") -> tuple[Near, ...]:
    return home.near_same.waiting(case, ("body",), by=by, now=NOW)


def test_the_most_alike_come_first_whatever_their_words_are_disguised_by(waiting: Home) -> None:
    found = near(waiting, one(waiting, "mine"))
    assert {each.user for each in found[:2]} == {"same", "disguised"}
    assert [(each.user, round(each.alike, 3)) for each in found[2:]] == [("near", 0.875)]
    assert found[0].alike == found[1].alike == 1
    assert found[2].text == SENT["near"]


def test_what_another_reviewer_holds_and_what_is_judged_is_not_offered(waiting: Home) -> None:
    waiting.queue.take(one(waiting, "same").id, "Bob", now=NOW, lease=timedelta(hours=1), session="s")
    waiting.queue.take(one(waiting, "near").id, "Ada", now=NOW, lease=timedelta(hours=1), session="s")
    assert {each.user for each in near(waiting, one(waiting, "mine"))} == {"disguised", "near"}
    waiting.erasure.forget("near", by="Lea", now=NOW)
    assert [each.user for each in near(waiting, one(waiting, "mine"))] == ["disguised"]


def test_without_a_text_nothing_is_near(waiting: Home) -> None:
    assert near(waiting, one(waiting, "none")) == ()
    assert waiting.near_same.waiting(one(waiting, "mine"), (), by="Ada", now=NOW) == ()
