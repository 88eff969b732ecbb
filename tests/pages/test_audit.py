"""Audit: who did what, newest first, and that a change of the log is found."""

from __future__ import annotations

import pytest

from core.home import Home
from tests import make, screen
from tests.screen import Visit


@pytest.fixture
def noted(own: Home) -> Home:
    for who, what, why in (("Ada", "queue run", ""), ("<b>Bob</b>", "reopen", "The user has written: **please**")):
        own.audit.note(who=who, what=what, about="r-0001", why=why, now=make.NOW)
    return own


def test_an_empty_log_says_what_will_stand_here(visit: Visit, own: Home) -> None:
    at = visit(own, "audit")

    assert not at.exception
    assert "Nothing on record yet" in screen.sentences(at)


def test_the_log_is_shown_newest_first_and_as_it_was_written(visit: Visit, noted: Home) -> None:
    at = visit(noted, "audit")

    assert not at.exception
    assert not at.error
    shown = at.dataframe[0].value
    assert shown["who"].tolist() == ["<b>Bob</b>", "Ada"]
    assert shown["why"].tolist() == ["The user has written: **please**", ""]
    assert "2 lines, chain unbroken" in screen.sentences(at)


def test_the_log_can_be_searched_literally(visit: Visit, noted: Home) -> None:
    at = visit(noted, "audit")

    assert at.text_input(key="find_in_log").set_value("QUEUE").run().dataframe[0].value["who"].tolist() == ["Ada"]
    assert len(at.text_input(key="find_in_log").set_value("**").run().dataframe[0].value) == 1
    assert at.text_input(key="find_in_log").set_value(".*").run().dataframe[0].value.empty


def test_a_changed_line_is_told(visit: Visit, noted: Home) -> None:
    file = noted.settings.audit
    file.write_text(file.read_text(encoding="utf-8").replace("Ada", "Eve"), encoding="utf-8")

    at = visit(noted, "audit")

    assert not at.exception
    assert "The log was changed" in screen.errors(at)[0]
    assert "chain unbroken" not in screen.sentences(at)
    assert len(at.dataframe[0].value) == 2
