"""Snoozing users in a browser: put away from Triage, told of by the empty queue, and brought back by one undo."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from core.home import Home
from core.review.cases import CaseFilters
from tests.e2e.gestures import idle, popover, select_row, titled
from tests.e2e.homes import queued

expect.set_options(timeout=60_000)


def waiting(home: Home) -> int:
    """Cases that would be reviewed now."""
    return home.cases.count(CaseFilters(), now=datetime.now(UTC))


def back(began: datetime) -> str:
    """When somebody is back who was snoozed for 7 days, as the page says it."""
    at = began + timedelta(days=7)
    return f"{at.day} {at:%b %Y, %H:%M}"


@pytest.mark.slow
def test_all_that_waits_is_snoozed_for_a_week_told_of_when_nothing_is_left_and_undone(tab: Page, bundled: Home) -> None:
    queued(bundled, 300)
    cases = waiting(bundled)
    assert cases > 1
    tab.goto("/review?as=Ada&review_panel=Triage")
    titled(tab, "Review")
    tab.get_by_test_id("stDataFrame").first.wait_for()
    idle(tab)

    # All of them, for the 7 days that are proposed, with a reason.
    select_row(tab, 0)
    tab.get_by_role("button", name=f"Select all {cases}").click()
    expect(tab.get_by_text(f"{cases} cases selected")).to_be_visible()
    idle(tab)
    tab.get_by_test_id("stBottom").get_by_role("button", name="Snooze").click()
    opened = popover(tab)
    expect(opened.get_by_role("radio", name="7 days")).to_be_checked()
    expect(opened.get_by_text(f"{cases} open cases are put away and come back then.")).to_be_visible()
    opened.get_by_label("Reason").fill("Asked their team")
    before = datetime.now(UTC)
    opened.get_by_role("button", name=f"Snooze {cases} users").click()
    expect(tab.get_by_text(f"{cases} users snoozed")).to_be_visible()
    after = datetime.now(UTC)
    idle(tab)
    assert waiting(bundled) == 0

    # The empty queue, also where one case is shown at a time, says when the next comes back.
    for panel in ("Triage", "One by one"):
        tab.get_by_test_id("stMain").get_by_text(panel, exact=True).first.click()
        idle(tab)
        expect(tab.get_by_text("Nobody waits for a review")).to_be_visible()
        expect(tab.get_by_role("button", name=f"Undo snoozing {cases} users")).to_be_visible()
        said = tab.get_by_text(f"{cases} cases are snoozed; the next comes back on").inner_text()
        assert any(f"{back(at)} UTC" in said for at in (before, after)), said

    # From there to who is away, with until when and why.
    tab.get_by_role("button", name="Show them").click()
    tab.wait_for_url(re.compile("snoozed=1"))
    idle(tab)
    expect(tab.get_by_text(f"{cases} cases match 1 filter")).to_be_visible()

    # One step back, and all of them wait again.
    tab.get_by_role("button", name=f"Undo snoozing {cases} users").click()
    expect(tab.get_by_text(f"{cases} users back from the snooze")).to_be_visible()
    idle(tab)
    assert waiting(bundled) == cases
    tab.goto("/review?as=Ada&review_panel=Triage")
    expect(tab.get_by_text(f"{cases} cases wait")).to_be_visible()
