"""Audit: who did what, newest first, and that a change of the log is found."""

from __future__ import annotations

from datetime import date

import pytest

from app.words import plain
from core.home import Home
from tests import make, screen
from tests.core.review import reviewing
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


def test_lines_are_found_by_who_did_what_and_when(visit: Visit, noted: Home) -> None:
    at = visit(noted, "audit")

    assert at.multiselect(key="audit_by").set_value(["Ada"]).run().dataframe[0].value["what"].tolist() == ["queue run"]
    assert at.multiselect(key="audit_action").set_value(["reopen"]).run().dataframe[0].value.empty
    at.multiselect(key="audit_by").set_value([]).run()
    assert at.dataframe[0].value["who"].tolist() == ["<b>Bob</b>"]
    assert at.date_input(key="audit_since").set_value(date(2030, 1, 1)).run().dataframe[0].value.empty
    assert not at.exception


def test_every_line_can_be_paged_to(visit: Visit, own: Home) -> None:
    for number in range(25):
        own.audit.note(who="Ada", what="queue run", about=f"r-{number:04d}", why="", now=make.NOW)
    at = visit(own, "audit")
    assert at.dataframe[0].value["about"].tolist() == [f"r-{number:04d}" for number in range(24, 4, -1)]

    at.query_params["page"] = "2"
    at.run()

    assert at.dataframe[0].value["about"].tolist() == [f"r-{number:04d}" for number in range(4, -1, -1)]


def test_a_line_that_is_chosen_is_shown_whole(visit: Visit, noted: Home) -> None:
    at = visit(noted, "audit")
    at.session_state["audit-1"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()

    assert not at.exception
    assert plain("The user has written: **please**") in screen.sentences(at)


def test_lines_that_were_found_are_paged_through(visit: Visit, own: Home) -> None:
    for number in range(25):
        own.audit.note(who="Ada", what="queue run", about=f"r-{number:04d}", why="", now=make.NOW)
    at = visit(own, "audit", find_in_log="queue")
    at.selectbox(key="size-audit").set_value(50).run()
    assert not at.exception
    assert len(at.dataframe[0].value) == 25


def test_verdicts_are_listed_and_narrowed_down(visit: Visit, own: Home) -> None:
    at = visit(own, "audit", audit_panel="Verdicts")
    assert "Nobody was judged yet" in screen.sentences(at)

    reviewing.planned(own, make.users(60, seed=3).drop(columns="spam"), capacity=5)
    for case, by in zip(reviewing.waiting(own)[:3], ("Ada", "<b>Bob</b>", "Ada"), strict=True):
        reviewing.judge(own, case, "spammer", by=by, notes="*seen*")
    at = visit(own, "audit", audit_panel="Verdicts")
    assert not at.exception
    assert at.dataframe[0].value["reviewer"].tolist() == ["Ada", "<b>Bob</b>", "Ada"]
    at.multiselect(key="verdicts-by").set_value(["<b>Bob</b>"]).run()
    assert at.dataframe[0].value["reviewer"].tolist() == ["<b>Bob</b>"]
    assert at.query_params["by"] == '["<b>Bob</b>"]'
    at.text_input(key="text-verdicts").set_value("nothing says this").run()
    assert not at.dataframe
    assert not at.exception
