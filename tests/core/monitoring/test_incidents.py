"""Incidents: one for each cause while it lasts, over when it is found no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnknownItemError
from core.monitoring import incidents
from core.monitoring.incidents import Finding
from core.settings import Settings
from tests.make import NOW

DRIFT = Finding("drift", "X1", "X1 has drifted.", "monitor", {"feature": "X1"})
LATE = Finding("queue", "late", "3 users wait too long.", "review")
HOUR = timedelta(hours=1)


def test_what_is_found_again_is_the_same_incident_and_what_is_not_is_over(home):
    assert incidents.keep(home, [DRIFT, LATE, LATE], looked_at=incidents.KINDS, now=NOW) == ("i-0001", "i-0002")
    again = replace(DRIFT, sentence="X1 has drifted further.")
    assert incidents.keep(home, [again], looked_at=incidents.KINDS, now=NOW + HOUR) == ()
    first, second = incidents.recent(home)
    assert (first.id, first.finding, first.opened, first.seen, first.open) == ("i-0001", again, NOW, NOW + HOUR, True)
    assert (second.id, second.seen, second.closed, second.open) == ("i-0002", NOW, NOW + HOUR, False)
    assert incidents.keep(home, [LATE], looked_at=["queue"], now=NOW + 2 * HOUR) == ("i-0003",)


def test_a_look_at_one_kind_says_nothing_of_the_others(home):
    incidents.keep(home, [DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    incidents.keep(home, [], looked_at=["queue"], now=NOW)
    assert {each.finding.kind: each.open for each in incidents.recent(home)} == {"drift": True, "queue": False}


def test_what_was_not_delivered_waits_and_what_was_does_not(home):
    incidents.keep(home, [DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    drift, late = incidents.untold(home)
    incidents.mark(home, [drift], now=NOW)
    incidents.mark(home, [late], now=NOW, failure="The webhook answered 500.")
    assert [(each.id, each.failure) for each in incidents.untold(home)] == [(late.id, "The webhook answered 500.")]
    incidents.mark(home, [late], now=NOW + HOUR)
    assert incidents.untold(home) == ()
    assert [(each.told, each.failure) for each in incidents.recent(home)] == [(NOW + HOUR, ""), (NOW, "")]


def test_an_id_that_is_none_is_told(home):
    incidents.keep(home, [DRIFT], looked_at=incidents.KINDS, now=NOW)
    with pytest.raises(UnknownItemError):
        incidents.mark(home, [replace(incidents.untold(home)[0], id="i-1")], now=NOW)


@settings(max_examples=15)  # each makes a home of its own
@given(looks=st.lists(st.sets(st.sampled_from("abc")), max_size=8))
def test_open_incidents_are_what_the_last_look_found(looks, tmp_path_factory):
    home = Settings.of(tmp_path_factory.mktemp("home"))
    opened = 0
    for hours, causes in enumerate(looks):
        found = [Finding("drift", cause, "", "monitor") for cause in sorted(causes)]
        opened += len(incidents.keep(home, found, looked_at=["drift"], now=NOW + hours * HOUR))
    kept = incidents.recent(home)
    assert {each.finding.cause for each in kept if each.open} == (looks[-1] if looks else set())
    assert len(kept) == opened
