"""A moderator's journey: open a message that was scored, see its words, strike and edit them, judge one in review."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from app.devtools.test_server import dashboard
from core.home import Home
from tests import make, make_messages
from tests.e2e.desk import AT_REST, on_desk, press
from tests.e2e.gestures import idle, titled
from tests.e2e.test_accessible import grave

HOSTILE: Final = "<img src=x onerror=alert(1)> **free** crypto :smile: $x$ write me on t e l e g r a m, a@b.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a home of messages, of which a file was scored and waits for review."""
    home = make_messages.home_of(Home.open(tmp_path_factory.mktemp("messages")))
    people = make_messages.messages(30, seed=3, prefix="n").drop(columns="removed")
    people["body"] = people["body"].fillna("hello") + " mail a@b.com"
    people.loc[2, "body"] = HOSTILE
    model, policy = home.registry.load(), home.policies.in_force()
    run = home.file_scoring.score_file("new.csv", make.csv(people), make_messages.SCHEMA, model, policy, now=make.NOW)
    home.plans.queue_run(run.run.id, by="Lea", now=make.NOW)
    with dashboard(home) as address:
        yield address


def score(page: Page) -> str:
    return page.locator("p").filter(has_text=re.compile(r"^score [>0-9.]+")).inner_text()


@pytest.mark.parametrize(
    "width", [pytest.param(1440, marks=pytest.mark.slow), pytest.param(390, marks=pytest.mark.slow)]
)
def test_words_are_seen_struck_and_edited(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto("/score-user?run=r-0001&row=3")
    titled(tab, "Score a user")
    expect(tab.get_by_role("textbox", name="body")).to_have_value(HOSTILE)
    assert tab.locator("[data-testid=stMain] img").count() == 0
    expect(tab.get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
    before = score(tab)
    pill = tab.get_by_role("button", name=re.compile("^1 "))
    pill.click()
    expect(tab.locator("[data-testid=stMain] del")).to_be_visible()
    idle(tab)
    assert score(tab) != before
    tab.get_by_role("button", name="Reset").click()
    expect(tab.get_by_text(before, exact=True)).to_be_visible()
    tab.get_by_role("textbox", name="body").fill("thanks for the quick answer")
    tab.get_by_role("textbox", name="body").press("Control+Enter")
    expect(tab.get_by_text(before, exact=True)).to_be_hidden()
    idle(tab)
    assert grave(tab) == []


@pytest.mark.slow
def test_masked_words_are_shown_by_a_key_and_the_case_is_judged_by_another(tab: Page) -> None:
    tab.goto("/review?as=Ada")
    titled(tab, "Review")
    on_desk(tab)
    expect(tab.get_by_text("███").first).to_be_visible()
    assert "a@b.com" not in tab.locator("[data-testid=stMain]").inner_text()
    tab.keyboard.press("m")
    expect(tab.get_by_role("button", name="Mask words")).to_be_visible()
    expect(tab.get_by_text("███")).to_have_count(0)
    idle(tab)
    tab.evaluate(AT_REST)
    assert grave(tab) == []
    press(tab, "s")
    expect(tab.get_by_text("1 of 200 today")).to_be_visible()
    expect(tab.get_by_role("button", name="Show masked words")).to_be_visible()
