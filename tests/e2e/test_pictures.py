"""Pictures in a browser: what their camera saves, whole, and where a click on a bar leads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
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

#: Of the drawings in a box, texts that stand on each other by two pixels and more each way, as pairs.
TOUCHING = """box => {
    const said = [...box.querySelectorAll('text')].map(each => [each.textContent, each.getBoundingClientRect()])
        .filter(([text, own]) => text.trim() && own.width);
    return said.flatMap(([one, a], i) => said.slice(i + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2).map(([other]) => `${one} on ${other}`));
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


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1440])
def test_no_number_of_the_contributions_stands_on_a_name_nor_in_the_saved_picture(
    tab: Page, bundled: Home, tmp_path: Path, width: int
) -> None:
    run = queued(bundled, 60) if not bundled.runs.recent() else bundled.runs.recent()[0].id
    lowest = int(bundled.runs.scores(run)["probability"].idxmin())  # nearly all numbers are left of their bars
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(f"/score-user?run={run}&row={lowest}")
    titled(tab, "Score a user")
    drawing = tab.locator(".js-plotly-plot", has_text="this user").last
    drawing.scroll_into_view_if_needed()
    expect(drawing.get_by_text("average user")).to_be_visible()
    assert drawing.evaluate(TOUCHING) == []

    drawing.hover()
    with tab.expect_download() as download:
        drawing.locator(".modebar-btn").click()
    assert download.value.suggested_filename.endswith(".png")
    with Image.open(download.value.path()) as picture:
        box = drawing.bounding_box()
        assert box is not None
        assert picture.width == pytest.approx(2 * box["width"], abs=4)
