"""Saved views: a person's own and shared ones, which only their owner changes."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta

import pytest

from core.access.saved_views import MOST, SavedView
from core.errors import BadOptionError, NewerFormatError, RefusedError, UnknownItemError
from core.home import Home
from tests.make import NOW

PARAMS = {"group": "monitor", "sort": "-user"}


def saved(home: Home, name: str = "Mine", by: str = "Ada", **params: str) -> SavedView:
    return home.saved_views.save("users", name, params or PARAMS, by=by, now=NOW)


def names(home: Home, person: str) -> list[str]:
    return [view.name for view in home.saved_views.seen_by("users", person)]


def test_a_view_is_kept_as_it_was_saved(home: Home) -> None:
    view = saved(home, "  All of   mine ")

    assert (view.name, view.owner, view.shared, view.params) == ("All of mine", "Ada", False, PARAMS)
    assert home.saved_views.seen_by("users", "Ada") == (view,)
    assert Home.open(home.settings.home).saved_views.seen_by("users", "Ada") == (view,)
    assert home.saved_views.seen_by("cases", "Ada") == ()


def test_others_see_a_view_while_it_is_shared(home: Home) -> None:
    view = saved(home)
    saved(home, "Bob's", "Bob")
    assert names(home, "Bob") == ["Bob's"]

    home.saved_views.share(view.number, shared=True, by="Ada", now=NOW)
    assert names(home, "Bob") == ["Bob's", "Mine"]
    assert names(home, "") == ["Mine"]

    home.saved_views.share(view.number, shared=False, by="Ada", now=NOW)
    assert names(home, "Bob") == ["Bob's"]


def test_saving_under_a_name_again_takes_its_place_and_leaves_it_shared(home: Home) -> None:
    view = saved(home)
    home.saved_views.share(view.number, shared=True, by="Ada", now=NOW)
    later = NOW + timedelta(hours=1)

    again = home.saved_views.save("users", "mine", {"group": "allow"}, by="Ada", now=later)

    assert (again.number, again.shared, again.params, again.changed) == (view.number, True, {"group": "allow"}, later)
    assert names(home, "Ada") == ["Mine"]
    saved(home, "Mine", "Bob")
    assert names(home, "Bob") == ["Mine", "Mine"]


def test_a_view_is_renamed_and_deleted(home: Home) -> None:
    view, other = saved(home), saved(home, "Other")

    home.saved_views.rename(view.number, "Better", by="Ada", now=NOW)
    assert names(home, "Ada") == ["Better", "Other"]
    home.saved_views.rename(view.number, "better", by="Ada", now=NOW)
    with pytest.raises(RefusedError, match="has another view called OTHER"):
        home.saved_views.rename(view.number, "OTHER", by="Ada", now=NOW)
    home.saved_views.remove(other.number, by="Ada")
    assert names(home, "Ada") == ["better"]
    with pytest.raises(UnknownItemError):
        home.saved_views.remove(other.number, by="Ada")


def test_only_its_owner_changes_a_view(home: Home) -> None:
    view = saved(home)
    home.saved_views.share(view.number, shared=True, by="Ada", now=NOW)

    for deed in (
        lambda: home.saved_views.rename(view.number, "x", by="Bob", now=NOW),
        lambda: home.saved_views.share(view.number, shared=False, by="Bob", now=NOW),
        lambda: home.saved_views.remove(view.number, by="Bob"),
    ):
        with pytest.raises(RefusedError, match="is Ada's"):
            deed()
    assert names(home, "Ada") == ["Mine"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b"])
def test_a_name_that_cannot_be_read_is_refused(home: Home, name: str) -> None:
    with pytest.raises(BadOptionError, match="name"):
        saved(home, name)


def test_nobody_keeps_more_views_than_can_be_looked_through(home: Home) -> None:
    for number in range(MOST):
        saved(home, f"view {number}")
    with pytest.raises(RefusedError, match="keeps 50 views already"):
        saved(home, "one more")
    saved(home, "view 7", group="allow")


def test_a_view_of_a_later_program_is_refused(home: Home) -> None:
    saved(home)
    with sqlite3.connect(home.settings.database) as connection:
        connection.execute("UPDATE saved_views SET body = ?", (json.dumps({"format": 2, "params": {}}),))

    with pytest.raises(NewerFormatError, match="saved view Mine"):
        home.saved_views.seen_by("users", "Ada")
