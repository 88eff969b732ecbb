"""Incidents: one for each cause while it lasts, over when it is found no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnknownItemError
from core.home import Home
from core.monitoring import incidents
from core.monitoring.incidents import Finding
from tests.make import NOW

DRIFT = Finding("drift", "X1", "X1 has drifted.", "monitor", {"feature": "X1"})
LATE = Finding("queue", "late", "3 users wait too long.", "review")
HOUR = timedelta(hours=1)


def test_what_is_found_again_is_the_same_incident_and_what_is_not_is_over(home):
    assert home.incidents.keep([DRIFT, LATE, LATE], looked_at=incidents.KINDS, now=NOW) == ("i-0001", "i-0002")
    again = replace(DRIFT, sentence="X1 has drifted further.")
    assert home.incidents.keep([again], looked_at=incidents.KINDS, now=NOW + HOUR) == ()
    first, second = home.incidents.recent()
    assert (first.id, first.finding, first.opened, first.seen, first.open) == ("i-0001", again, NOW, NOW + HOUR, True)
    assert (second.id, second.seen, second.closed, second.open) == ("i-0002", NOW, NOW + HOUR, False)
    assert home.incidents.keep([LATE], looked_at=["queue"], now=NOW + 2 * HOUR) == ("i-0003",)


def test_a_look_at_one_kind_says_nothing_of_the_others(home):
    home.incidents.keep([DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    home.incidents.keep([], looked_at=["queue"], now=NOW)
    assert {each.finding.kind: each.open for each in home.incidents.recent()} == {"drift": True, "queue": False}


def test_what_was_not_delivered_waits_and_what_was_does_not(home):
    home.incidents.keep([DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    drift, late = home.incidents.untold()
    home.incidents.mark([drift], now=NOW)
    home.incidents.mark([late], now=NOW, failure="The webhook answered 500.")
    assert [(each.id, each.failure) for each in home.incidents.untold()] == [(late.id, "The webhook answered 500.")]
    home.incidents.mark([late], now=NOW + HOUR)
    assert home.incidents.untold() == ()
    assert [(each.told, each.failure) for each in home.incidents.recent()] == [(NOW + HOUR, ""), (NOW, "")]


def test_an_id_that_is_none_is_told(home):
    home.incidents.keep([DRIFT], looked_at=incidents.KINDS, now=NOW)
    with pytest.raises(UnknownItemError):
        home.incidents.mark([replace(home.incidents.untold()[0], id="i-1")], now=NOW)


@settings(max_examples=15)  # each makes a home of its own
@given(looks=st.lists(st.sets(st.sampled_from("abc")), max_size=8))
def test_open_incidents_are_what_the_last_look_found(looks, tmp_path_factory):
    home = Home.open(tmp_path_factory.mktemp("home"))
    opened = 0
    for hours, causes in enumerate(looks):
        found = [Finding("drift", cause, "", "monitor") for cause in sorted(causes)]
        opened += len(home.incidents.keep(found, looked_at=["drift"], now=NOW + hours * HOUR))
    kept = home.incidents.recent()
    assert {each.finding.cause for each in kept if each.open} == (looks[-1] if looks else set())
    assert len(kept) == opened
