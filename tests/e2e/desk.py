"""A reviewer at work: the case on the desk, the keys, and what they have left in the feedback file."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pandas as pd
from playwright.sync_api import Browser, Page, expect

from core.home import Home
from tests.e2e.gestures import idle

WORD: Final = {"s": "spammer", "l": "legitimate", "u": "unsure"}
#: React learns of a button's key only once what it has drawn was painted, and a case counts as seen a moment after it
#: was drawn; no person is that fast.
AT_REST: Final = "new Promise(done => requestAnimationFrame(() => requestIdleCallback(() => setTimeout(done, 200))))"


def case_of(page: Page) -> str:
    """The case in the address; asked of the page itself, as the address changes without a navigation."""
    return str(page.evaluate("new URL(location.href).searchParams.get('case') ?? ''"))


def user_of(page: Page) -> str:
    """The user as the page names them."""
    told = page.get_by_text(re.compile(r"^user \S+ ·")).inner_text()
    return told.split()[1]


def on_desk(page: Page, *, but: str = "") -> str:
    """Wait for a case other than `but`; its user."""
    page.wait_for_function(
        "but => ![null, but].includes(new URL(location.href).searchParams.get('case'))", arg=but, polling=20
    )
    idle(page)
    # Drawn last; its place is there before it, while the browser loads what draws buttons.
    page.locator(f".st-key-verdict-unsure-{case_of(page)}").get_by_role("button").wait_for()
    page.evaluate(AT_REST)
    return user_of(page)


def taken_up(page: Page, home: Home, case: str, before: str | None) -> None:
    """Wait until another session than `before` holds the case: what the page shows may be of the one it has lost."""
    until = time.monotonic() + 60
    while home.cases.find(case).claimed_session == before:
        assert time.monotonic() < until, f"no other session has taken up {case}"
        page.wait_for_timeout(100)
    on_desk(page)


def press(page: Page, key: str) -> None:
    """Press a key that leads to another case."""
    before = case_of(page)
    page.keyboard.press(key)
    on_desk(page, but=before)


def note(page: Page, text: str) -> None:
    """Write a note without the mouse."""
    page.keyboard.press("n")
    field = page.get_by_role("dialog").get_by_label("Notes")
    expect(field).to_be_visible()
    idle(page)
    page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    on_desk(page)


@contextmanager
def desk_of(chromium: Browser, server: str, name: str) -> Iterator[Page]:
    """A browser of its own in which somebody reviews."""
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"/review?as={name}")
        on_desk(page)
        yield page


def rows(home: Home, reviewer: str) -> pd.DataFrame:
    """The lines of the feedback file that a reviewer has caused, as a spreadsheet reads them."""
    found = pd.read_csv(home.settings.feedback / "feedback.csv", dtype=str, keep_default_na=False)
    return found[found["reviewer"] == reviewer]


def standing(found: pd.DataFrame) -> pd.DataFrame:
    return found[(found["verdict"] != "withdrawn") & ~found["id"].isin(found["supersedes"])]


def lines(found: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(found[["user", "verdict", "notes"]].itertuples(index=False, name=None))
