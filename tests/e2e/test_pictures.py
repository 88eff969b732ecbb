"""Pictures in a browser: what their camera saves, whole, and where a click on a bar leads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.home import Home
from tests.e2e.gestures import idle, popover, titled
from tests.e2e.homes import queued

expect.set_options(timeout=60_000)
#: Texts of a drawing that stand over its edge, by a pixel and more.
OVER = """() => {
    const box = document.documentElement.getBoundingClientRect();
    return [...document.querySelectorAll('text')].filter(each => {
        const own = each.getBoundingClientRect();
        return own.width && (own.left < box.left - 1 || own.right > box.right + 1
            || own.top < box.top - 1 || own.bottom > box.bottom + 1);
    }).map(each => each.textContent);
}"""


def saved(page: Page, file: Path) -> Path:
    """Save the first picture of the page with its camera."""
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as download:
        page.locator(".modebar-btn").first.click()
    download.value.save_as(file)
    assert download.value.suggested_filename.endswith(file.suffix)
    return file


@pytest.mark.slow
def test_pictures_are_saved_whole_and_a_bar_leads_to_its_users(tab: Page, bundled: Home, tmp_path: Path) -> None:
    run = queued(bundled, 300)
    tab.goto(f"/score-file?run={run}")
    titled(tab, "Score a file")
    assert saved(tab, tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")

    tab.locator("[class*=st-key-away-] button").first.click()
    popover(tab).get_by_text("SVG", exact=True).click()
    tab.keyboard.press("Escape")
    idle(tab)
    drawing = saved(tab, tmp_path / "scores.svg")
    beside = tab.context.new_page()
    beside.goto(drawing.as_uri())
    assert beside.evaluate(OVER) == []
    assert "0.5" in beside.locator("text").all_text_contents()
    beside.close()

    tab.goto("/policy")
    titled(tab, "Policy")
    plot = tab.locator(".js-plotly-plot .barlayer path").first
    plot.click(position={"x": 5, "y": 5}, force=True)  # on a log scale its foot is far below the axis
    titled(tab, "Score a file")
    expect(tab).to_have_url(re.compile(r"score=0\.0\.\.0\.02"))
