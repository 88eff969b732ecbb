"""Learning from feedback on the Train page, and the gate on the Registry page."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.queries import services
from app.words import plain
from core import jobs
from core.home import Home
from core.retraining.gate import Gate
from core.retraining.gate_checks import Check
from core.retraining.settings import Learning
from tests import make, screen
from tests.core.retraining import feeding
from tests.make import NOW
from tests.screen import Visit

PASSWORD = "long enough to be one"  # noqa: S105 - of accounts that live for one test
FOUND = Gate(
    "v0001", "v0001", "hold", "Nothing shows that it is worse, nor that it may take over unseen.",
    (
        Check("gain", 0.0123, 0.005, "passed", "It ranks better by 0.012 PR-AUC."),
        Check("flips", 0.2, 0.1, "open", "20 % of the users change band."),
        Check("segments", 0.001, 0.05, "failed", "It is worse where <b>links</b> is *3*."),
    ),
    "Learnt from 1,000 users.", 300, 40, (0.0123, 0.001, 0.02), NOW,
)  # fmt: skip


def button(at: AppTest, key: str) -> Any:
    return next(each for each in at.button if each.key == key)


@pytest.fixture
def started(_no_processes: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any], str]]:
    found: list[tuple[str, dict[str, Any], str]] = []

    def start(_home: Home, target: str, arguments: Any, *, title: str, identity: str, lane: str) -> None:
        assert lane == "long"
        found.append((target, dict(arguments), identity))

    monkeypatch.setattr(jobs.Jobs, "start", start)
    return found


def test_the_page_says_what_has_come_in_and_the_button_starts_the_job(
    visit: Visit, own: Home, started: list[tuple[str, dict[str, Any], str]]
) -> None:
    feeding.judged(own, make.users(30, seed=5))
    at = visit(own, "train", **{"as": "Ada"})
    assert not at.exception
    assert "30 of 1,000 new verdicts" in screen.sentences(at)

    at.radio(key="retrain_how").set_value("warm")
    button(at, "retrain-now").click().run()
    assert started == [
        ("retrain",
         {"thresholds": services.policy().thresholds, "how": "warm", "by": "Ada"}, "retrain-0001")
    ]  # fmt: skip


def test_without_a_name_nothing_starts(visit: Visit, own: Home, started: list[tuple[str, dict[str, Any], str]]) -> None:
    at = visit(own, "train")
    button(at, "retrain-now").click().run()
    assert "give 1 to 80 printable characters" in screen.errors(at)[0]

    at.text_input(key="retrain_name").set_value("Eve")
    button(at, "retrain-now").click().run()
    assert started[0][1]["by"] == "Eve"


def test_settings_are_saved_in_the_name_of_who_is_here(visit: Visit, own: Home) -> None:
    at = visit(own, "train", **{"as": "Ada"})
    at.number_input(key="learning_min_samples").set_value(250)
    at.number_input(key="learning_interval").set_value(30.0)
    at.segmented_control(key="learning_promotion").set_value("automatic")
    button(at, "learning-save").click().run()

    assert not at.exception
    assert own.learning.load() == Learning(250, 1800, 25, 0.05, "automatic", "Ada")
    assert own.audit.read().iloc[0]["who"] == "Ada"
    assert "0 of 250" in screen.sentences(at)
    assert "in the name of Ada" in screen.sentences(at)


def test_settings_that_cannot_be_read_are_told_and_can_be_replaced(visit: Visit, own: Home) -> None:
    own.settings.options_file.write_text("[learning]\nmin_samples = 0\n", encoding="utf-8")
    at = visit(own, "train", **{"as": "Ada"})

    assert not at.exception
    assert "min_samples" in screen.errors(at)[0]


def test_who_may_not_retrain_is_told_so(visit: Visit, own: Home) -> None:
    own.accounts.create("Ada", "admin", PASSWORD, now=NOW)
    own.accounts.create("Lea", "lead", PASSWORD, now=NOW)
    at = visit(own, "train")
    at.text_input[0].set_value("Lea")
    at.text_input[1].set_value(PASSWORD)
    at.button[0].click().run()

    assert not at.exception
    assert "may not retrain" in screen.sentences(at)
    assert "retrain-now" not in [each.key for each in at.button]


def test_how_the_last_one_ended_is_told(visit: Visit, own: Home) -> None:
    own.gate_reports.keep(FOUND)
    own.schedule.note_done("v0001", "0", now=NOW)
    assert "**v0001**, 1 Mar" in screen.sentences(visit(own, "train"))
    assert "a person has to decide" in screen.sentences(visit(own, "train"))

    own.schedule.note_failure("There was no room for *it*.", now=NOW)
    assert plain("There was no room for *it*.") in screen.errors(visit(own, "train"))[0]


def test_the_registry_shows_each_check_with_figure_and_threshold(visit: Visit, own: Home) -> None:
    assert "Gate" not in screen.sentences(visit(own, "registry"))
    own.gate_reports.keep(FOUND)
    at = visit(own, "registry")

    assert not at.exception
    table = next(frame.value for frame in at.dataframe if "Check" in frame.value)
    assert table["Verdict"].tolist() == ["✓ passed", "? open", "✗ failed"]
    assert table["Figure"].tolist() == [0.0123, 0.2, 0.001]
    assert table["Threshold"].tolist() == [0.005, 0.1, 0.05]
    assert "300 judges neither has learnt from" in screen.sentences(at)
    assert "A person has to decide" in screen.sentences(at)


def test_a_home_without_a_model_has_nothing_to_learn_on(visit: Visit, home: Home) -> None:
    assert "Learn from feedback" not in screen.sentences(visit(home, "train"))
