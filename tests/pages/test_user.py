"""User: found by id from every page, with all that is known, and no more than a reviewer may know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.home import Home
from core.scoring.runs import Run
from core.settings import ROOT
from tests import make, screen
from tests.core.review import reviewing
from tests.core.review.reviewing import waiting
from tests.screen import Visit

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.fixture
def run(in_review: Run) -> Run:
    return in_review


@pytest.mark.parametrize("name", PAGES)
def test_every_page_finds_a_user_by_id(visit: Visit, own: Home, run: Run, name: str) -> None:
    user = waiting(own)[0].user
    at = visit(own, name)

    at.text_input(key="find_user").set_value(f" {user} ").run()

    assert not at.exception
    assert at.title[0].value == f"User {user}"
    assert at.query_params["id"] == user
    assert at.text_input(key="find_user").value == ""


def test_scores_verdicts_and_what_the_platform_was_told_stand_there(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if not each.blind)
    reviewing.judge(own, case, "spammer", by="Ada", reason="", notes="sold the account")

    at = visit(own, "user", id=case.user)

    table = at.dataframe[0].value
    assert table["Run"].tolist() == [run.id]
    assert table["Row"].tolist() == [case.row]
    assert float(table["Score"][0].strip("<>")) == pytest.approx(case.score, abs=0.001)
    verdicts, told = (each.value for each in at.table)
    assert verdicts[["By", "Verdict", "Case", "Notes"]].to_numpy().tolist() == [
        ["Ada", "spammer", case.id, "sold the account"]
    ]
    assert told[["Decision", "Fetched"]].to_numpy().tolist() == [["remove", "not yet"]]
    own.outbox.confirm(own.outbox.take("platform"), now=make.NOW)
    assert visit(own, "user", id=case.user).table[1].value["Fetched"].tolist() == ["yes"]


def test_a_reviewer_corrects_a_verdict_of_ones_own_and_nobody_elses(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if not each.blind)
    reviewing.judge(own, case, "spammer", verdict="v1", by="Ada", now=datetime.now(UTC))
    assert not [each for each in visit(own, "user", id=case.user, **{"as": "Bob"}).button if "Record" in each.label]

    at = visit(own, "user", id=case.user, **{"as": "Ada"})
    assert at.button(key="record-v1").disabled
    at.segmented_control(key="corrected-v1").set_value("legitimate").run()
    at.text_area(key="why-v1").set_value("mistyped").run()
    at.button(key="record-v1").click().run()

    assert not at.exception
    assert own.cases.find(case.id).judgement == "legitimate"
    assert own.outbox.of_user(case.user)["decision"].tolist() == ["remove", "keep"]
    verdicts = at.table[0].value
    assert verdicts[["Verdict", "Notes"]].to_numpy().tolist() == [["legitimate", "mistyped"]]


def test_a_row_of_the_scores_opens_the_user_in_that_run(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if not each.blind)
    at = visit(own, "user", id=case.user)

    at.session_state["sightings"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()

    assert at.title[0].value == "Score a user"
    assert (at.query_params["run"], at.query_params["row"]) == (run.id, str(case.row))


def test_while_a_blind_case_waits_its_score_is_hidden_and_shown_once_it_is_judged(
    visit: Visit, own: Home, run: Run
) -> None:
    case = next(each for each in waiting(own) if each.blind)
    at = visit(own, "user", id=case.user)
    assert at.dataframe[0].value[["Score", "Band"]].to_numpy().tolist() == [["–", "–"]]
    assert "Scores are hidden" in screen.sentences(at)
    assert "drawn" not in screen.sentences(at).lower()

    reviewing.judge(own, case, "legitimate")

    at.run()
    assert "–" not in at.dataframe[0].value["Score"].tolist()
    assert own.cases.find(case.id).status == "closed"


def test_nobody_of_that_name_is_said_with_where_it_was_looked_for(visit: Visit, own: Home, run: Run) -> None:
    at = visit(own, "user", id="<b>nobody</b>")

    assert "is known here" in screen.sentences(at)
    assert "<b>" not in screen.sentences(at)
    assert not at.dataframe


def test_without_an_id_the_page_says_how_to_give_one(visit: Visit, own: Home) -> None:
    assert own.runs.recent() == ()
    assert "Find a user" in screen.sentences(visit(own, "user"))


def test_the_latest_score_is_explained_in_words_and_by_its_contributions(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if not each.blind)
    reviewing.judge(own, case, "spammer", by="Ada", notes="sold the account")
    features = own.registry.load().metadata.names

    at = visit(own, "user", id=case.user)

    assert not at.exception
    said = at.code[0].value
    assert said.startswith(f"User {case.user}: score ")
    assert any(f"{name} = " in said for name in features)
    assert "spammer by Ada" in said
    assert [chart.proto.id.split("-")[-2] for chart in at.get("plotly_chart")] == ["pushes"]


def test_while_a_blind_case_waits_nothing_explains_its_score(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if each.blind)

    at = visit(own, "user", id=case.user)

    assert not at.code
    assert not at.get("plotly_chart")


def test_a_user_goes_onto_a_list_with_a_reason(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if not each.blind)
    at = visit(own, "user", id=case.user, **{"as": "Ada"})

    at.text_input(key="list-reason").set_value("Sold the account").run()
    at.button(key="list-user").click().run()

    assert not at.exception
    entry = own.lists.entries()[0]
    assert (entry.list, entry.value, entry.reason, entry.by) == ("block", case.user, "Sold the account", "Ada")


def test_a_user_is_snoozed_and_says_so_without_the_reason_while_judged_blind(visit: Visit, own: Home, run: Run) -> None:
    for blind in (False, True):
        user = next(each for each in waiting(own) if each.blind == blind).user
        at = visit(own, "user", id=user, **{"as": "Ada"})
        at.text_input(key="snooze-why-user").set_value("A score of 0.2").run()
        at.button(key="snooze-do-user").click().run()

        told = screen.sentences(at)
        assert ("Snoozed until" in told, "A score of 0.2" in told) == (True, not blind)
        at.button(key="wake-user").click().run()
        assert "Snoozed until" not in screen.sentences(at)
        assert not own.lists.entries()


def test_a_user_whose_model_is_gone_still_has_a_page(visit: Visit, own: Home, run: Run) -> None:
    case = next(each for each in waiting(own) if not each.blind)
    (own.settings.models / run.model).rename(own.settings.models / "v0099")

    at = visit(own, "user", id=case.user)

    assert not at.exception
    assert not at.code
    assert at.dataframe[0].value["Run"].tolist() == [run.id]


def test_a_note_is_added_and_hidden_while_the_user_is_judged_blind(visit: Visit, own: Home, run: Run) -> None:
    seen, blind = (next(each for each in waiting(own) if each.blind == hidden) for hidden in (False, True))
    at = visit(own, "user", id=seen.user, **{"as": "Ada"})
    at.text_area[0].set_value("*sold* the account")
    next(button for button in at.button if button.label == "Add note").click().run()
    assert not at.exception
    assert [(note.text, note.by) for note in own.user_notes.of(seen.user)] == [("*sold* the account", "Ada")]
    assert any("sold" in text and "Ada, " in text and "*sold*" not in text for text in screen.markdown(at))

    own.user_notes.add(blind.user, "its score was 0.99", by="Ada", now=make.NOW)
    for page in (
        visit(own, "user", id=blind.user), visit(own, "review", case=blind.id, **{"as": "Ada"}),
        visit(own, "review", review_panel="Triage", open=str(blind.number), **{"as": "Ada"}),
    ):  # fmt: skip
        assert not page.exception
        assert not any("0.99" in text for text in screen.markdown(page))
    for page in (
        visit(own, "review", case=seen.id, **{"as": "Ada"}),
        visit(own, "review", review_panel="Triage", open=str(seen.number), **{"as": "Ada"}),
    ):  # fmt: skip
        assert any("Ada, " in text for text in screen.markdown(page))
