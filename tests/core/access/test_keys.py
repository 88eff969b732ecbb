"""Keys of the API: shown once, kept as a hash, and of no use once they are revoked or have expired."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import accounts
from core.errors import BadOptionError, KeyRefusedError, NotAllowedError, RefusedError, UnknownItemError
from core.home import Home
from tests import make

LATER = make.NOW + timedelta(days=30)


def test_a_key_is_found_by_its_text_alone(home: Home) -> None:
    key, text = home.keys.create("sign-up", "analyst", now=make.NOW)

    assert home.keys.find(text, now=LATER) == key
    assert (key.person.name, key.person.role) == ("api:sign-up", "analyst")


def test_no_part_of_the_secret_is_in_the_home(home: Home) -> None:
    _, text = home.keys.create("sign-up", "analyst", now=make.NOW)

    stored = b"".join(path.read_bytes() for path in home.settings.data.rglob("*") if path.is_file())
    assert b"sign-up" in stored
    assert text.split("_", 2)[2].encode() not in stored


def test_a_forged_an_expired_and_a_revoked_key_are_refused_in_the_same_words(home: Home) -> None:
    _, short = home.keys.create("short", "lead", now=make.NOW, days=1)
    _, gone = home.keys.create("gone", "lead", now=make.NOW)
    home.keys.revoke("gone", now=make.NOW)
    forged = short[:-1] + ("A" if short[-1] != "A" else "B")

    said = set()
    for text in (forged, short, gone, "td_00000000_" + "a" * 43, "", "Bearer", "td_" + "é" * 52):
        with pytest.raises(KeyRefusedError) as error:
            home.keys.find(text, now=LATER)
        said.add(str(error.value))
    assert len(said) == 1
    assert home.keys.find(short, now=make.NOW).name == "short"


def test_a_name_has_one_key_until_it_is_revoked(home: Home) -> None:
    first, _ = home.keys.create("Sign-up", "analyst", now=make.NOW)
    with pytest.raises(RefusedError, match="already"):
        home.keys.create(" sign-UP", "admin", now=make.NOW)

    home.keys.revoke(first.id, now=make.NOW)
    second, _ = home.keys.create("sign-up", "reviewer", now=LATER)

    assert [each.id for each in home.keys.listed()] == [first.id, second.id]
    with pytest.raises(UnknownItemError):
        home.keys.revoke(first.id, now=LATER)


@pytest.mark.parametrize(
    ("name", "role", "days", "rate"),
    [("", "lead", None, 1.0), ("a", "boss", None, 1.0), ("a", "lead", 0.0, 1.0), ("a", "lead", None, -1.0),
     ("api:a", "lead", None, 1.0)],
)  # fmt: skip
def test_a_key_that_could_not_be_used_is_not_made(
    home: Home, name: str, role: accounts.Role, days: float | None, rate: float
) -> None:
    with pytest.raises(BadOptionError):
        home.keys.create(name, role, now=make.NOW, days=days, rate=rate)
    assert not home.keys.listed()


def test_a_key_has_its_own_role_also_where_everybody_else_may_do_everything(home: Home) -> None:
    home.keys.create("sign-up", "analyst", now=make.NOW)

    assert home.accounts.authorise("API:Sign-Up", "score").name == "api:sign-up"
    with pytest.raises(NotAllowedError):
        home.accounts.authorise("api:sign-up", "judge")
    with pytest.raises(NotAllowedError):
        home.accounts.authorise("api:nobody", "score")
    assert home.accounts.authorise("Ada", "judge").role == "admin"


def test_a_revoked_key_may_do_nothing_any_more(home: Home) -> None:
    home.keys.create("sign-up", "admin", now=make.NOW)
    home.keys.revoke("sign-up", now=make.NOW)

    with pytest.raises(NotAllowedError):
        home.accounts.authorise("api:sign-up", "score")


def test_a_person_cannot_take_the_name_of_a_key(home: Home) -> None:
    with pytest.raises(BadOptionError, match="api:"):
        home.accounts.create("api:sign-up", "admin", "long enough for anybody", now=make.NOW)


def test_a_key_is_needed_once_there_was_one(home: Home) -> None:
    assert not home.keys.needed()
    home.keys.create("sign-up", "analyst", now=make.NOW)
    home.keys.revoke("sign-up", now=make.NOW)

    assert home.keys.needed()


def test_a_key_is_needed_where_there_are_accounts(home: Home) -> None:
    home.accounts.create("Ada", "admin", "long enough for anybody", now=make.NOW)

    assert home.keys.needed()
