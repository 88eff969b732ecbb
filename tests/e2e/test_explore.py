"""Exploring users in the browser: a row, a filter, a pair, the evidence of a finding, and a report read offline."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from core.data import intake
from core.home import Home
from core.schema import schema as schemas
from core.settings import DEMO_LABELLED
from tests import make
from tests.e2e.gestures import idle

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
HEADER, ROW = 35, 34  # px of the feature table


@pytest.fixture(scope="module")
def labelled(bundled: Home) -> pd.DataFrame:
    return pd.read_csv(bundled.settings.demo / DEMO_LABELLED)


@pytest.fixture(scope="module")
def messy(bundled: Home) -> str:
    """300 users of the demo, ten of them once more with the other label; what stands for them in the address."""
    schema = schemas.load(bundled.settings.schema_file)
    frame = pd.read_csv(bundled.settings.demo / DEMO_LABELLED, nrows=300)
    twins = frame.head(10).assign(user_id=range(10**9, 10**9 + 10), label=1 - frame["label"].head(10))
    checked = intake.read("messy.csv", make.csv(pd.concat([frame, twins])), schema)
    return bundled.datasets.put(checked, schema, now=make.NOW).id[:12]


@pytest.mark.slow
def test_a_row_of_the_table_shows_its_feature_and_a_filter_outlives_a_reload(tab: Page, labelled: pd.DataFrame) -> None:
    tab.goto("/explore")
    expect(tab.get_by_text(f"{len(labelled):,} users × 51 features")).to_be_visible()
    expect(tab.get_by_text(re.compile("^Distribution of X"))).to_be_visible()
    idle(tab)
    rows = tab.get_by_test_id("stDataFrame").first
    wanted = rows.locator("table[role=grid] tbody tr").nth(3).locator("td").first.inner_text()
    rows.click(position={"x": 14, "y": HEADER + 3 * ROW + ROW // 2})
    expect(tab.get_by_text(f"Distribution of {wanted}", exact=True)).to_be_visible()
    expect(tab).to_have_url(re.compile(rf"feature={wanted}(&|$)"))

    spammers = int(labelled["label"].sum())
    tab.get_by_role("button", name="Filters").click()
    tab.get_by_test_id("stPopoverBody").get_by_text("Spammers", exact=True).click()
    told = re.compile(rf"{spammers:,} of {len(labelled):,} users \(spammers\)")
    expect(tab.get_by_text(told)).to_be_visible()
    expect(tab).to_have_url(re.compile("label=Spammers"))
    tab.reload()
    expect(tab.get_by_text(told)).to_be_visible()
    expect(tab.get_by_text(f"Distribution of {wanted}", exact=True)).to_be_visible()


@pytest.mark.slow
def test_a_pair_opens_as_two_features_and_stays(tab: Page) -> None:
    tab.goto("/explore?panel=Correlations&x=X1&y=X2")
    pair = tab.locator("[class*=st-key-pair-] button").nth(1)
    a, b = pair.inner_text().split(" and ")

    pair.click()

    expect(tab.get_by_text(re.compile(f"^{a} and {b}")).first).to_be_visible()
    idle(tab)
    expect(tab).to_have_url(re.compile(rf"x={a}&.*y={b}|y={b}&.*x={a}"))
    tab.get_by_role("radio", name="Spam rate").click()
    expect(tab.get_by_text("spam rate in %; cells of fewer")).to_be_visible()
    expect(tab.get_by_text(re.compile(f"^{a} and {b}")).first).to_be_visible()
    tab.reload()
    expect(tab.get_by_text("spam rate in %; cells of fewer")).to_be_visible()
    expect(tab.get_by_text(re.compile(f"^{a} and {b}")).first).to_be_visible()


@pytest.mark.slow
def test_the_evidence_of_a_finding_opens_and_can_be_taken_away(tab: Page, messy: str) -> None:
    tab.goto(f"/explore?of={messy}")
    expect(tab.get_by_text("20 users in 10 groups are alike in every feature and carry opposite")).to_be_visible()
    idle(tab)

    tab.locator(".st-key-see-opposite_labels button").click()

    dialog = tab.get_by_role("dialog")
    expect(dialog.locator("table[role=grid]")).to_contain_text("1000000000")
    with tab.expect_download() as download:
        dialog.locator(".st-key-numbers-opposite_labels button").first.click()
    taken = pd.read_csv(download.value.path())
    assert len(taken) == 10
    assert (taken["spammer"] != taken["legitimate"]).all()


@pytest.mark.slow
def test_the_report_draws_itself_without_a_network(tab: Page, chromium: Browser, messy: str, tmp_path: Path) -> None:
    tab.goto(f"/explore?of={messy}")
    expect(tab.get_by_text(re.compile("^Distribution of X"))).to_be_visible()
    idle(tab)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == "explore.messy.csv.html"
    file = tmp_path / "explore.html"
    download.value.save_as(file)
    asked: list[str] = []
    complaints: list[str] = []

    def told(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def wanted(request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            asked.append(request.url)

    with chromium.new_context(offline=True) as alone:
        page = alone.new_page()
        page.on("console", told)
        page.on("request", wanted)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        figures = page.locator("figure")
        expect(figures.first.locator("svg.main-svg").first).to_be_visible()
        expect(page.locator("figure:has(svg.main-svg)")).to_have_count(figures.count())
        assert figures.count() >= 13
        expect(page.get_by_text("20 users in 10 groups are alike in every feature")).to_be_visible()
    assert (asked, complaints) == ([], [])
