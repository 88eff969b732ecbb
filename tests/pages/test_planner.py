"""Planner: the cheapest thresholds for what a lead asks, what would do where that cannot be, the way to the draft."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.components.planner.inputs import PRECISION, RECALL, REVIEWS
from app.components.planner.result import plan_for
from app.components.shared.figure import tell
from core.data import intake
from core.home import Home
from core.policy import planner
from core.policy.thresholds.aims import Aims
from core.policy.thresholds.demand import Demand
from core.settings import ROOT
from tests import make, screen
from tests.screen import Visit


@pytest.fixture
def planning(visit: Visit, with_demo: Home) -> AppTest:
    return visit(with_demo, "planner", **{"as": "Lea"})


def chosen(at: AppTest) -> str:
    """The dataset that is planned on."""
    return str(at.selectbox(key="planned-on").value)


def rehearsed(home: Home, at: AppTest) -> planner.Rehearsal:
    dataset = home.datasets.find(chosen(at))
    return home.plan_rows.of(dataset, home.registry.load()).rehearsal


def table(at: AppTest) -> dict[str, str]:
    shown = next(each.value for each in at.table if "Figure" in each.value)
    return dict(zip(shown["Figure"], shown["This plan"], strict=True))


def test_the_plan_on_the_page_is_that_of_the_planner(planning: AppTest, with_demo: Home) -> None:
    assert not planning.exception
    assert not planning.error
    rows = len(with_demo.plan_rows.of(
        with_demo.datasets.find(chosen(planning)), with_demo.registry.load()
    ).rows.label)  # fmt: skip
    found = planner.plan(rehearsed(with_demo, planning), Demand(float(rows), 200.0))
    assert planning.header[0].value.startswith(f"Review above {found.review:.3g}: ")
    volume = found.expected["volume"].value
    assert volume is not None
    assert table(planning)["Cases people see a day"] in {f"{volume:.1f}", f"{volume:.0f}"}


def test_what_cannot_be_done_names_the_most_there_is_and_a_button_solves_it(planning: AppTest, with_demo: Home) -> None:
    at = planning.number_input(key="plan-reviews").set_value(1).run()
    at = at.slider(key="plan-recall").set_value(90).run()
    assert not at.exception
    assert "This cannot be done: 1 reviews a day catch" in screen.sentences(at)
    raised = next(each for each in at.button if each.label.startswith("Raise capacity to"))
    at = raised.click().run()
    assert "This cannot be done" not in screen.sentences(at)
    assert at.number_input(key="plan-reviews").value > 1
    caught = table(at)["Spammers caught"]
    assert float(caught.split("\u202f")[0]) >= 90


def test_another_share_of_spammers_is_counted_and_said(planning: AppTest) -> None:
    field = next(each for each in planning.number_input if each.label == "Spammers, %")
    at = field.set_value(1.0).run()
    assert not at.exception
    assert "Counted for 1.00" in screen.sentences(at)


def test_hours_become_reviews(planning: AppTest) -> None:
    planning.number_input(key="plan-hours").set_value(3.0)
    at = planning.number_input(key="plan-minutes-None").set_value(1.5).run()
    next(each for each in at.button if each.label == "Use 120 reviews a day").click().run()
    assert at.number_input(key="plan-reviews").value == 120


def test_a_plan_becomes_the_draft_and_decides_nothing_yet(planning: AppTest, with_demo: Home) -> None:
    rehearsal = rehearsed(with_demo, planning)
    at = planning.number_input(key="plan-reviews").set_value(20).run()
    at = at.number_input(key="plan-cost_removal").set_value(12.0).run()
    next(each for each in at.button if each.key == "plan-draft").click().run()

    draft = with_demo.policies.draft()
    assert draft is not None
    found = planner.plan(rehearsal, Demand(float(rehearsal.ranked.rows), 20.0, cost_removal=12.0))
    assert draft.policy.aims == Aims(reviews_a_day=20, cost_removal=12.0)
    assert (draft.policy.review, draft.policy.remove) == (found.review, max(0.9, np.nextafter(found.review, 1)))
    assert draft.by == "Lea"
    assert draft.promise is not None
    expected = {name: each for name, each in found.expected.items() if name != "precision"}
    assert {name: each for name, each in draft.promise.expected.items() if name != "precision"} == expected
    assert (draft.promise.review, draft.promise.remove) == (draft.policy.review, draft.policy.remove)
    assert with_demo.policies.in_force().version == "p0001"


def test_fields_are_filled_from_the_policy_in_force_and_the_queue_is_said_where_it_differs(
    visit: Visit, with_demo: Home
) -> None:
    aims = Aims(120, None, 30.0, 2.0, 4.0, 0.4, 0.9)
    with_demo.policies.save(replace(with_demo.policies.in_force(), aims=aims), by="Lea", now=make.NOW)
    at = visit(with_demo, "planner", **{"as": "Lea"})
    costs = [at.number_input(key=f"plan-{name}").value for name in ("cost_removal", "cost_review", "cost_miss")]
    assert (at.number_input(key=REVIEWS).value, costs) == (120, [30.0, 2.0, 4.0])
    assert (at.slider(key=RECALL).value, at.slider(key=PRECISION).value) == (40, 90)
    assert "The queue has" not in screen.sentences(at)
    queue = with_demo.guidance.load()
    with_demo.guidance.save(replace(queue, capacity=70), by="Lea", now=make.NOW)
    assert "The queue has 70 places a day at present" in screen.sentences(at.run())


def test_without_a_model_or_labels_the_page_says_what_it_needs(visit: Visit, home: Home, own: Home) -> None:
    assert not visit(home, "planner").exception
    at = visit(own, "planner")
    assert not at.exception


def test_a_click_on_the_frontier_plans_for_its_reviews(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"frontier-light": {"selection": {"points": [{"x": 218.4, "y": 1.0}]}}, REVIEWS: 200}
    monkeypatch.setattr("app.components.shared.figure.st.session_state", state)
    monkeypatch.setattr("app.components.planner.result.st.session_state", state)
    tell("frontier-light", plan_for)
    assert state[REVIEWS] == 219
    state["frontier-light"] = {"selection": {"points": []}}  # what was clicked is clicked again: nothing is picked
    tell("frontier-light", plan_for)
    assert state[REVIEWS] == 219


def test_the_address_names_a_dataset_only_once_one_is_chosen_and_leads_back(planning: AppTest, with_demo: Home) -> None:
    first = chosen(planning)
    assert "on" not in planning.query_params  # or Back would need one step more, and be taken forward again
    frame = make.users(900, seed=9)
    checked = intake.read("more.csv", make.csv(frame), make.SCHEMA)
    more = with_demo.datasets.put(checked, make.SCHEMA, now=make.NOW).id
    at = planning.run().selectbox(key="planned-on").set_value(more).run()
    assert at.query_params["on"] in (more, [more])
    del at.query_params["on"]
    assert chosen(at.run()) == first


def test_costs_that_were_set_are_there_again_when_the_page_is_opened_anew(planning: AppTest) -> None:
    at = planning.number_input(key="plan-cost_miss").set_value(4.0).run()
    at = at.switch_page(str(ROOT / "pages" / "audit.py")).run()
    assert not at.exception

    at = at.switch_page(str(ROOT / "pages" / "planner.py")).run()

    assert at.number_input(key="plan-cost_miss").value == 4.0
    assert at.number_input(key="plan-cost_review").value == 1.0
