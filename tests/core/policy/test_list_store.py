"""Lists: what is put on them stands until it ends, and every change is in the audit log."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.errors import BadOptionError
from core.home import Home
from core.policy.list_store import Grounds, column_of
from core.policy.lists import USER, named
from core.schema.schema import Column, Schema
from tests import make

WHY = Grounds("a partner", "Lea", make.NOW)
LATER = make.NOW + timedelta(days=1)


def test_what_is_put_on_a_list_stands_once_with_who_why_and_when(home: Home) -> None:
    added = home.lists.add("allow", USER, [" u1 ", "u2", "u1"], WHY)
    assert (added.new, added.standing) == (2, 0)
    added = home.lists.add("allow", USER, ["u2", "u3"], WHY)
    assert (added.new, added.standing) == (1, 1)
    assert home.lists.in_force(make.NOW).values == {("allow", USER): frozenset(["u1", "u2", "u3"])}
    entry = home.lists.entries()[-1]
    assert (entry.list, entry.column, entry.value, entry.reason, entry.by, entry.at) == (
        "allow", USER, "u1", "a partner", "Lea", make.NOW
    )  # fmt: skip
    note = home.audit.read().iloc[-1]
    assert (note["who"], note["what"], note["about"], note["why"]) == (
        "Lea",
        "add to allow list",
        "2 users",
        "a partner",
    )
    assert json.loads(note["details"]) == {"values": ["u1", "u2"], "count": 2}


def test_values_of_the_context_are_compared_without_regard_to_case(home: Home) -> None:
    home.lists.add("block", "country", ["PH"], WHY)
    assert home.lists.add("block", "country", ["ph"], WHY).standing == 1
    assert home.lists.in_force(make.NOW).values == {("block", "country"): frozenset(["ph"])}
    assert home.lists.remove("block", "country", ["Ph"], by="Lea", now=LATER) == 1
    assert not home.lists.in_force(LATER)


def test_what_is_taken_off_stays_known_and_may_come_again(home: Home) -> None:
    home.lists.add("block", USER, ["u1", "u2"], WHY)
    assert home.lists.remove("block", USER, ["u1", "u9"], by="Ada", now=LATER) == 1
    assert home.lists.in_force(LATER).values == {("block", USER): frozenset(["u2"])}
    ended = home.lists.entries("block", all_=True)[-1]
    assert (ended.value, ended.ended, ended.ended_by) == ("u1", LATER, "Ada")
    assert home.lists.add("block", USER, ["u1"], WHY).new == 1
    assert home.audit.read().iloc[1]["what"] == "remove from block list"


def test_an_entry_ends_by_itself_and_the_audit_log_says_so(home: Home) -> None:
    home.lists.add("snooze", USER, ["u1"], Grounds("waits for papers", "Lea", make.NOW, LATER))
    before = home.lists.stamp(make.NOW)
    assert home.lists.in_force(LATER - timedelta(seconds=1))
    assert not home.lists.in_force(LATER)  # whether anybody has settled it or not
    assert home.lists.stamp(LATER) != before
    assert (home.lists.settle(LATER), home.lists.settle(LATER)) == (1, 0)
    note = home.audit.read().iloc[0]
    assert (note["who"], note["what"], note["why"]) == ("Trustdesk", "remove from snooze list", "expired")
    assert home.lists.entries("snooze", all_=True)[0].ended_by == "expiry"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "give at least one"),
        (["u1", "  "], "entry 2 is empty"),
        (["x"] * 100_001, "100,001 at once; at most 100,000 are taken"),
        (["x" * 10_000], "entry 1 has 10,000 characters, and at most 300 are taken"),
        (["a\x00"], "entry 1 cannot be seen in full"),
    ],
)
def test_a_value_that_cannot_be_used_adds_nothing(home: Home, values: list[str], words: str) -> None:
    with pytest.raises(BadOptionError, match=words):
        home.lists.add("allow", USER, values, WHY)
    assert home.lists.entries() == ()
    assert home.audit.read().empty


def test_a_snooze_needs_an_end_every_entry_a_reason_and_an_end_lies_ahead(home: Home) -> None:
    with pytest.raises(BadOptionError, match="a snooze ends"):
        home.lists.add("snooze", USER, ["u1"], WHY)
    with pytest.raises(BadOptionError, match="say why"):
        Grounds(" ", "Lea", make.NOW)
    with pytest.raises(BadOptionError, match="has passed"):
        Grounds("x", "Lea", make.NOW, make.NOW)
    with pytest.raises(BadOptionError, match="u1 is not on the allow list"):
        home.lists.remove("allow", USER, ["u1"], by="Lea", now=make.NOW)


def test_a_column_is_the_id_or_one_of_the_context() -> None:
    assert [column_of(name, make.SCHEMA) for name in ("", " USER ", "Country")] == [USER, USER, "country"]
    with pytest.raises(
        BadOptionError, match="links is no id and no context column of this workspace; it has user, name"
    ):
        column_of("links", make.SCHEMA)
    with pytest.raises(BadOptionError, match="have no ids"):
        column_of("", Schema((Column("links"),)))


def test_a_list_is_one_of_three() -> None:
    assert named(" Block ") == "block"
    with pytest.raises(BadOptionError, match="'blck' is none of block, allow, snooze"):
        named("blck")


def test_however_many_values_stand_they_are_counted_and_the_newest_are_listed(home: Home) -> None:
    home.lists.add("block", USER, [f"u{i}" for i in range(1_200)], WHY)
    home.lists.add("allow", "country", ["DE"], WHY)
    home.lists.remove("block", USER, [f"u{i}" for i in range(700)], by="Lea", now=LATER)
    assert home.lists.counts() == {"block": 500, "allow": 1, "snooze": 0}
    assert [each.value for each in home.lists.entries(most=2)] == ["DE", "u1199"]


def test_the_stamp_changes_with_every_change_and_stays_without_one(home: Home) -> None:
    seen = [home.lists.stamp(make.NOW)]
    home.lists.add("block", USER, ["u1"], WHY)
    seen.append(home.lists.stamp(make.NOW))
    home.lists.add("snooze", USER, ["u2"], Grounds("waits", "Lea", make.NOW, LATER))
    seen.append(home.lists.stamp(make.NOW))
    home.lists.add("block", USER, ["u1"], WHY)  # it stands there already
    assert home.lists.stamp(make.NOW) == seen[-1]
    seen.append(home.lists.stamp(LATER))
    home.lists.settle(LATER)
    seen.append(home.lists.stamp(LATER))
    home.lists.remove("block", USER, ["u1"], by="Lea", now=LATER)
    seen.append(home.lists.stamp(LATER))
    assert len(set(seen)) == len(seen)
    assert home.lists.stamp(LATER + timedelta(days=9)) == seen[-1]
