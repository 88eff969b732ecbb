"""A lead's journey: make a rule, see what it would do, plan for the reviews there are, put both in force, see the next
file decided by it, roll back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.devtools.test_server import dashboard
from core.home import Home
from tests import make
from tests.e2e.desk import AT_REST
from tests.e2e.gestures import drop, idle, popover, select_row, titled

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
ROW = 32  # px


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    settings = Home.open(tmp_path_factory.mktemp("small"))
    make.trained_home(settings)
    return settings


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with dashboard(home) as address:
        yield address


def scored(page: Page, file: Path, seed: int) -> None:
    make.users(200, seed=seed).drop(columns="spam").to_csv(file, index=False)
    page.goto("/score-file?as=Lea")
    titled(page, "Score a file")
    drop(page, file)
    expect(page.get_by_text("200 scored, 0 rejected")).to_be_visible()
    idle(page)


def typed(grid: Locator, row: int, column: float, text: str) -> None:
    """Type into a cell of a grid, the column told as a share of its width."""
    box = grid.bounding_box()
    assert box
    at = {"x": column * box["width"], "y": (row + 1.5) * (ROW + 3)}
    grid.click(position=at)  # type: ignore[arg-type]
    grid.page.keyboard.press("Enter")
    field = grid.page.locator("#portal textarea")
    expect(field).to_be_focused()  # letters typed before that are lost
    field.fill(text)
    field.press("Enter")
    expect(field).to_have_count(0)


def rule(page: Page, name: str, threshold: str) -> None:
    """In the form: everybody above a score goes to review at least."""
    page.get_by_role("button", name="New rule").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill(name)
    idle(page)
    page.evaluate(AT_REST)  # the grid is drawn after the form
    typed(form.get_by_test_id("stDataFrame"), 0, 0.7, threshold)
    page.evaluate(AT_REST)
    idle(page)
    form.get_by_role("button", name="Save in the draft").click()
    expect(form).to_have_count(0)
    idle(page)


def plan(page: Page, home: Home) -> None:
    """Plan for 150 reviews a day, and save that beside the rule in the draft; the queue has its 200 so far."""
    page.goto("/planner?as=Lea")
    titled(page, "Planner")
    expect(page.get_by_text("What to expect")).to_be_visible()
    idle(page)
    reviews = page.get_by_label("Reviews a day")
    reviews.fill("150")
    reviews.press("Enter")
    idle(page)
    page.get_by_role("button", name="Save as draft").click()
    popover(page).get_by_role("button", name="Save in the draft").click()
    titled(page, "Policy")
    expect(page.get_by_text("Made for 150 reviews a day")).to_be_visible()
    idle(page)
    planned = home.policies.draft()
    assert planned is not None
    assert planned.promise is not None
    assert (planned.policy.aims.reviews_a_day, planned.policy.rules[0].state) == (150, "live")
    assert home.guidance.load().capacity == 200


@pytest.mark.slow
def test_a_lead_makes_a_rule_tries_it_plans_activates_it_and_rolls_back(tab: Page, home: Home, tmp_path: Path) -> None:
    scored(tab, tmp_path / "1.csv", 3)
    tab.goto("/policy?as=Lea")
    titled(tab, "Policy")
    idle(tab)

    rule(tab, "Above a tenth", "0.1")
    draft = home.policies.draft()
    assert draft is not None
    assert [(each.name, str(each.conditions[0]), each.state) for each in draft.policy.rules] == [
        ("Above a tenth", "score > 0.1", "shadow")
    ]
    expect(tab.get_by_text("nobody changes action")).to_be_visible()

    select_row(tab, 0)
    tab.get_by_role("button", name="Make live").click()
    tried = home.backtests.of_run(
        home.runs.find("r-0001"), home.policies.in_force(), _draft(home, tab), now=make.NOW
    )  # fmt: skip
    assert tried.stricter > 0
    expect(tab.get_by_text(f"{tried.stricter} users change action")).to_be_visible()

    plan(tab, home)
    tab.get_by_role("button", name="Activate", exact=True).click()
    popover(tab).get_by_label("Comment").fill("Look at more users")
    popover(tab).get_by_role("button", name="Activate the draft").click()
    expect(tab.get_by_text("p0002 is in force", exact=True)).to_be_visible()
    assert home.policies.in_force().rules[0].state == "live"
    assert home.guidance.load().capacity == 150

    scored(tab, tmp_path / "2.csv", 4)
    expect(tab.get_by_text("under p0002")).to_be_visible()
    decided = home.runs.scores(home.runs.recent(1)[0].id)
    assert set(decided["decided_by"]) == {"score", "rule:Above a tenth"}
    assert (decided["severity"][decided["probability"] > 0.1] >= 2).all()

    tab.goto("/policy?as=Lea")
    titled(tab, "Policy")
    expect(tab.get_by_text("Too early to say: the period ends")).to_be_visible()
    expect(tab.get_by_text("200 users came")).to_be_visible()
    tab.get_by_role("button", name="p0002 · live").click()
    popover(tab).get_by_role("button", name="Roll back to p0001").click()
    expect(tab.get_by_text("p0001 is in force again")).to_be_visible()
    assert home.policies.in_force().rules == ()
    expect(tab.get_by_text("Kept or not")).to_have_count(0)


def _draft(home: Home, page: Page):  # type: ignore[no-untyped-def]
    """The draft once its rule is live."""
    for _ in range(100):
        draft = home.policies.draft()
        if draft is not None and draft.policy.rules[0].state == "live":
            return draft.policy
        page.wait_for_timeout(100)
    raise AssertionError("the rule was not made live")
