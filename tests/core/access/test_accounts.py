"""Accounts: nobody is asked in local mode; with accounts, the role is read again at every write."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import select

from core.access import accounts
from core.access.accounts import DEEDS, FOR_KEYS, LOCK, MAY, ROLES, Person
from core.errors import BadOptionError, CrowdedError, NotAllowedError, RefusedError, SignInError, UnknownItemError
from core.home import Home
from core.store import tables
from tests.make import NOW

PASSWORD, OTHER = "correct horse battery", "another one entirely"


@pytest.fixture
def team(home: Home) -> Home:
    """A home with one admin."""
    home.accounts.create("Ada", "admin", PASSWORD, now=NOW)
    return home


def wrong(home: Home, name: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(SignInError):
            home.accounts.check(name, OTHER, now=NOW)


def test_without_accounts_anybody_with_a_name_may_do_everything(home: Home) -> None:
    assert home.accounts.local()
    assert [home.accounts.authorise(" Ada ", deed) for deed in DEEDS] == [Person("Ada", "admin")] * len(DEEDS)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\x00", "a\u202eb"])
def test_a_name_must_be_one_line_of_readable_text(home: Home, name: str) -> None:
    with pytest.raises(BadOptionError, match="name"):
        home.accounts.authorise(name, "judge")
    with pytest.raises(BadOptionError, match="name"):
        home.accounts.create(name, "admin", PASSWORD, now=NOW)


def test_who_knows_the_password_is_let_in(team: Home) -> None:
    assert not team.accounts.local()
    assert team.accounts.check("Ada", PASSWORD, now=NOW) == Person("Ada", "admin")
    wrong(team, "Ada")
    wrong(team, "Bob")
    wrong(team, "")


def test_a_password_is_kept_as_its_scrypt_hash_only(team: Home) -> None:
    team.accounts.create("Bob", "reviewer", PASSWORD, now=NOW)
    with team.database.connect() as connection:
        rows = connection.execute(select(tables.accounts)).all()
    assert len({row.salt for row in rows}) == len({row.digest for row in rows}) == 2
    for row in rows:
        salt = bytes.fromhex(row.salt)
        expected = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=2**26, dklen=32)
        assert (len(salt), row.digest) == (16, expected.hex())
    assert PASSWORD.encode() not in team.settings.database.read_bytes()


@pytest.mark.parametrize("name", ["ADA", "ada ", "Ａda"])
def test_names_that_look_alike_are_one_name(team: Home, name: str) -> None:
    assert team.accounts.check(name, PASSWORD, now=NOW).name == "Ada"
    with pytest.raises(RefusedError, match="already"):
        team.accounts.create(name, "reviewer", PASSWORD, now=NOW)


def test_a_password_typed_in_another_encoding_is_the_same(team: Home) -> None:
    team.accounts.create("Bob", "reviewer", "passwo\u0308rter viele", now=NOW)
    assert team.accounts.check("Bob", "passw\u00f6rter viele", now=NOW)


@pytest.mark.parametrize("password", ["", "x" * 9, "x" * 1001])
def test_a_password_too_short_or_too_long_is_refused(home: Home, password: str) -> None:
    with pytest.raises(BadOptionError, match="password"):
        home.accounts.create("Ada", "admin", password, now=NOW)


def test_ten_wrong_passwords_in_a_row_lock_an_account_for_a_while(team: Home) -> None:
    for _ in range(2):  # a right one in between starts the count again
        wrong(team, "Ada", accounts.FAILURES - 1)
        assert team.accounts.check("Ada", PASSWORD, now=NOW)
    wrong(team, "Ada", accounts.FAILURES)
    with pytest.raises(SignInError):
        team.accounts.check("Ada", PASSWORD, now=NOW + LOCK - timedelta(seconds=1))
    assert team.accounts.check("Ada", PASSWORD, now=NOW + LOCK)


def test_a_new_password_unlocks_and_ends_the_old_one(team: Home) -> None:
    team.accounts.create("Bob", "reviewer", PASSWORD, now=NOW)
    wrong(team, "Bob", accounts.FAILURES)
    team.accounts.change("Bob", password=OTHER, now=NOW)
    assert team.accounts.check("Bob", OTHER, now=NOW)
    with pytest.raises(SignInError):
        team.accounts.check("Bob", PASSWORD, now=NOW)


def test_unknown_wrong_and_locked_are_told_in_the_same_words(team: Home) -> None:
    said = set()
    for name in ["nobody", "Ada"] * accounts.FAILURES + ["Ada"]:
        with pytest.raises(SignInError) as caught:
            team.accounts.check(name, OTHER, now=NOW)
        said.add(str(caught.value))
    assert len(said) == 1


def test_the_role_is_read_again_each_time(team: Home) -> None:
    team.accounts.create("Bob", "reviewer", PASSWORD, now=NOW)
    assert team.accounts.authorise("bob", "judge") == Person("Bob", "reviewer")
    team.accounts.change("Bob", role="analyst", now=NOW)
    with pytest.raises(NotAllowedError, match="Bob is an analyst"):
        team.accounts.authorise("Bob", "judge")
    team.accounts.remove("Bob")
    assert team.accounts.current("Bob") is None
    for name in ("Bob", "", "nobody"):
        with pytest.raises(NotAllowedError, match="no account"):
            team.accounts.authorise(name, "score")


@pytest.mark.parametrize("role", [role for role in ROLES if role not in FOR_KEYS])
def test_each_role_may_do_what_the_table_says_and_no_more(team: Home, role: accounts.Role) -> None:
    team.accounts.create("Bob", role, PASSWORD, now=NOW)
    for deed in MAY[role]:
        assert team.accounts.authorise("Bob", deed) == Person("Bob", role)
    for deed in set(DEEDS) - MAY[role]:
        with pytest.raises(NotAllowedError) as caught:
            team.accounts.authorise("Bob", deed)
        assert (caught.value.name, caught.value.role, caught.value.deed) == ("Bob", role, deed)


def test_a_role_of_keys_is_given_to_no_account(team: Home) -> None:
    with pytest.raises(BadOptionError, match="a role of keys"):
        team.accounts.create("Bob", "integrator", PASSWORD, now=NOW)
    with pytest.raises(BadOptionError, match="a role of keys"):
        team.accounts.change("Ada", role="integrator", now=NOW)
    team.keys.create("platform", "integrator", now=NOW)
    for deed in DEEDS:
        if deed in {"predict", "send feedback", "export decisions"}:
            assert team.accounts.authorise("api:platform", deed).role == "integrator"
        else:
            with pytest.raises(NotAllowedError, match="is an integrator here"):
                team.accounts.authorise("api:platform", deed)


def test_the_table_of_roles_is_complete_and_only_an_admin_manages_accounts() -> None:
    assert set(MAY) == set(get_args(accounts.Role))
    assert set().union(*MAY.values()) == set(DEEDS) == MAY["admin"]
    assert [role for role in ROLES if "manage accounts" in MAY[role]] == ["admin"]
    assert {role for role in ROLES if "judge" in MAY[role]} == {"reviewer", "lead", "admin"}
    assert "see strata" not in MAY["reviewer"]


def test_the_first_account_is_an_admins_and_the_last_admin_stays(home: Home) -> None:
    with pytest.raises(RefusedError, match="first account"):
        home.accounts.create("Bob", "lead", PASSWORD, now=NOW)
    home.accounts.create("Ada", "admin", PASSWORD, now=NOW)
    home.accounts.create("Bob", "lead", PASSWORD, now=NOW)
    with pytest.raises(RefusedError, match="last admin"):
        home.accounts.remove("Ada")
    with pytest.raises(RefusedError, match="last admin"):
        home.accounts.change("Ada", role="lead", now=NOW)
    home.accounts.change("Bob", role="admin", now=NOW)
    home.accounts.remove("Ada")
    assert home.accounts.people() == (Person("Bob", "admin"),)


def test_an_account_or_role_that_is_not_there_is_said_so(team: Home) -> None:
    with pytest.raises(UnknownItemError):
        team.accounts.change("Bob", role="lead", now=NOW)
    with pytest.raises(UnknownItemError):
        team.accounts.remove("Bob")
    with pytest.raises(BadOptionError, match="role"):
        team.accounts.create("Bob", "king", PASSWORD, now=NOW)  # type: ignore[arg-type]


def test_passwords_are_looked_at_one_after_the_other_and_none_waits_for_ever(
    team: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most, scrypt, guard = 0, 0, hashlib.scrypt, threading.Lock()

    def counted(*typed: bytes, **cost: Any) -> bytes:
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
        try:
            return scrypt(*typed, **cost)
        finally:
            with guard:
                at_once -= 1

    monkeypatch.setattr(accounts.hashlib, "scrypt", counted)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: team.accounts.check("Ada", PASSWORD, now=NOW), range(4)))
    assert most == 1

    monkeypatch.setattr(accounts, "PATIENCE", 0.01)
    with accounts._HASHING, pytest.raises(CrowdedError):
        team.accounts.check("Ada", PASSWORD, now=NOW)
