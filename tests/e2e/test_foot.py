"""The bar at the foot of lists and of the desk leaves a phone its screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.devtools.test_server import bundled_home, dashboard
from tests.e2e.gestures import idle, select_row
from tests.e2e.homes import queued

WIDTH, HEIGHT = 390, 844
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
RUN, DESK, TRIAGE = "/score-file?run=r-0001", "/review?as=Ada", "/review?as=Ada&review_panel=Triage"
#: Of the screen, at most.
SHARE = 1 / 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = bundled_home(tmp_path_factory.mktemp("foot"))
    queued(home, 300)
    with dashboard(home) as address:
        yield address


@pytest.fixture
def narrow(request: pytest.FixtureRequest, chromium: Browser, server: str) -> Iterator[Page]:
    """A page as wide as a phone, of a browser that says it is one, or not."""
    with chromium.new_context(
        base_url=server, viewport={"width": WIDTH, "height": HEIGHT}, user_agent=PHONE if request.param else None
    ) as context:
        context.set_default_timeout(60_000)
        yield context.new_page()


def low(page: Page) -> Locator:
    """The bar, which is low."""
    bar = page.get_by_test_id("stBottom")
    expect(bar).to_be_visible()
    idle(page)
    page.wait_for_timeout(500)
    box = bar.bounding_box()
    assert box is not None
    assert box["height"] <= HEIGHT * SHARE, box
    return bar


def seen(button: Locator) -> bool:
    """Whether a button is in sight from edge to edge."""
    box = button.bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= WIDTH


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [True, False], indirect=True, ids=["phone", "window"])
@pytest.mark.parametrize("address", [RUN, TRIAGE])
def test_the_bar_below_a_list_is_one_row_and_is_scrolled_to_its_end(narrow: Page, address: str) -> None:
    narrow.goto(address)
    narrow.get_by_test_id("stDataFrame").first.wait_for()
    idle(narrow)
    select_row(narrow, 0)
    expect(narrow.get_by_text("1 user selected" if address == RUN else "1 case selected")).to_be_visible()
    bar = low(narrow)

    last = bar.get_by_role("button").last
    last.scroll_into_view_if_needed()
    assert seen(last)

    bar.get_by_role("button", name="Clear").click()
    expect(narrow.get_by_text("1 user selected" if address == RUN else "1 case selected")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [True, False], indirect=True, ids=["phone", "window"])
def test_the_verdicts_are_one_row_all_in_sight_on_a_phone(narrow: Page, request: pytest.FixtureRequest) -> None:
    narrow.goto(DESK)
    bar = low(narrow)
    verdicts = [bar.get_by_role("button", name=word) for word in ("Spammer", "Legitimate", "Unsure")]
    for each in verdicts:
        each.wait_for()
    if request.node.callspec.id == "phone":
        assert all(seen(each) for each in verdicts)
    skip = bar.get_by_role("button", name="Skip")
    skip.scroll_into_view_if_needed()
    assert seen(skip)


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [True], indirect=True, ids=["phone"])
@pytest.mark.parametrize("address", [RUN, TRIAGE])
def test_on_a_phone_there_is_no_bar_of_buttons_that_do_nothing(narrow: Page, address: str) -> None:
    narrow.goto(address)
    narrow.get_by_test_id("stDataFrame").first.wait_for()
    idle(narrow)
    expect(narrow.get_by_text("check boxes to act on several")).to_be_visible()
    expect(narrow.get_by_test_id("stBottom")).to_have_count(0)
