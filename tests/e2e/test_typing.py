"""Letters that are keys of Review, typed where something is open or into any field of any page, judge nobody."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NeverError

from app.devtools.test_server import bundled_home, dashboard
from core.home import Home
from core.settings import ROOT
from tests.e2e.desk import case_of, on_desk, rows
from tests.e2e.desk import press as judge
from tests.e2e.gestures import idle, popover
from tests.e2e.homes import queued

expect.set_options(timeout=60_000)
PAGES = tuple(sorted({path.stem for path in (ROOT / "pages").glob("*.py")} - {"review"}))
WHERE = {
    "overview": "/?as=Ada", "score_file": "/score-file?run=r-0001&as=Ada",
    "score_user": "/score-user?run=r-0001&row=1&as=Ada",
}  # fmt: skip
#: Every key of Review is in it; a space presses the button that has the focus.
TEXT = "fake account, seen before, sold zinc links"
DELAYS = (0, 30)
#: The buttons of Explore that open one.
DIALOGS = re.compile(r"^Show (them|it)$")
FIELDS = "input[type=text], input[type=number], input[type=search], textarea, [role=combobox]"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which a file was scored and sent to review."""
    found = bundled_home(tmp_path_factory.mktemp("typing"))
    queued(found, 2_000)
    return found


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with dashboard(home) as address:
        yield address


def judged(home: Home) -> tuple[int, int]:
    """How many verdicts were given, and how many decisions the platform was told."""
    given = len(rows(home, "Ada")) if (home.settings.feedback / "feedback.csv").exists() else 0
    return given, len(home.outbox.since(0))


def typed(page: Page, delay: int = 0) -> None:
    page.keyboard.type(TEXT, delay=delay)
    idle(page)


@pytest.mark.parametrize("delay", [DELAYS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in DELAYS[1:])])
def test_what_is_typed_after_n_judges_nobody_and_after_a_tab_is_in_the_note(tab: Page, home: Home, delay: int) -> None:
    tab.goto("/review?as=Ada")
    on_desk(tab)
    case, before = case_of(tab), judged(home)

    tab.keyboard.press("n")
    typed(tab, delay)
    field = tab.get_by_role("dialog").get_by_label("Notes")
    expect(field).to_be_visible()
    typed(tab, delay)
    tab.keyboard.press("Tab")
    typed(tab, delay)

    expect(field).to_have_value(TEXT)
    assert (judged(home), case_of(tab)) == (before, case)

    tab.keyboard.press("Control+Enter")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    on_desk(tab)
    judge(tab, "u")
    given = rows(home, "Ada").iloc[-1]
    assert given[["case", "verdict", "notes"]].tolist() == [case, "unsure", TEXT]


@pytest.mark.slow
def test_esc_leaves_the_note(tab: Page, home: Home) -> None:
    tab.goto("/review?as=Ada")
    on_desk(tab)
    case, before = case_of(tab), judged(home)
    tab.keyboard.press("n")
    expect(tab.get_by_role("dialog").get_by_label("Notes")).to_be_visible()
    idle(tab)
    tab.keyboard.press("Tab")
    typed(tab)

    tab.keyboard.press("Escape")

    expect(tab.get_by_role("dialog")).to_have_count(0)
    on_desk(tab)
    expect(tab.get_by_label("Notes")).to_have_value("")
    assert (judged(home), case_of(tab)) == (before, case)


@pytest.mark.slow  # where browsers share two cores, a popover opens too late for the letters meant for it
def test_what_is_typed_anywhere_on_review_judges_nobody(tab: Page, home: Home) -> None:
    tab.goto("/review?as=Ada")
    on_desk(tab)
    case, before = case_of(tab), judged(home)

    everywhere(tab, DELAYS)
    assert (judged(home), case_of(tab)) == (before, case)

    into_fields(tab.get_by_test_id("stSidebar"))
    assert judged(home) == before


@pytest.mark.slow
def test_what_is_typed_anywhere_on_other_pages_judges_nobody(tab: Page, home: Home) -> None:
    before = judged(home)
    for name in PAGES:
        tab.goto(WHERE.get(name, f"/{name.replace('_', '-')}?as=Ada"))
        tab.get_by_role("heading", level=1).first.wait_for()
        idle(tab)
        everywhere(tab, DELAYS[:1])
        into_fields(tab.get_by_test_id("stSidebar"))
    assert judged(home) == before


def everywhere(page: Page, delays: Sequence[int]) -> None:
    for button in page.get_by_test_id("stPopoverButton").all():
        if button.is_enabled():
            behind(page, button, delays)
    for button in page.get_by_role("button", name=DIALOGS).all():
        button.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        typed(page)
        into_fields(page.get_by_role("dialog"))
        expect(page.get_by_role("dialog")).to_have_count(0)
    into_fields(page.get_by_test_id("stMain"))


def behind(page: Page, button: Locator, delays: Sequence[int]) -> None:
    """Type at the button of a popover, which has the focus when it opens, and into every field of what it opens."""
    for delay in delays:
        press(page, button)
        typed(page, delay)
        page.keyboard.press("Escape")
        expect(popover(page)).to_have_count(0)
    opened(page, button)
    into_fields(popover(page))


def opened(page: Page, button: Locator) -> None:
    """Open a popover that was closed a moment ago: on a busy machine the server may just hear of that and close it."""
    for _ in range(3):
        press(page, button)
        with contextlib.suppress(NeverError):
            popover(page).wait_for(timeout=10_000)
            idle(page)
            if popover(page).is_visible():
                return
    raise AssertionError(f"{button.inner_text()} does not open")


def press(page: Page, button: Locator) -> None:
    """By key: what was said may lie over it for a while."""
    idle(page)
    button.focus()
    page.keyboard.press("Enter")


def into_fields(place: Locator) -> None:
    for field in place.locator(FIELDS).all():
        if field.is_visible() and field.is_editable():
            field.focus()
            typed(place.page)
    place.page.keyboard.press("Escape")
