"""Review: who judges, what a case shows and hides, what is stored, and what the verdicts say of the model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components.review import case_view
from app.components.shared.send_to_review import FILLING
from app.queries import services
from app.web import rate_limit
from app.words import plain, probability, signed
from core.home import Home
from core.policy.decide import decide
from core.review import cases, guidance
from core.review.cases import Case, CaseFilters
from core.scoring.reasons import Reason
from core.scoring.runs import Run
from core.store import tables
from tests import make, screen
from tests.core.review import reviewing
from tests.core.review.reviewing import rows, waiting
from tests.pages.conftest import Note, unlabelled
from tests.pages.users_list import checked
from tests.screen import Scored, Visit

PASSWORD = "long enough to be one"  # noqa: S105 - of accounts that live for one test
PAGES = ("overview", "explore", "score_user", "score_file", "review", "registry", "audit")
HOSTILE = ["<b>x</b>", "[a](javascript:alert(1))", ":red[x]", "$x$", "~~x~~", "`x`", "**x**"]


@pytest.fixture(scope="module")
def ruled(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Run]:
    home = make.copied(trained, tmp_path_factory.mktemp("ruled"))
    reviewing.rules(home, capacity=5)
    return home, reviewing.planned(home, unlabelled())


@pytest.fixture
def run(ruled: tuple[Home, Run], own: Home) -> Run:
    """A run that waits for review: 5 highest risks, 2 unsure ones and about 20 drawn at random."""
    make.laid_over(ruled[0], own)
    return ruled[1]


@pytest.fixture
def desk(visit: Visit, own: Home, run: Run) -> AppTest:
    """The page with Ada's first case."""
    return visit(own, "review", **{"as": "Ada"})


def on_desk(at: AppTest, home: Home) -> Case:
    return home.cases.find(at.query_params["case"])


def press(at: AppTest, what: str) -> AppTest:
    """Click a button of the case that is shown."""
    return at.button(key=f"{what}-{at.query_params['case']}").click().run()


def judge(at: AppTest, judgement: str = "spammer") -> AppTest:
    return press(at, f"verdict-{judgement}")


def one(home: Home, *, blind: bool) -> Case:
    """An open case that is judged blind, or one that is not."""
    return next(case for case in waiting(home) if case.blind == blind)


def opened(visit: Visit, home: Home, case: Case, name: str = "Ada") -> AppTest:
    at = visit(home, "review", **{"as": name, "case": case.id})
    assert at.query_params["case"] == case.id
    return at


def labelled(at: AppTest, label: str) -> Any:
    return next(button for button in at.button if button.label.startswith(label))


def said(at: AppTest) -> str:
    """What was done, as it is told in passing."""
    return "\n".join(toast.value for toast in at.toast)


def signed_in(visit: Visit, home: Home, role: str, page: str = "review", name: str = "Rita") -> AppTest:
    """The page of somebody with an account of this role, in a home that a team shares."""
    home.accounts.create("Lea", "admin", PASSWORD, now=make.NOW)
    home.accounts.create(name, role, PASSWORD, now=make.NOW)  # type: ignore[arg-type]
    return sign_in(visit(home, page), name)


def sign_in(at: AppTest, name: str, password: str = PASSWORD) -> AppTest:
    at.text_input[0].set_value(name)
    at.text_input[1].set_value(password)
    return labelled(at, "Sign in").click().run()


def everything(at: AppTest) -> Iterator[str]:
    """Every word of the page, data of tables and figures included, in the order drawn; without what is drawn by lot."""
    for node in screen._nodes(at._tree):
        yield re.sub(r'deferred_file_id: ".*?"', "", str(node.proto))
    for frame in at.dataframe:
        yield frame.value.to_csv()


# The shift


@pytest.mark.parametrize(
    ("behind", "midnight"),
    [
        (-330, "2026-03-02T18:30"), (-840, "2026-03-02T10:00"), (0, "2026-03-03T00:00"),
        (300, "2026-03-02T05:00"), (720, "2026-03-02T12:00"),
    ],
    ids=["Kolkata", "Kiritimati", "Greenwich", "Lima", "west of all"],
)  # fmt: skip
def test_a_shift_begins_at_midnight_where_the_reviewer_is(
    visit: Visit, own: Home, run: Run, monkeypatch: pytest.MonkeyPatch, behind: int, midnight: str
) -> None:
    """A browser says how many minutes it is behind Greenwich, so that it is ahead where they are negative."""
    begin, minute = datetime.fromisoformat(midnight).replace(tzinfo=UTC), timedelta(minutes=1)
    first, second, third = waiting(own)[:3]
    for case, at in ((first, begin - minute), (second, begin + minute), (third, begin + 2 * minute)):
        reviewing.judge(own, case, now=at)
    monkeypatch.setattr(services, "now", lambda: datetime(2026, 3, 3, 3, 0, tzinfo=UTC))
    monkeypatch.setattr(type(st.context), "timezone_offset", property(lambda _: behind))

    assert "2 of 5 today" in screen.sentences(visit(own, "review", **{"as": "Ada"}))


# Who judges


def test_a_name_is_asked_for_once_and_kept_in_the_address(visit: Visit, own: Home, run: Run) -> None:
    at = visit(own, "review")
    assert "Who are you?" in screen.sentences(at)
    assert "case" not in at.query_params

    at.text_input[0].set_value("  Ada Lovelace ")
    labelled(at, "Continue").click().run()

    assert not at.exception
    assert at.query_params["as"] == "Ada Lovelace"
    assert on_desk(at, own).claimed_by == "Ada Lovelace"
    assert "Who are you?" not in screen.sentences(visit(own, "review", **{"as": "Ada Lovelace"}))


@pytest.mark.parametrize("name", ["", "   ", "a\x00b"])
def test_a_name_that_cannot_be_used_gets_a_sentence(visit: Visit, own: Home, run: Run, name: str) -> None:
    at = visit(own, "review")
    at.text_input[0].set_value(name)
    labelled(at, "Continue").click().run()

    assert "give 1 to 80 printable characters" in screen.errors(at)[0]
    assert not [case for case in waiting(own) if case.claimed_by]


def test_an_unusable_name_in_the_address_is_told_and_another_one_asked_for(visit: Visit, own: Home, run: Run) -> None:
    at = visit(own, "review", **{"as": "x" * 81})

    assert "give 1 to 80 printable characters" in screen.errors(at)[0]
    assert "Who are you?" in screen.sentences(at)

    at.text_input[0].set_value("Ada")
    labelled(at, "Continue").click().run()
    assert not at.error
    assert on_desk(at, own).claimed_by == "Ada"


def test_another_name_can_be_given(desk: AppTest) -> None:
    labelled(desk, "Change name").click().run()

    assert "Who are you?" in screen.sentences(desk)
    assert "as" not in desk.query_params


@pytest.mark.parametrize("page", PAGES)
def test_in_a_home_with_accounts_the_sign_in_stands_before_every_page(visit: Visit, own: Home, page: str) -> None:
    own.accounts.create("Lea", "admin", PASSWORD, now=make.NOW)

    at = visit(own, page, **{"as": "Lea"})

    assert not at.exception
    assert [title.value for title in at.title] == ["Sign in"]
    assert [field.label for field in at.text_input] == ["Name", "Password"]


def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(visit: Visit, own: Home, run: Run) -> None:
    own.accounts.create("Lea", "admin", PASSWORD, now=make.NOW)
    at = visit(own, "review")

    wrong = screen.errors(sign_in(at, "Lea", "not the password"))
    unknown = screen.errors(sign_in(at, "Nobody", PASSWORD))

    assert wrong == unknown
    assert len(wrong) == 1
    assert at.title[0].value == "Sign in"

    assert on_desk(sign_in(at, "Lea"), own).claimed_by == "Lea"


def test_whoever_tries_many_passwords_waits_and_the_right_one_does_not_count(
    visit: Visit, own: Home, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "SIGN_IN", rate_limit.Attempts())
    monkeypatch.setattr(rate_limit, "client", lambda _: "one")  # AppTest makes up another one at each look
    monkeypatch.setattr(rate_limit, "ATTEMPTS", 1)
    monkeypatch.setattr(rate_limit, "ATTEMPTS_RATE", 1e-6)
    own.accounts.create("Lea", "admin", PASSWORD, now=make.NOW)
    assert sign_in(visit(own, "review"), "Lea").title[0].value == "Review"
    at = visit(own, "review")
    assert "do not fit" in screen.errors(sign_in(at, "Lea", "not the password"))[0]
    assert "Too many passwords" in screen.errors(sign_in(at, "Lea"))[0]


def test_a_name_given_before_there_were_accounts_opens_none(desk: AppTest, own: Home) -> None:
    own.accounts.create("Ada", "admin", PASSWORD, now=make.NOW)

    desk.run()

    assert desk.title[0].value == "Sign in"
    assert sign_in(desk, "Ada").title[0].value == "Review"


def test_signing_out_leads_to_the_sign_in(visit: Visit, own: Home, run: Run) -> None:
    at = signed_in(visit, own, "reviewer")
    assert "Rita · reviewer" in screen.sentences(at)

    labelled(at, "Sign out").click().run()

    assert at.title[0].value == "Sign in"


def test_a_role_that_may_not_judge_is_told_so_and_holds_no_case(visit: Visit, own: Home, run: Run) -> None:
    at = signed_in(visit, own, "data scientist")

    assert not at.exception
    assert "Rita is data scientist here, a role that judges nobody" in screen.sentences(at)
    assert not [button for button in at.button if "verdict" in str(button.key)]
    assert own.cases.listing(CaseFilters(), now=make.NOW)["claimed_by"].isna().all()


def test_a_role_that_changes_while_the_page_is_open_counts_at_once(visit: Visit, own: Home, run: Run) -> None:
    at = judge(signed_in(visit, own, "reviewer"))
    assert len(rows(own)) == 1
    before = at.query_params["case"]
    own.accounts.change("Rita", role="analyst", now=make.NOW)

    judge(at)

    assert "a role that judges nobody" in screen.sentences(at)
    assert len(rows(own)) == 1
    assert own.cases.find(before).status == "open"


def test_an_account_that_is_removed_is_out_at_the_next_click(visit: Visit, own: Home, run: Run) -> None:
    at = signed_in(visit, own, "reviewer")
    own.accounts.remove("Rita")

    judge(at)

    assert not at.exception
    assert at.title[0].value == "Sign in"
    assert not (own.settings.feedback / "feedback.csv").exists()


@pytest.mark.parametrize(("role", "may"), [("reviewer", False), ("lead", True)])
def test_strata_and_reopening_and_guidance_are_for_leads(
    visit: Visit, own: Home, run: Run, role: str, may: bool
) -> None:
    at = signed_in(visit, own, role)

    assert ("queue_strata" in {field.key for field in at.multiselect}) == may
    assert ("reopen_asked" in {field.key for field in at.text_input}) == may

    panel(at, "Guidance")
    assert bool(at.number_input) == may
    assert ("Only a lead or an admin can change this." in screen.sentences(at)) != may


# The queue


def test_an_empty_queue_says_how_it_is_filled(visit: Visit, own: Home) -> None:
    at = visit(own, "review", **{"as": "Ada"})

    assert not at.exception
    assert "Nobody waits for a review" in screen.sentences(at)
    assert "*Fill today's places* above" in screen.sentences(at)
    assert "Nobody waits for a review" in screen.sentences(panel(at, "Triage"))


def test_while_places_are_filled_the_queue_says_so_and_how_far_it_is(visit: Visit, own: Home, note: Note) -> None:
    note("queue-r-0001", "running", done=1, of=4, title=FILLING)

    at = visit(own, "review", **{"as": "Ada"})

    assert not at.exception
    assert "The queue is being filled" in screen.sentences(at)
    assert "Nobody waits" not in screen.sentences(at)
    assert [button.key for button in at.button if str(button.key).startswith("cancel-")] == ["cancel-queue-r-0001"]


def test_filters_that_nothing_passes_say_so(desk: AppTest) -> None:
    desk.text_input(key="queue_text").set_value("nobody at all").run()
    judge(desk)  # the case on the desk stays until it is judged

    assert "No case that waits passes the filters" in screen.sentences(desk)
    assert "case" not in desk.query_params


def test_the_filters_choose_the_next_case(desk: AppTest, own: Home) -> None:
    wanted = waiting(own)[-1]
    desk.text_input(key="queue_text").set_value(wanted.user).run()

    judge(desk)

    assert on_desk(desk, own).id == wanted.id


def test_the_last_verdict_of_an_emptied_queue_can_be_undone(visit: Visit, own: Home, to_score: pd.DataFrame) -> None:
    reviewing.planned(own, to_score.head(3), capacity=0, audit=1.0, uncertain=0)
    at = visit(own, "review", **{"as": "Ada"})
    for _ in range(3):
        last = at.query_params["case"]
        judge(at)
    assert "Nobody waits for a review" in screen.sentences(at)

    labelled(at, "Undo last").click().run()

    assert at.query_params["case"] == last


def test_after_a_reload_the_shift_is_undone_step_by_step(visit: Visit, own: Home, desk: AppTest) -> None:
    judged = []
    for _ in range(3):
        judged.append(on_desk(desk, own).id)
        judge(desk)

    at = visit(own, "review", **{"as": "Ada"})
    for case in reversed(judged):
        at.button(key="undo").click().run()
        assert on_desk(at, own).id == case

    assert at.button(key="undo").disabled
    assert rows(own)["verdict"].tolist() == ["spammer"] * 3 + ["withdrawn"] * 3


# One case


def test_a_case_shows_the_user_the_context_and_the_values(visit: Visit, own: Home, run: Run) -> None:
    case = one(own, blind=False)
    at = opened(visit, own, case)

    shown = screen.sentences(at)
    assert f"#### {case.context['name']}" in shown
    assert f"user {case.user} · {case.context['country']} · 0 earlier verdicts" in shown
    assert f"score **{probability(case.score)}**" in shown
    values = next(frame.value for frame in at.dataframe if "Contribution" in frame.value).set_index("Feature")["Value"]
    missing = {name for name, value in case.features.items() if value is None}
    assert set(values.index) == set(case.features)
    assert set(values.index[values == "missing"]) == missing


def test_a_blind_case_looks_the_same_whatever_its_score_is(visit: Visit, own: Home, run: Run) -> None:
    """Nothing on the page depends on score, band or action: none of them can be read off it."""
    case = one(own, blind=True)
    looks = []
    for told in ({"score": 0.01, "band": "allow", "action": "allow"},
                 {"score": 0.987654, "band": "auto_remove", "action": "human_review"}):  # fmt: skip
        with own.database.writing() as connection:
            changed = tables.cases.update().where(tables.cases.c.number == case.number)
            connection.execute(changed.values(told))
        looks.append(list(everything(opened(visit, own, case))))

    assert looks[0] == looks[1]
    assert "score hidden until your verdict" in "".join(looks[0])


def test_a_blind_case_shows_no_reasons(visit: Visit, own: Home, run: Run) -> None:
    case = one(own, blind=True)
    at = opened(visit, own, case)

    shown = "".join(everything(at))
    pushes = [each for each in told_of(own, case) if abs(each.contribution) > 0.01]
    assert pushes
    for each in pushes:
        assert signed(each.contribution) not in shown
        assert str(each.contribution)[:8] not in shown
    assert "Contribution" not in shown
    assert "contribution," not in desk_figure(at)
    assert "contribution," in desk_figure(opened(visit, own, one(own, blind=False)))


def desk_figure(at: AppTest) -> str:
    return str(at.get("plotly_chart")[0].proto.spec)


def told_of(home: Home, case: Case) -> tuple[Reason, ...]:

    return case_view.reasons(case, home.registry.load(case.model))


def test_a_blind_case_tells_its_score_once_it_is_judged(visit: Visit, own: Home, run: Run) -> None:
    case = one(own, blind=True)

    at = judge(opened(visit, own, case), "legitimate")

    assert f"{case.user}: legitimate, saved. The score was {probability(case.score)}" in said(at)
    assert rows(own)["reasons"].tolist() == [""]
    assert rows(own)["blind"].tolist() == ["true"]


def test_the_stored_reasons_are_those_that_were_shown(visit: Visit, own: Home, run: Run) -> None:
    case = one(own, blind=False)
    at = opened(visit, own, case)
    table = next(frame.value for frame in at.dataframe if "Contribution" in frame.value)
    shown = table[table["Contribution"].str.startswith("+")]

    judge(at)

    stored = rows(own)["reasons"][0].split("   ")
    assert stored == [
        f"{row.Feature}={row.Value} ({row.Contribution})" for row in shown.itertuples(index=False)
    ]  # fmt: skip


# Verdicts


@pytest.mark.parametrize("judgement", ["spammer", "legitimate", "unsure"])
def test_a_verdict_is_stored_once_and_the_next_case_follows(desk: AppTest, own: Home, judgement: str) -> None:
    case = on_desk(desk, own)

    judge(desk, judgement)
    desk.run()

    stored = rows(own)
    assert len(stored) == 1
    assert stored.loc[0, ["user", "case", "verdict", "reviewer"]].tolist() == [case.user, case.id, judgement, "Ada"]
    assert own.cases.find(case.id).judged_by == "Ada"
    assert on_desk(desk, own).id != case.id
    assert on_desk(desk, own).claimed_by == "Ada"


def test_the_second_click_of_two_judges_nobody_else(desk: AppTest, own: Home) -> None:
    button = desk.button(key=f"verdict-spammer-{desk.query_params['case']}")
    button.click().run()

    button.click()
    desk.run()

    assert not desk.exception
    assert len(rows(own)) == 1


def test_a_case_that_somebody_else_judged_meanwhile_is_told_and_the_next_one_shown(desk: AppTest, own: Home) -> None:
    case = on_desk(desk, own)
    with own.database.writing() as connection:  # Ada's claim has ended
        connection.execute(tables.cases.update().values(cases.NOBODY))
    reviewing.judge(own, case, "legitimate", by="Bob")

    judge(desk)

    assert f"Case {case.id} is no longer yours&#58;" in screen.errors(desk)[0]
    assert rows(own)["reviewer"].tolist() == ["Bob"]
    assert on_desk(desk, own).id != case.id


def test_an_undo_opens_the_case_again_and_keeps_the_row(desk: AppTest, own: Home) -> None:
    case = on_desk(desk, own)
    assert desk.button(key="undo").disabled
    judge(desk)

    desk.button(key="undo").click().run()

    assert on_desk(desk, own).id == case.id
    assert own.cases.find(case.id).status == "open"
    stored = rows(own)
    assert stored["verdict"].tolist() == ["spammer", "withdrawn"]
    assert stored["supersedes"].tolist() == ["", stored["id"][0]]
    assert desk.button(key="undo").disabled

    judge(desk, "legitimate")
    assert rows(own)["verdict"].tolist() == ["spammer", "withdrawn", "legitimate"]


def test_what_was_skipped_comes_back_when_nothing_else_is_left(visit: Visit, own: Home, to_score: pd.DataFrame) -> None:
    reviewing.planned(own, to_score.head(3), capacity=0, audit=1.0, uncertain=0)
    at = visit(own, "review", **{"as": "Ada"})
    seen = []
    for _ in range(4):
        seen.append(at.query_params["case"])
        press(at, "skip")

    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]
    assert not (own.settings.feedback / "feedback.csv").exists()


def test_note_and_reason_are_stored_and_gone_with_the_case(desk: AppTest, own: Home) -> None:
    desk.text_area(key="notes").set_value("  Many links, <b>bold</b>\nand two lines ").run()
    desk.button_group(key="reason").set_value("content_seen").run()

    judge(desk, "spammer")

    stored = reviewing.fresh(own).frame()
    assert stored.loc[0, ["notes", "reason"]].tolist() == ["Many links, <b>bold</b>\nand two lines", "content_seen"]
    assert desk.text_area(key="notes").value == ""
    assert desk.button_group(key="reason").value is None


def test_a_reason_of_another_verdict_is_not_stored_and_that_is_told(desk: AppTest, own: Home) -> None:
    desk.button_group(key="reason").set_value("content_seen").run()

    judge(desk, "legitimate")

    assert rows(own).loc[0, ["verdict", "reason"]].tolist() == ["legitimate", ""]
    assert "The reason belongs to another verdict and was not kept" in said(desk)


def test_a_reload_takes_up_the_case_of_the_address(desk: AppTest, visit: Visit, own: Home) -> None:
    press(desk, "skip")
    case = desk.query_params["case"]

    again = visit(own, "review", **{"as": "Ada", "case": case})

    assert again.query_params["case"] == case
    judge(again)
    assert rows(own)["case"].tolist() == [case]


@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        ("closed", "is closed. Reopen it"),
        ("somebody else's", "is assigned to Bob"),
        ("unknown", "c-999999"),
        ("nonsense", "This workspace has no case"),
    ],
)
def test_a_case_in_the_address_that_cannot_be_had_is_told_and_the_next_one_shown(
    visit: Visit, own: Home, run: Run, which: str, sentence: str
) -> None:
    case = waiting(own)[3]
    if which == "closed":
        reviewing.judge(own, case, by="Bob")
    elif which == "somebody else's":
        opened(visit, own, case, "Bob")
    asked = {"unknown": "c-999999", "nonsense": "<b>c-1</b>"}.get(which, case.id)

    at = visit(own, "review", **{"as": "Ada", "case": asked})

    assert not at.exception
    assert sentence in screen.errors(at)[0]
    assert on_desk(at, own).id != asked
    assert on_desk(at, own).claimed_by == "Ada"


def test_two_reviewers_never_have_one_case(desk: AppTest, visit: Visit, own: Home) -> None:
    bob = visit(own, "review", **{"as": "Bob"})
    again = visit(own, "review", **{"as": "Ada"})

    assert len({at.query_params["case"] for at in (desk, bob, again)}) == 3


# Triage


def panel(at: AppTest, name: str) -> AppTest:
    return at.button_group(key="review_panel").set_value(name).run()


def test_triage_shows_the_count_judges_in_one_step_and_undoes_in_one(desk: AppTest, own: Home) -> None:
    press(desk, "skip")
    at = panel(desk, "Triage")
    listed = at.dataframe[0].value
    assert labelled(at, "Spammer").disabled

    checked(at, [0, 2, 3])
    chosen = listed["Case"].iloc[[0, 2, 3]].tolist()
    labelled(at, "3 cases: legitimate").click().run()

    assert not at.exception
    assert "3 verdicts saved&#58; legitimate" in said(at) or "3 verdicts saved: legitimate" in said(at)
    stored = rows(own)
    assert sorted(stored["case"]) == sorted(chosen)
    assert set(stored["verdict"]) == {"legitimate"}
    assert not set(at.dataframe[0].value["Case"]) & set(chosen)
    assert labelled(at, "Spammer").disabled

    labelled(at, "Undo last 3").click().run()

    assert not at.exception
    assert {case.id for case in waiting(own)} >= set(chosen)
    assert rows(own)["verdict"].tolist() == ["legitimate"] * 3 + ["withdrawn"] * 3


def test_cases_that_are_done_are_listed_with_their_verdict_and_who_gave_it(desk: AppTest, own: Home) -> None:
    case = on_desk(desk, own)
    judge(desk)
    at = panel(desk, "Triage")
    at.selectbox(key="sort-cases").set_value("-score").run()

    at = panel(at, "Done")

    assert not at.exception
    assert not at.error
    row = at.dataframe[0].value.iloc[0]
    assert (row["case"], row["user"], row["reviewer"], row["state"]) == (case.id, case.user, "Ada", "stands")
    assert "sort" not in at.query_params

    at.selectbox(key="sort-verdicts").set_value("user").run()
    at = panel(at, "Triage")

    assert not at.error
    assert "sort" not in at.query_params


def test_several_cases_are_assigned_in_one_step_and_given_back_in_one(desk: AppTest, own: Home) -> None:
    press(desk, "skip")
    at = panel(desk, "Triage")
    checked(at, [0, 2])
    chosen = at.dataframe[0].value["Case"].iloc[[0, 2]].tolist()

    at.selectbox(key="assign_to").set_value("Ada").run()
    labelled(at, "Assign 2 cases").click().run()

    assert not at.exception
    assert at.dataframe[0].value["Assigned to"].tolist().count("Ada") == 2
    assert [own.cases.find(case).assigned_to for case in chosen] == ["Ada", "Ada"]

    labelled(at, "Undo assigning 2 cases").click().run()

    assert [own.cases.find(case).assigned_to for case in chosen] == [None, None]
    assert "Undo assigning 2 cases" not in [button.label for button in at.button]


def test_chosen_cases_are_snoozed_in_one_step_shown_as_snoozed_and_brought_back(desk: AppTest, own: Home) -> None:
    press(desk, "skip")
    at = panel(desk, "Triage")
    checked(at, [0, 2])
    chosen = at.dataframe[0].value["Case"].iloc[[0, 2]].tolist()
    assert "2 users, not sent to review until" in screen.sentences(at)
    assert "2 open cases are put away and come back then." in screen.sentences(at)

    labelled(at, "Snooze 2 users").click().run()
    assert "say why in one line" in at.error[0].value
    assert not own.lists.entries()
    at.text_input(key="snooze-why-triage").set_value("Wait for papers")  # a browser sends both at once
    labelled(at, "Snooze 2 users").click().run()

    assert not set(chosen) & set(at.dataframe[0].value["Case"])
    entry = own.lists.entries("snooze")[0]
    assert (entry.reason, entry.by) == ("Wait for papers", "Ada")
    assert entry.expires is not None
    assert timedelta(days=6.9) < entry.expires - entry.at <= timedelta(days=7)  # the moment that was shown
    at.button_group(key="views-cases").set_value(1).run()
    assert at.dataframe[0].value["Case"].tolist() == chosen
    assert at.dataframe[0].value["Snoozed until"].notna().all()

    checked(at, [0])
    labelled(at, "End the snooze").click().run()
    assert at.dataframe[0].value["Case"].tolist() == chosen[1:]
    labelled(at, "Undo snoozing 2 users").click().run()
    assert not own.lists.entries()


def test_an_emptied_queue_says_what_is_snoozed_and_leads_there(visit: Visit, own: Home, run: Run) -> None:
    now = datetime.now(UTC)
    users = [case.user for case in waiting(own)]
    own.snoozing.snooze(users, until=now + timedelta(days=1), reason="Strike", by="Lea", now=now)
    at = visit(own, "review", **{"as": "Ada"})

    back = own.case_lists.put_away(now=now).sentence
    assert back.startswith(f"{len(users)} cases are snoozed; the next comes back on ")
    assert back in screen.sentences(at)
    labelled(at, "Show them").click().run()
    assert (at.query_params["review_panel"], at.query_params["snoozed"]) == ("Triage", "1")
    assert set(at.dataframe[0].value["User"]) <= set(users)


def test_triage_leaves_what_somebody_else_has_and_says_so(desk: AppTest, visit: Visit, own: Home) -> None:
    mine = desk.query_params["case"]
    at = panel(visit(own, "review", **{"as": "Bob"}), "Triage")
    listed = at.dataframe[0].value["Case"].tolist()
    free = next(i for i, case in enumerate(listed) if own.cases.find(case).claimed_by is None)

    checked(at, [listed.index(mine), free])
    labelled(at, "2 cases: spammer").click().run()

    assert f"1 not judged: Case {mine} is assigned to Ada" in said(at).replace("&#58;", ":")
    assert rows(own)["case"].tolist() == [listed[free]]


def test_triage_tells_no_score_of_a_blind_case(desk: AppTest, own: Home) -> None:
    at = panel(desk, "Triage")
    listed = at.selectbox(key="size-cases").set_value(100).run().dataframe[0].value
    blind = listed[listed["Blind"] == "blind"]

    assert len(blind) == sum(case.blind for case in waiting(own)) > 0
    assert blind["Score"].isna().all()
    assert not blind["Band"].map(len).any()
    assert listed.loc[listed["Blind"] == "", "Score"].notna().all()


# Figures


def test_before_a_run_is_sent_to_review_there_are_no_figures(visit: Visit, own: Home) -> None:
    at = visit(own, "review", **{"as": "Ada", "review_panel": "Figures"})

    assert "No run was sent to review yet" in screen.sentences(at)


def test_with_few_verdicts_the_page_says_too_few(desk: AppTest, own: Home) -> None:
    judge(desk)
    at = panel(desk, "Figures")

    assert not at.exception
    assert at.header[0].value.startswith("Too few verdicts to say what r-0001 misses")
    assert f"1 user judged, {len(waiting(own))} still to be judged." in screen.sentences(at)
    assert re.search(r"1 spammer found so far; .* side it is (less than )?[0-9.]+\.", screen.sentences(at))
    assert set(at.table[0].value["Weighted"]) <= {"too few to say", "–"}


def test_the_figures_say_which_runs_they_leave_out(desk: AppTest, own: Home) -> None:
    frame = make.users(60, seed=8)
    reviewing.scored(own, frame.assign(user=frame["user"] + "x"), own.runs.find("r-0001").policy)
    at = panel(desk, "Figures")

    assert not at.exception
    assert "still to be judged. Left out: 1 run without a plan, from which nobody was drawn yet" in screen.sentences(at)


@pytest.mark.slow
def test_with_everybody_judged_the_figures_are_those_of_the_truth(visit: Visit, own: Home) -> None:
    frame = make.users(600, seed=7).fillna({"ratio": 0.0})
    run = reviewing.planned(own, frame.drop(columns="spam"), capacity=600, audit=1.0, uncertain=0)
    truth = reviewing.truth_of(frame)
    reviewing.judge_all(own, truth)

    at = visit(own, "review", **{"as": "Ada", "review_panel": "Figures"})

    flagged = pd.Series(decide(run.policy, own.runs.scores(run.id)["probability"]).severity) >= 2
    spam = frame["spam"].astype(bool)
    assert spam.sum() > 30
    table = at.table[0].value.set_index("Figure")
    for figure, value in (
        ("Recall, over all users", (spam & flagged).sum() / spam.sum()),
        ("Precision, all flagged for review", (spam & flagged).sum() / flagged.sum()),
    ):
        assert table.loc[figure, "Weighted"] == f"{100 * value:.1f}\u202f%"
        assert table.loc[figure, "Naive"] == table.loc[figure, "Weighted"]
    assert f"the policy catches {table.loc['Recall, over all users', 'Weighted']}" in at.header[0].value
    assert "600 users judged, 0 still to be judged." in screen.sentences(at)
    assert not table["Unsure could make it"].any()
    assert table.loc["Recall, over all users", "Spammers"] == str(spam.sum())


def test_unsure_verdicts_are_counted_and_say_how_far_they_could_move_a_figure(visit: Visit, own: Home) -> None:
    frame = make.users(200, seed=7).fillna({"ratio": 0.0})
    reviewing.planned(own, frame.drop(columns="spam"), capacity=300, audit=1.0, uncertain=0)
    unsure = dict.fromkeys(frame["user"].iloc[::10], "unsure")
    reviewing.judge_all(own, reviewing.truth_of(frame) | unsure)

    at = visit(own, "review", **{"as": "Ada", "review_panel": "Figures"})

    table = at.table[0].value.set_index("Figure")
    recall = table.loc["Recall, over all users"]
    assert recall["Unsure"] == str(len(unsure))
    ends = [*recall["Unsure could make it"].split(" to "), recall["Naive"]]
    worst, best, naive = (float(end.removesuffix("\u202f%")) for end in ends)
    assert worst < naive < best


# Guidance


def test_guidance_is_saved_for_everybody(visit: Visit, own: Home) -> None:
    at = visit(own, "review", **{"as": "Lea", "review_panel": "Guidance"})
    at.number_input(key="capacity-0").set_value(77)
    at.text_area(key="guidelines-0").set_value("Look *twice*.")
    labelled(at, "Save").click().run()

    assert not at.exception
    assert not at.error
    saved = own.guidance.load()
    assert (saved.version, saved.capacity, saved.guidelines) == (1, 77, "Look *twice*.")
    assert saved.reasons == guidance.REASONS
    assert "Version 1, saved by Lea" in screen.sentences(at)


def test_a_change_of_guidance_is_undone_and_that_too_is_on_record(visit: Visit, own: Home) -> None:
    first = own.guidance.save(replace(own.guidance.load(), capacity=5), by="Max", now=make.NOW)
    own.guidance.save(replace(first, capacity=500, guidelines="Be quick."), by="Max", now=make.NOW)
    at = visit(own, "review", **{"as": "Lea", "review_panel": "Guidance"})

    at.button(key="undo-guidance-2").click().run()

    assert replace(own.guidance.load(), version=1) == first
    assert own.guidance.load().version == 3
    assert own.audit.read()[["who", "what", "about"]].iloc[0].tolist() == ["Lea", "change guidance", "guidance 3"]
    at.button(key="undo-guidance-3").click().run()
    assert (own.guidance.load().capacity, own.guidance.load().guidelines) == (500, "Be quick.")


def test_the_first_guidance_is_undone_to_what_a_new_home_has(visit: Visit, own: Home) -> None:
    own.guidance.save(replace(own.guidance.load(), capacity=5), by="Max", now=make.NOW)

    visit(own, "review", **{"as": "Lea", "review_panel": "Guidance"}).button(key="undo-guidance-1").click().run()

    assert replace(own.guidance.load(), version=0) == guidance.Guidance()


def test_guidance_that_somebody_changed_meanwhile_is_not_overwritten(visit: Visit, own: Home) -> None:
    at = visit(own, "review", **{"as": "Lea", "review_panel": "Guidance"})
    at.number_input(key="capacity-0").set_value(77)
    meanwhile = replace(own.guidance.load(), capacity=5)
    own.guidance.save(meanwhile, by="Max", now=make.NOW)

    labelled(at, "Save").click().run()

    assert "Max has changed the guidance meanwhile" in screen.errors(at)[0]
    assert (own.guidance.load().version, own.guidance.load().capacity) == (1, 5)
    assert at.number_input(key="capacity-0").value == 77  # what was typed is still there

    labelled(at, "Load it again").click().run()

    assert at.number_input(key="capacity-1").value == 5
    at.number_input(key="capacity-1").set_value(77)
    labelled(at, "Save").click().run()
    assert (own.guidance.load().version, own.guidance.load().capacity) == (2, 77)


def test_an_address_that_could_lead_anywhere_is_refused(visit: Visit, own: Home) -> None:
    at = visit(own, "review", **{"as": "Lea", "review_panel": "Guidance"})
    at.text_input(key="profile-0").set_value("javascript:alert({user_id})")
    labelled(at, "Save").click().run()

    assert "write it as https" in screen.errors(at)[0]
    assert own.guidance.load().version == 0


@pytest.mark.parametrize(("address", "link"), [
    ("", None),
    ("https://example.com/u/{user_id}", "[Open the profile](https://example.com/u/{})"),
    ("http://intranet:8080/{user_id}?tab=1", "[Open the profile](http://intranet:8080/{}?tab=1)"),
])  # fmt: skip
def test_the_profile_is_linked_where_the_lead_has_given_its_address(
    visit: Visit, own: Home, run: Run, address: str, link: str | None
) -> None:
    own.guidance.save(replace(own.guidance.load(), profile_url=address), by="Lea", now=make.NOW)
    case = waiting(own)[0]

    shown = screen.sentences(opened(visit, own, case))

    assert link.format(case.user) in shown if link else "Open the profile" not in shown


# Appeals


def reopen(at: AppTest, asked: str, note: str = "The user has written to us") -> AppTest:
    at.text_input(key="reopen_asked").set_value(asked)
    at.text_area(key="reopen_note").set_value(note)
    return labelled(at, "Reopen").click().run()


@pytest.mark.parametrize("by", ["case", "user"])
def test_a_reopened_case_is_for_somebody_else_than_who_decided(desk: AppTest, visit: Visit, own: Home, by: str) -> None:
    case = on_desk(desk, own)
    judge(desk)

    reopen(desk, case.id if by == "case" else case.user)

    assert not desk.error
    assert own.cases.find(case.id).reopened == "Ada: The user has written to us"
    again = visit(own, "review", **{"as": "Ada", "case": case.id})
    assert again.query_params["case"] != case.id
    other = opened(visit, own, case, "Bob")
    assert f"Reopened. {plain('Ada: The user has written to us')}" in screen.sentences(other)
    assert "1 earlier verdict" in screen.sentences(other)
    judge(other, "legitimate")
    assert rows(own)["stratum"].tolist()[-1] == "appeal"
    assert own.cases.find(case.id).judged_by == "Bob"


@pytest.mark.parametrize(("asked", "note", "sentence"), [
    ("c-999999", "why", "c-999999"),
    ("nobody", "why", "nobody"),
    ("", "why", ""),
    ("the case", "  ", "Say in a note why"),
    ("open", "why", "is open"),
])  # fmt: skip
def test_what_cannot_be_reopened_gets_a_sentence(
    desk: AppTest, own: Home, asked: str, note: str, sentence: str
) -> None:
    case = on_desk(desk, own)
    judge(desk)
    asked = {"the case": case.id, "open": desk.query_params["case"]}.get(asked, asked)

    reopen(desk, asked, note)

    assert not desk.exception
    assert sentence in screen.errors(desk)[0]
    assert own.cases.find(case.id).status == "closed"


# Sending to review


def test_a_scored_file_is_sent_to_review_by_its_plan(
    real_jobs: None, visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    run = scored(own, to_score)
    at = visit(own, "score_file", run=run.id)
    at.session_state[f"plan-open-{run.id}-False"] = True
    at.run()
    labelled(at, "Queue them").click().run()
    assert "give 1 to 80 printable characters" in screen.errors(at)[0]
    assert not own.runs.planned(run.id)

    at.text_input(key=f"name-plan-{run.id}").set_value("Ada").run()
    labelled(at, "Queue them").click().run()
    assert not at.exception
    assert screen.over(own, f"queue-{run.id}").status == "done"
    at.run()

    plan = own.runs.plan(run.id)
    assert plan is not None
    assert len(waiting(own)) == plan["chosen"].sum() > 0
    assert f"{plan['chosen'].sum()} users of this run are planned for review." in screen.sentences(at)


@pytest.mark.parametrize("panel_of", ["places", "guidance"])
def test_what_the_verdicts_will_tell_is_said_on_asking(panel_of: str, visit: Visit, own: Home) -> None:
    reviewing.scored(own, make.users(900, seed=1), own.policies.in_force())
    panels = {} if panel_of == "places" else {"review_panel": "Guidance"}
    at = visit(own, "review", **{"as": "Lea"} | panels)
    if panel_of == "places":
        at.session_state["over-places"] = True
        at.run()
    assert "the interval of recall is" not in screen.sentences(at)
    at.toggle(key="forecast-fill-today" if panel_of == "places" else "forecast-guidance").set_value(True).run()

    assert not at.exception
    ahead = own.forecasts.ahead()
    assert ahead is not None
    assert ahead.sentence in screen.sentences(at)


def test_without_a_scored_user_there_is_nothing_to_look_ahead_to(visit: Visit, own: Home) -> None:
    at = visit(own, "review", **{"as": "Lea", "review_panel": "Guidance"})
    at.toggle(key="forecast-guidance").set_value(True).run()

    assert "There is nothing to look ahead to" in screen.sentences(at)


def test_todays_places_are_filled_by_one_click_after_it_was_said_for_whom(
    real_jobs: None, visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(own, to_score)
    at = visit(own, "review", **{"as": "Ada"})
    outlook = own.plans.outlook(now=services.now())
    assert outlook.sentence not in screen.sentences(at)
    at.session_state["over-places"] = True
    assert outlook.sentence in screen.sentences(at.run())
    labelled(at, "Fill them").click().run()
    assert not at.exception
    job = screen.over(own, "fill-today")
    assert job.status == "done", job.message
    at.run()
    assert len(waiting(own)) > 0
    assert job.message in screen.sentences(at)
    assert not [each for each in at.button if each.label == "Fill them"]
    at.session_state[f"over-places-{job.asked:.0f}"] = True
    assert own.plans.outlook(now=services.now()).sentence in screen.sentences(at.run())


def test_users_who_pass_the_filters_are_sent_to_review(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    run = scored(own, to_score)
    at = visit(own, "score_file", run=run.id)
    at.text_input(key=f"text-{run.id}").set_value("country").run()
    at.text_input(key=f"text-{run.id}").set_value("u3-1").run()
    shown = at.dataframe[0].value["user"].tolist()
    assert 1 < len(shown) < 200
    checked(at, [*range(len(shown))])

    next(field for field in at.text_input if str(field.key).startswith("name-users")).set_value("Ada").run()
    labelled(at, f"Queue {len(shown)} users").click().run()

    assert not at.exception
    assert {case.user for case in waiting(own)} == set(shown)
    assert {case.stratum for case in waiting(own)} == {"certain"}
    assert f"{len(shown)} queued" in said(at)


def test_a_user_is_sent_to_review_from_the_page_of_the_user(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    run = scored(own, to_score)
    at = visit(own, "score_user", run=run.id, row="4")
    next(field for field in at.text_input if str(field.key).startswith("name-users")).set_value("Ada").run()

    labelled(at, "Queue 1 user").click().run()
    labelled(at, "Queue 1 user").click().run()

    assert [case.user for case in waiting(own)] == ["u3-3"]
    assert "0 queued, 1 wait already" in said(at)


# Text of others


def test_nothing_that_others_wrote_becomes_markup(visit: Visit, own: Home, to_score: pd.DataFrame) -> None:
    frame = to_score.head(14).copy()
    frame["user"] = [f"{HOSTILE[i % 7]}{i}" for i in range(14)]
    frame["name"] = [HOSTILE[i % 7] for i in range(14)]
    frame["country"] = HOSTILE[0]
    reviewing.planned(own, frame, capacity=0, audit=1.0, uncertain=0)
    note = ("".join(HOSTILE) * 100)[:4000]
    own.guidance.save(
        replace(own.guidance.load(), profile_url="https://example.com/{user_id}"), by=HOSTILE[2], now=make.NOW
    )
    pages = []
    for case in waiting(own)[:7]:
        at = opened(visit, own, case, "**Ada** :red[x]")
        at.text_area(key="notes").set_value(note).run()
        pages += [judge(at), reopen(at, case.id, note[:1000]), opened(visit, own, case, "$Bob$ <b>x</b>")]
    assert rows(own)["notes"].tolist() == [note] * 7
    for at in pages[-1:]:
        pages += [panel(at, name) for name in ("Triage", "Figures", "Guidance")]
    pages.append(visit(own, "audit"))

    for at in pages:
        assert not at.exception
        for text in screen.markdown(at):
            read = re.sub(r"\]\(https://[^()]*\)", "]", text)  # the target of a link is not read
            assert text == note or not [raw for raw in HOSTILE if raw in read], text
    assert any("&#60;b&#62;x" in text for at in pages for text in screen.markdown(at))


def test_text_that_spells_a_page_apart_is_shown_as_it_is(visit: Visit, own: Home, to_score: pd.DataFrame) -> None:
    frame = to_score.head(3).assign(name=["#" * 6 + " x", "- a\n- b", "\u202eevil"])
    reviewing.planned(own, frame, capacity=0, audit=1.0, uncertain=0)

    for case in waiting(own):
        at = opened(visit, own, case)
        heading = next(element.value for element in at.markdown if element.value.startswith("####"))
        assert not at.exception
        assert "\n" not in heading
        assert "\u202e" not in heading


def test_the_figure_of_a_case_says_what_it_shows(desk: AppTest) -> None:
    assert json.loads(desk_figure(desk))["data"]


def test_the_shift_says_how_much_of_the_day_is_done_and_when_more_than_that_is(
    visit: Visit, own: Home, run: Run
) -> None:
    reviewing.rules(own, capacity=1)
    at = visit(own, "review", **{"as": "Ada"})
    assert "0 of 1 today" in screen.sentences(at)

    judge(at)
    assert "1 of 1 today" in screen.sentences(at)

    judge(at)
    assert "2 today, 1 planned" in screen.sentences(at)


# The list of triage


def test_the_list_of_triage_is_searched_sorted_and_paged_and_the_choice_stays_over_pages(
    desk: AppTest, own: Home
) -> None:
    at = panel(desk, "Triage")
    everybody = len(waiting(own))
    assert everybody > 20, "else there is one page"
    first = at.dataframe[0].value["Case"].tolist()
    assert len(first) == 20
    checked(at, [0, 3])
    at.query_params["page"] = "2"
    at.run()
    second = at.dataframe[0].value["Case"].tolist()
    assert len(second) == everybody - 20
    checked(at, [1])
    assert "3 cases selected" in screen.sentences(at)

    at.selectbox(key="sort-cases").set_value("-score").run()
    assert at.query_params["sort"] == "-score"
    assert "page" not in at.query_params
    scores = at.dataframe[0].value["Score"].dropna()
    assert scores.is_monotonic_decreasing
    wanted = waiting(own)[7]
    at.text_input(key="text-cases").set_value(wanted.user).run()
    assert wanted.id in at.dataframe[0].value["Case"].tolist()
    assert "3 cases selected" in screen.sentences(at)

    labelled(at, "Clear all").click().run()
    labelled(at, f"Select all {everybody}").click().run()
    assert f"{everybody} cases selected" in screen.sentences(at)


def test_one_reason_and_note_is_kept_with_every_verdict_of_a_step(desk: AppTest, own: Home) -> None:
    press(desk, "skip")
    at = panel(desk, "Triage")
    chosen = at.dataframe[0].value["Case"].iloc[[0, 2]].tolist()
    checked(at, [0, 2])
    assert "One verdict for each of 2 cases" in screen.sentences(at)
    at.button_group(key="triage_reason").set_value("behaviour_pattern")
    at.text_area(key="triage_notes").set_value("the same wave").run()
    labelled(at, "2 cases: spammer").click().run()

    assert not at.exception
    stored = rows(own)
    assert sorted(stored["case"]) == sorted(chosen)
    assert stored["notes"].tolist() == ["the same wave"] * 2
    assert stored["reason"].tolist() == ["behaviour_pattern"] * 2
    checked(at, [0])
    assert at.text_area(key="triage_notes").value == "", "nothing is said of the next step"


def test_a_case_opens_beside_the_list_and_a_blind_one_stays_blind(desk: AppTest, own: Home) -> None:
    at = panel(desk, "Triage")
    listed = at.dataframe[0].value
    for blind, hidden in (("blind", True), ("", False)):
        row = listed.index[listed["Blind"] == blind][0]
        at.query_params["open"] = str(cases.number_of(listed["Case"][row]))
        at.run()
        assert not at.exception
        told = " ".join(screen.markdown(at))
        assert ("score hidden until your verdict" in told) == hidden
        assert ("score **" in told) != hidden
        assert (listed["Reasons, strongest first"][row] == "") == hidden
        assert listed["Values"][row]

    at.button(key="judge-case").click().run()
    assert not at.exception
    assert at.query_params["review_panel"] == "One by one"
    assert at.query_params["case"] == listed["Case"][row]
    assert "open" not in at.query_params


def test_an_address_of_triage_that_means_nothing_says_so_and_shows_all(visit: Visit, own: Home, run: Run) -> None:
    at = visit(own, "review", review_panel="Triage", sort="priority", **{"as": "Ada"})
    assert not at.exception
    assert "none of queue" in " ".join(each.value for each in at.error)
    assert len(at.dataframe[0].value) == 20
