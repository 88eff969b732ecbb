"""Guidance: valid from birth, kept in every version, and never lost to somebody else's change."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from core.errors import BadOptionError, NewerFormatError, RefusedError, UnknownItemError
from core.home import Home
from core.review.guidance import Guidance, ReasonCode
from core.store.tables import documents
from tests.make import NOW

ADDRESS = "https://example.com/users/{user_id}?tab=1"
EACH = tuple(ReasonCode(judgement, judgement, "text") for judgement in ("spammer", "legitimate", "unsure"))


def test_a_home_that_says_nothing_has_the_defaults(home: Home) -> None:
    assert home.guidance.load() == Guidance()
    assert home.guidance.history().empty


def test_what_is_saved_is_read_back_and_stays_readable(home: Home) -> None:
    first = home.guidance.save(replace(Guidance(), guidelines="# Ours <b>é</b>", capacity=7, reasons=EACH,
                                        random_share=0.05, uncertain=3, service_hours=1.5, lease_minutes=3.0,
                                        profile_url=ADDRESS), by="Lea", now=NOW)  # fmt: skip
    second = home.guidance.save(replace(first, capacity=9), by="Max", now=NOW + timedelta(hours=1))
    assert (first.version, second.version) == (1, 2)
    assert home.guidance.load() == second
    assert home.guidance.load(1) == first
    assert home.guidance.history()["by"].to_dict() == {2: "Max", 1: "Lea"}
    assert home.guidance.history()["at"].to_dict() == {2: NOW + timedelta(hours=1), 1: NOW}
    with pytest.raises(UnknownItemError):
        home.guidance.load(3)


def test_guidance_of_before_a_share_of_the_day_was_drawn_opens_with_the_default(home: Home) -> None:
    body = {
        "capacity": 30, "audit": 0.5, "uncertain": 3, "service_hours": 12.0, "lease_minutes": 5.0, "guidelines": "Ours",
        "profile_url": "", "reasons": [asdict(each) for each in EACH],
    }  # fmt: skip
    with home.database.writing() as connection:
        row = {"name": "guidance", "version": 1, "body": body, "by": "Lea", "at": NOW}
        connection.execute(insert(documents).values(row))
    found = home.guidance.load()
    assert (found.capacity, found.random_share, found.random_a_day, found.version) == (30, 0.2, 6.0, 1)
    home.guidance.save(replace(found, random_share=0.4), by="Lea", now=NOW)
    assert [home.guidance.load(version).random_share for version in (1, 2)] == [0.2, 0.4]


def test_guidance_of_a_newer_program_is_refused(home: Home) -> None:
    with home.database.writing() as connection:
        row = {"name": "guidance", "version": 1, "body": {"format": 4}, "by": "Lea", "at": NOW}
        connection.execute(insert(documents).values(row))
    with pytest.raises(NewerFormatError):
        home.guidance.load()


def test_a_change_made_from_an_older_version_is_refused(home: Home) -> None:
    mine, theirs = home.guidance.load(), home.guidance.load()
    home.guidance.save(replace(theirs, capacity=5), by="Max", now=NOW)
    with pytest.raises(RefusedError, match="Max has changed"):
        home.guidance.save(replace(mine, capacity=6), by="Lea", now=NOW)
    assert home.guidance.load().capacity == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"capacity": -1},
        {"random_share": 0.049},
        {"random_share": 0.51},
        {"random_share": float("nan")},
        {"uncertain": -1},
        {"service_hours": 0.0},
        {"service_hours": float("inf")},
        {"lease_minutes": 0.5},
        {"guidelines": "x" * 50_001},
        {"reasons": EACH[:2]},
        {"reasons": (*EACH, EACH[0])},
    ],
)
def test_guidance_that_cannot_be_followed_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError):
        Guidance(**changes)


@pytest.mark.parametrize(
    "template",
    [
        "example.com/{user_id}",
        "javascript:alert({user_id})",
        "https://example.com/users/",
        "https://{user_id}/",
        "https://{user_id}.example.com/",
        "https://example.com{user_id}",
        "https://example.com/{user_id}/{user_id}",
        "https://example.com/{name}/{user_id}",
        "https://example.com/ {user_id}",
        'https://example.com/"{user_id}',
        "https://example.com/\x00{user_id}",
        "ftp://example.com/{user_id}",
        "https:///{user_id}",
        "{user_id}",
    ],
)
def test_an_address_that_a_user_could_bend_is_refused(template: str) -> None:
    with pytest.raises(BadOptionError, match="profile address"):
        Guidance(profile_url=template)


@pytest.mark.parametrize("user", ["7", "a/../b", "a b", "?x#y", "{user_id}", "é", "//evil.example", "%2e"])
def test_a_user_stays_one_part_of_the_path(user: str) -> None:
    address = Guidance(profile_url=ADDRESS).profile(user)
    assert address
    before, after = ADDRESS.split("{user_id}")
    assert address.startswith(before)
    assert address.endswith(after)
    inside = address.removeprefix(before).removesuffix(after)
    assert not set(inside) & set("/?#{} ")


def test_without_an_address_there_is_no_profile() -> None:
    assert Guidance().profile("u1") is None


@pytest.mark.parametrize(
    "changes", [{"code": "Not a code"}, {"code": ""}, {"code": "x" * 41}, {"text": " "}, {"text": "two\nlines"}]
)
def test_a_reason_code_is_a_word_and_a_line(changes: dict[str, str]) -> None:
    with pytest.raises(BadOptionError, match="reason code"):
        replace(EACH[0], **changes)  # type: ignore[arg-type]


def test_the_codes_of_a_judgement_keep_their_order() -> None:
    more = ReasonCode("spammer", "another", "text")
    assert Guidance(reasons=(*EACH, more)).codes("spammer") == (EACH[0], more)
    assert Guidance().lease == timedelta(minutes=10)
