"""Notes on users: added to, never changed, and gone with the user."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import BadOptionError, NotAllowedError
from core.home import Home
from tests.make import NOW


def test_notes_are_told_newest_first_with_who_and_when_until_the_user_is_forgotten(home: Home) -> None:
    home.user_notes.add("u1", " sold the account ", by="Ada", now=NOW)
    home.user_notes.add("u1", "bought it back", by="Bob", now=NOW + timedelta(hours=1))
    home.user_notes.add("u10", "another", by="Ada", now=NOW)
    found = [(note.text, note.by, note.at) for note in home.user_notes.of("u1")]
    assert found == [("bought it back", "Bob", NOW + timedelta(hours=1)), ("sold the account", "Ada", NOW)]

    home.erasure.forget("u1", by="Ada", now=NOW)
    assert home.user_notes.of("u1") == ()
    assert [note.text for note in home.user_notes.of("u10")] == ["another"]


def test_what_says_nothing_or_too_much_and_who_may_not_is_refused(home: Home) -> None:
    for text, told in (("  ", "write something"), ("x" * 2_001, "at most 2,000")):
        with pytest.raises(BadOptionError, match=told):
            home.user_notes.add("u1", text, by="Ada", now=NOW)
    home.accounts.create("root", "admin", "long enough to be one", now=NOW)
    home.accounts.create("Ann", "analyst", "long enough to be one", now=NOW)
    with pytest.raises(NotAllowedError):
        home.user_notes.add("u1", "note", by="Ann", now=NOW)
    assert home.user_notes.of("u1") == ()
