"""Reports taken away by their buttons, opened from disk without a network, and printed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from app.devtools import demo_home
from app.devtools.demo_home import Story
from app.words import count
from core.home import Home
from tests.reading import Read

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
#: What A4 leaves between margins of 14 mm, in px.
PAPER: Final[ViewportSize] = {"width": 688, "height": 1017}


#: What reports say without a browser is tested by tests/app/test_run_report.py and its neighbours.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(bundled: Home) -> Story:
    return demo_home.worked_through(bundled, now=datetime.now(UTC), verdicts=40)


@pytest.fixture(scope="module")
def files(told: Story, chromium: Browser, server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three reports, each taken away by its button."""
    folder, dataset = tmp_path_factory.mktemp("reports"), told.dataset.id[:12]
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"/score-file?run={told.run.id}")
        page.get_by_role("button", name="Download", exact=True).click()
        run = taken(page, "Report as HTML", folder / "run.html")
        page.goto(f"/compare?a={told.champion}&b={told.version}&on={dataset}")
        page.get_by_role("button", name="Export").click()
        comparison = taken(page, "Report as HTML", folder / "comparison.html")
        page.goto(f"/explore?of={dataset}")
        expect(page.get_by_text(re.compile("^Distribution of X"))).to_be_visible()
        return {"run": run, "comparison": comparison, "exploration": taken(page, "Export", folder / "exploration.html")}


def taken(page: Page, button: str, target: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    assert download.value.suggested_filename.endswith(".html")
    download.value.save_as(target)
    return target


@pytest.mark.parametrize(("name", "figures"), [("run", 2), ("comparison", 7), ("exploration", 13)])
def test_a_report_opens_from_disk_draws_itself_and_prints(
    files: dict[str, Path], chromium: Browser, name: str, figures: int
) -> None:
    file = files[name]
    read = Read(file.read_text(encoding="utf-8"))
    asked: list[str] = []
    complaints: list[str] = []

    def said(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    with chromium.new_context(offline=True, viewport=PAPER) as alone:
        page = alone.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", said)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        drawn = page.locator("figure:has(svg.main-svg)")
        expect(drawn.first).to_be_visible()
        expect(drawn).to_have_count(page.locator("figure").count())
        assert drawn.count() >= figures
        expect(page.get_by_role("heading", level=1)).to_have_text(read.title)
        for heading in page.get_by_role("heading", level=2).all():
            expect(heading).to_be_visible()
        assert page.get_by_role("heading", level=2).count() == len(read.headings)
        # Nothing stands out of the paper at the right.
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        printed = page.pdf(prefer_css_page_size=True)
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [file.as_uri()]
    assert complaints == []
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1


def test_a_report_says_what_is_on_disk(told: Story, bundled: Home, files: dict[str, Path]) -> None:
    run, comparison = (Read(files[name].read_text(encoding="utf-8")) for name in ("run", "comparison"))

    known = bundled.runs.find(told.run.id)
    assert run.found[0].startswith(f"{count(known.flagged)} of {count(known.users)} users are flagged")
    assert "40 users judged" in run.part("What the verdicts say").text[0]
    found = bundled.comparisons.load(told.comparison)
    assert found is not None
    assert comparison.found[0] == found.comparison.sentence


def test_who_runs_no_script_has_the_words_and_the_tables(files: dict[str, Path], chromium: Browser) -> None:
    read = Read(files["run"].read_text(encoding="utf-8"))

    with chromium.new_context(offline=True, java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(files["run"].as_uri())
        (figure,) = read.part("Who stands where").figures
        expect(page.locator("noscript p").first).to_be_visible()
        expect(page.locator("noscript p").first).to_have_text(figure)
        expect(page.get_by_role("table").first).to_be_visible()
        first = read.part("Highest risks").table["User"][0]
        expect(page.get_by_role("cell", name=first, exact=True)).to_be_visible()
