"""Which keys count on Review: none while something is open over the case, none before anybody can have seen it."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.components.review import key_guard
from app.queries import services
from core.home import Home
from core.scoring.runs import Run
from core.settings import ROOT
from tests.core.review.reviewing import rows
from tests.screen import Visit

POPOVERS = ("help", "guidelines", "filters", "places", "reopen", "evidence")
EARLY = "That came before the case was on screen. Nothing was recorded."


class Clock:
    """Seconds, which pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(services, "clock", found)
    monkeypatch.setattr(key_guard, "GLANCE", 0.15)
    return found


@pytest.fixture
def desk(visit: Visit, own: Home, in_review: Run) -> AppTest:
    return visit(own, "review", **{"as": "Ada"})


def button(at: AppTest, what: str) -> Any:
    """A button of the case that is shown, or one of no case."""
    own = f"{what}-{at.query_params['case']}"
    return at.button(key=own if any(each.key == own for each in at.button) else what)


def press(at: AppTest, what: str = "verdict-spammer") -> AppTest:
    return button(at, what).click().run()


def said(at: AppTest) -> list[str]:
    return [toast.value for toast in at.toast]


def judged(home: Home) -> list[str]:
    return rows(home)["verdict"].tolist() if (home.settings.feedback / "feedback.csv").exists() else []


@pytest.mark.parametrize("what", ["verdict-spammer", "verdict-legitimate", "verdict-unsure", "skip", "note"])
def test_a_key_before_the_case_was_in_sight_for_a_moment_is_refused_and_said(
    clock: Clock, desk: AppTest, own: Home, what: str
) -> None:
    case = desk.query_params["case"]
    clock.now += 0.149

    press(desk, what)

    assert said(desk) == [EARLY]
    assert judged(own) == []
    assert desk.query_params["case"] == case
    assert not note(desk)

    clock.now += 0.151
    press(desk, what)

    assert (desk.query_params["case"] == case) == note(desk) == (what == "note")
    assert len(judged(own)) == what.startswith("verdict")


@pytest.mark.parametrize(("took", "kept"), [(12.34, 12.3), (1_800.0, 1_800.0), (1_800.1, None), (86_400.0, None)])
def test_how_long_a_verdict_took_is_kept_unless_somebody_was_away_for_half_an_hour(
    clock: Clock, desk: AppTest, own: Home, took: float, kept: float | None
) -> None:
    clock.now += took
    press(desk)

    (seconds,) = rows(own)["seconds"]
    assert (float(seconds) if seconds else None) == kept


def test_a_key_that_is_held_down_judges_nobody_further(clock: Clock, desk: AppTest, own: Home) -> None:
    clock.now += 1
    press(desk)
    case = desk.query_params["case"]

    for _ in range(6):
        clock.now += 0.1
        press(desk)

    assert judged(own) == ["spammer"]
    assert desk.query_params["case"] == case
    assert EARLY in said(desk)


def test_of_two_keys_for_one_case_the_second_is_refused_and_said(desk: AppTest, own: Home) -> None:
    button(desk, "verdict-legitimate").click()

    press(desk)

    assert EARLY in said(desk)
    assert len(said(desk)) == 2
    assert len(judged(own)) == 1


@pytest.mark.parametrize("popover", POPOVERS)
def test_no_key_counts_while_a_popover_is_open(desk: AppTest, own: Home, popover: str) -> None:
    press(desk)
    case = desk.query_params["case"]
    assert not desk.session_state[f"over-{popover}"]  # the page knows of it
    desk.session_state[f"over-{popover}"] = True

    for what in ("verdict-spammer", "verdict-legitimate", "verdict-unsure", "skip", "undo", "note"):
        press(desk, what)
        assert said(desk) == ["Something is open over the case, so that key did nothing. Close it first."]

    assert judged(own) == ["spammer"]
    assert desk.query_params["case"] == case
    assert not note(desk)

    desk.session_state[f"over-{popover}"] = False
    press(desk, "verdict-legitimate")
    assert judged(own) == ["spammer", "legitimate"]


def note(at: AppTest) -> bool:
    return "note_typed" in {field.key for field in at.text_area}


def test_buttons_have_keys_on_the_page_of_cases_alone() -> None:
    """What no other page has, nothing typed on it can press."""
    with_keys = {path for path in (ROOT / "app").rglob("*.py") if "shortcut=" in path.read_text(encoding="utf-8")}
    with_keys |= {path for path in (ROOT / "pages").rglob("*.py") if "shortcut=" in path.read_text(encoding="utf-8")}

    components = ROOT / "app" / "components"
    assert with_keys == {components / "review" / "verdict_bar.py", components / "shared" / "message_text.py"}


def test_no_key_counts_while_the_note_is_open_and_it_goes_with_the_verdict(desk: AppTest, own: Home) -> None:
    press(desk)
    case = desk.query_params["case"]
    press(desk, "note")

    for what in ("verdict-spammer", "verdict-unsure", "skip", "undo"):
        press(desk, what)
        assert said(desk) == ["The note is open, so that key did nothing. Press Tab to write."]
        assert note(desk)
    assert judged(own) == ["spammer"]
    assert desk.query_params["case"] == case

    desk.text_area(key="note_typed").set_value("seen before")
    next(each for each in desk.button if each.label == "Keep").click().run()
    assert not note(desk)
    press(desk, "verdict-legitimate")

    assert rows(own)["notes"].tolist() == ["", "seen before"]


def test_a_note_that_is_cancelled_leaves_what_was_noted_before(desk: AppTest) -> None:
    desk.text_area(key="notes").set_value("first").run()
    press(desk, "note")

    desk.text_area(key="note_typed").set_value("second")
    next(each for each in desk.button if each.label == "Cancel").click().run()

    assert not note(desk)
    assert desk.text_area(key="notes").value == "first"


@pytest.mark.parametrize("what", ["verdict-spammer", "skip"])
def test_a_key_that_arrives_together_with_the_one_for_the_note_does_nothing(
    desk: AppTest, own: Home, what: str
) -> None:
    case = desk.query_params["case"]
    button(desk, what).click()

    press(desk, "note")

    assert judged(own) == []
    assert desk.query_params["case"] == case
    assert note(desk)


def test_the_note_is_closed_where_no_case_is_shown(desk: AppTest, own: Home) -> None:
    press(desk)
    press(desk, "note")
    desk.button_group(key="review_panel").set_value("Triage").run()

    next(button for button in desk.button if button.label == "Undo last").click().run()

    assert judged(own) == ["spammer", "withdrawn"]
