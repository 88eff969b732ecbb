"""Pages of a home whose violations have categories: which wait, of which kind, and several judged at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.feedback.table import CATEGORY
from core.home import Home
from core.review.cases import CaseFilters
from core.store.tables import cases
from tests import make, make_messages
from tests.core.review.reviewing import waiting
from tests.pages.users_list import checked
from tests.screen import Visit, sentences


@pytest.fixture
def queued(kinds: Home, tmp_path: Path) -> Home:
    """Ten messages of both categories wait, each seen with its score."""
    home = make.copied(kinds, tmp_path)
    sent = make_messages.of_kinds(make_messages.messages(60, seed=4, prefix="n")).drop(columns="removed")
    model = home.registry.load()
    run = home.file_scoring.score_file(
        "new.csv", make.csv(sent), make_messages.KINDS, model, make.policy(), now=make.NOW
    ).run
    risky = home.runs.scores(run.id)["probability"].nlargest(10).index
    home.sending.send(run.id, [int(row) for row in risky], by="Lea", now=make.NOW)
    return home


def triage(visit: Visit, home: Home) -> AppTest:
    return visit(home, "review", **{"as": "Ada", "review_panel": "Triage"})


def test_the_queue_is_filtered_by_category(visit: Visit, queued: Home) -> None:
    at = triage(visit, queued)
    assert {*at.dataframe[0].value["Category"]} == {"crypto", "contact"}

    at.multiselect(key="queue_categories").set_value(["contact"]).run()

    shown = at.dataframe[0].value
    assert {*shown["Category"]} == {"contact"}
    assert len(shown) == queued.cases.count(CaseFilters(categories=("contact",)), now=make.NOW)


def test_several_messages_are_judged_as_one_category(visit: Visit, queued: Home) -> None:
    at = triage(visit, queued)
    chosen = at.dataframe[0].value["Case"].tolist()[:3]
    checked(at, [0, 1, 2])
    assert not any("spammer" in button.label for button in at.button)

    at.button(key="triage-spammer-crypto").click().run()

    assert not at.exception
    stored = queued.feedback.read()
    assert stored[CATEGORY].tolist() == ["crypto"] * 3
    assert {*stored["case"]} == {*chosen}


def test_a_home_without_categories_has_no_such_filter(visit: Visit, own: Home) -> None:
    at = triage(visit, own)
    assert "queue_categories" not in {each.key for each in at.multiselect}


def test_a_case_whose_text_was_erased_says_so_and_is_not_explained(visit: Visit, queued: Home) -> None:
    queued.settings.options_file.write_text("[messages]\nretention_days = 30\n")
    case = waiting(queued)[0]
    at = visit(queued, "review", **{"as": "Ada", "case": case.id})
    assert "State purpose" in sentences(at)
    due = queued.retention.due(now=make.NOW + timedelta(days=40))
    assert due
    queued.retention.erase(due, by="Lea", now=make.NOW + timedelta(days=40))

    at = visit(queued, "review", **{"as": "Ada", "case": case.id})

    assert not at.exception
    assert "was erased at its end" in at.info[0].value
    at.button(key=f"verdict-unsure-{case.id}").click().run()
    assert not at.exception
    assert queued.cases.find(case.id).judgement == "unsure"


def test_near_same_messages_are_judged_together_only_after_a_verdict_was_chosen(visit: Visit, queued: Home) -> None:
    first, *others = waiting(queued)
    said = "write me on telegram for free crypto and cheap followers 123"
    with queued.database.writing() as connection:
        for case in (first, *others[:2]):
            context = {**case.context, "body": said}
            connection.execute(update(cases).where(cases.c.number == case.number).values(context=context))
    at = visit(queued, "review", **{"as": "Ada", "case": first.id})
    assert "2 near&#45;same waiting" in sentences(at) or "2 near-same waiting" in sentences(at)
    record = f"near-record-{first.id}"
    assert at.button(key=record).disabled
    assert queued.feedback.read().empty

    at.button_group(key=f"near-said-{first.id}").set_value("crypto").run()
    at.button(key=record).click().run()

    assert not at.exception
    stored = queued.feedback.read()
    assert {*stored["case"]} == {case.id for case in others[:2]}
    assert stored[CATEGORY].tolist() == ["crypto"] * 2
    assert queued.cases.find(first.id).status == "open"
    queued.verdicts.undo([each.id for each in queued.verdicts.last_step("Ada", since=make.NOW)], by="Ada", now=make.NOW)
    assert queued.cases.find(others[0].id).status == "open"


def test_two_versions_are_compared_by_category(visit: Visit, kinds_twice: Home, tmp_path: Path) -> None:
    home = make.copied(kinds_twice, tmp_path)
    on = make_messages.stored(home, make_messages.of_kinds(make_messages.messages(400, seed=5))).id
    thresholds = {str(band): above for band, above in home.policies.in_force().thresholds.items()}
    home.comparer.compare_stored(lambda *_: None, a="v0001", b="v0002", on=on, thresholds=thresholds)  # type: ignore[arg-type]

    at = visit(home, "compare", a="v0001", b="v0002", on=on[:12])

    assert not at.exception
    assert "Macro&#45;F1 over 3 classes" in sentences(at) or "Macro-F1 over 3 classes" in sentences(at)
    table = next(each.value for each in at.dataframe if "Class" in each.value)
    assert table["Class"].tolist() == ["0", "crypto", "contact"]
    assert table["Recall, v0002"].str.contains("to").all()
