"""One version looked at closer, as the Compare page shows it: worked out when asked for, then drawn at once."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.words import plain
from core import jobs
from core.home import Home
from core.settings import HOME_VARIABLE
from tests import make, screen

IDENTITY = "robustness-v0001-"


def page() -> None:
    from app.components.compare.diagnostics import deeper  # noqa: PLC0415
    from app.queries import services  # noqa: PLC0415 - AppTest runs the text of this function
    from tests import make  # noqa: PLC0415

    deeper("v0001", make.learnt_from(services.home()))


def opened(home: Home, monkeypatch: pytest.MonkeyPatch, tab: str = "Robustness") -> AppTest:
    monkeypatch.setenv(HOME_VARIABLE, str(home.settings.home))
    st.cache_data.clear()
    st.cache_resource.clear()
    at = AppTest.from_function(page, default_timeout=200)
    at.session_state["deeper"] = tab
    return at.run()


def nothing(*_told: object) -> None:
    """The report of a job that nobody waits for."""


@pytest.fixture(scope="module")
def looked_at(trained: Home) -> Home:
    """The trained home with what all three jobs leave."""
    dataset = make.learnt_from(trained).id
    trained.robustness.robustness_stored(
        nothing, version="v0001", dataset=dataset, thresholds=make.policy().thresholds, band="human_review"
    )
    trained.importance.importance_stored(nothing, version="v0001", dataset=dataset)
    trained.learning_curves.learning_curve_stored(nothing, dataset=dataset, shares=(0.01, 0.5, 1.0))
    yield trained
    for path in (trained.settings.compared / "deeper").iterdir():
        path.unlink()


def test_nothing_is_worked_out_before_somebody_asks(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for tab, button in (
        ("Robustness", "Disturb values"), ("Importance", "Permute features"),
        ("Learning curve", "Draw the learning curve"),
    ):  # fmt: skip
        at = opened(own, monkeypatch, tab)
        assert not at.exception
        assert [each.label for each in at.button] == [button]
    assert not own.settings.compared.exists()
    assert not own.settings.jobs.exists()


@pytest.mark.usefixtures("real_jobs")
def test_the_button_starts_the_job_and_its_result_is_drawn(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(own, monkeypatch)
    at.button[0].click().run()
    (job,) = own.jobs.listed(prefix=IDENTITY)
    assert screen.over(own, job.id).status == "done"
    at = opened(own, monkeypatch)
    assert not at.exception
    found = own.robustness.stored("v0001", make.learnt_from(own).id, above=0.7)
    assert found is not None
    assert plain(found.sentence) in screen.sentences(at)


def test_a_job_that_gave_no_result_says_why_and_can_be_asked_again(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make.learnt_from(own).id
    folder = own.settings.jobs / f"{IDENTITY}{dataset[:16]}"
    folder.mkdir(parents=True)
    told = jobs.Report(folder, jobs.Job(folder.name, "Disturb values"))
    told.tell("cancelled", message="Disturb values was cancelled. Nothing was changed.")
    at = opened(own, monkeypatch)
    assert "was cancelled" in screen.sentences(at)
    assert [each.label for each in at.button] == ["Disturb values"]


def test_each_tab_draws_its_finding_and_figures(looked_at: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make.learnt_from(looked_at).id
    robust = looked_at.robustness.stored("v0001", dataset, above=0.7)
    important = looked_at.importance.stored("v0001", dataset)
    learnt = looked_at.learning_curves.stored(dataset)
    assert robust is not None
    assert important is not None
    assert learnt is not None
    for tab, found, headings in (
        ("Robustness", robust, ("PR-AUC with spoilt values", "v0001 without one feature")),
        ("Importance", important, ("What v0001 needs",)),
        ("Learning curve", learnt, ("PR-AUC by users learnt from", "Step by step")),
    ):
        at = opened(looked_at, monkeypatch, tab)
        assert not at.exception
        said = screen.sentences(at)
        assert plain(found.sentence) in said
        assert all(heading in said for heading in headings)
        assert (":material/warning: No value of 3 of 4 features was missing" in said) == (tab == "Robustness")
    assert plain("Left out, for too few spammers: 1\u202f%.") in said
    assert at.table[0].value["Users"].tolist() == [each.n for each in learnt.points]


def test_another_figure_can_be_chosen(looked_at: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(looked_at, monkeypatch)
    at.segmented_control(key="deeper_measure").set_value("recall").run()
    assert not at.exception
    assert "Recall with spoilt values" in screen.sentences(at)


def test_names_from_files_are_no_markup(hostile: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make.learnt_from(hostile).id
    hostile.importance.importance_stored(nothing, version="v0001", dataset=dataset)
    at = opened(hostile, monkeypatch, "Importance")
    assert not at.exception
    for text in screen.markdown(at):
        assert not [raw for raw in ("<b>", "<i>", ":red[", "$x$") if raw in text], text
