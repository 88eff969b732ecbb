"""What hands and eyes do on any page: wait until it is drawn, drop a file, read a table, go by the menu."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect

HEADER, ROW = 35, 32  # px of most tables


def idle(page: Page) -> None:
    """Wait until the page has nothing more to draw; keys pressed before that are dropped."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)


def drop(page: Page, file: Path) -> None:
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)


def popover(page: Page) -> Locator:
    """What the button pressed last has opened."""
    return page.get_by_test_id("stPopoverBody")


def titled(page: Page, title: str) -> None:
    """Wait for the page of that title, drawn to the end."""
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    idle(page)


def by_menu(page: Page, title: str) -> None:
    """Go to a page in the session that is open, as a person does."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
    titled(page, title)


def table(page: Page) -> Locator:
    """The first table of the page as it is told to screen readers; what is seen is drawn."""
    return page.get_by_test_id("stDataFrame").first.locator("table[role=grid]")


def cells(page: Page, column: str) -> list[str]:
    """What the rows in sight of the first table say in a column."""
    heads, until = table(page).locator("[role=columnheader]"), time.monotonic() + 60
    while column not in (said := [head.strip() for head in heads.all_text_contents()]):  # it may be drawn anew
        assert time.monotonic() < until, f"no column {column} among {said}"
        page.wait_for_timeout(50)
    at = said.index(column) + 1
    return table(page).locator(f"tbody [aria-colindex='{at}']").all_text_contents()


def select_row(page: Page, row: int, *, table: int = 0) -> None:
    """Select a row of a table, both counted from 0."""
    page.get_by_test_id("stDataFrame").nth(table).click(position={"x": 14, "y": HEADER + ROW * row + ROW // 2})


def beside(page: Page, row: int) -> None:
    """Open the user of a row, counted from 0, beside the first list."""
    opened = page.get_by_role("button", name="Full page")
    for _ in range(3):  # a click on a table that is being drawn anew is lost
        page.get_by_test_id("stDataFrame").first.click(position={"x": 100, "y": HEADER + ROW * row + ROW // 2})
        page.wait_for_timeout(1_000)
        idle(page)
        if opened.is_visible():
            return
    expect(opened).to_be_visible()


def open_user(page: Page, row: int) -> None:
    """Open the page of the user of a row of the first list."""
    beside(page, row)
    page.get_by_role("button", name="Full page").click()


def run_in(page: Page) -> str:
    """The run in the address."""
    found: Final = re.search(r"run=(r-\d+)", page.url)
    assert found is not None, page.url
    return found[1]


def queue_run(page: Page, name: str = "") -> None:
    """Send the run that is open to review; `name` where nobody has given one yet."""
    page.get_by_role("button", name="Send to review").first.click()
    if name:
        popover(page).get_by_label("Your name").fill(name)
        popover(page).get_by_label("Your name").press("Enter")
    popover(page).get_by_role("button", name="Queue them").click()
    expect(page.get_by_text("users of this run are planned for review.")).to_be_visible()
    idle(page)
