"""The list of a run's users in a browser: it keeps its place, from wherever somebody comes back, and for others."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from core.home import Home
from tests.e2e.gestures import beside, cells, idle, select_row, table
from tests.e2e.homes import queued


@pytest.mark.slow
def test_a_list_is_as_it_was_after_users_were_opened_and_shows_the_same_to_others(
    tab: Page, bundled: Home, chromium: Browser
) -> None:
    run = queued(bundled, 300)
    tab.goto(f"/score-file?run={run}&group=everyone")
    idle(tab)

    # A bar of the chart lists its users, in another order, on the second page.
    bar = tab.locator(".js-plotly-plot").first.bounding_box()
    assert bar is not None
    tab.mouse.click(bar["x"] + 44 + 0.01 * (bar["width"] - 54), bar["y"] + bar["height"] / 2)
    tab.wait_for_url(re.compile(r"score=0\.0\.\.0\.02"))
    idle(tab)
    tab.get_by_label("Order").click()
    tab.get_by_role("option", name="user_id, low to high").click()
    tab.wait_for_url(re.compile("sort=user"))
    idle(tab)
    ids = [int(each) for each in cells(tab, "user_id")]
    assert ids == sorted(ids)
    select_row(tab, 2)
    expect(tab.get_by_text("1 user selected")).to_be_visible()
    tab.get_by_test_id("stPagination").get_by_role("button", name=re.compile(r"\b2$")).click()
    tab.wait_for_url(re.compile("page=2"))
    idle(tab)
    select_row(tab, 0)
    expect(tab.get_by_text("2 users selected")).to_be_visible()
    seen = cells(tab, "user_id")

    # Three users, one on a page of its own, and back.
    beside(tab, 1)
    tab.get_by_role("button", name="Next", exact=True).click()
    expect(tab.get_by_text("23 of ")).to_be_visible()
    idle(tab)
    beside(tab, 4)
    expect(tab.get_by_text("25 of ")).to_be_visible()
    tab.get_by_role("button", name="Full page").click()
    expect(tab.get_by_role("heading", name=f"User {seen[4]}", exact=True)).to_be_visible()
    idle(tab)
    tab.go_back()
    expect(tab.get_by_text("25 of ")).to_be_visible()
    idle(tab)
    assert cells(tab, "user_id") == seen
    expect(tab.get_by_text("2 users selected")).to_be_visible()

    # The same for somebody else, but for what is selected.
    with chromium.new_context(viewport={"width": 1440, "height": 900}) as elsewhere:
        other = elsewhere.new_page()
        other.goto(str(tab.evaluate("location.href")))
        expect(other.get_by_text("25 of ")).to_be_visible()
        expect(table(other).locator("tbody tr").first).to_contain_text(seen[0], timeout=60_000)
        assert cells(other, "user_id") == seen
        assert other.get_by_text("users selected").count() == 0
