"""Training in the browser: from click to figures through a reload, and stopped halfway."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from core import jobs
from core.model import candidates, registry
from core.settings import DEMO_LABELLED, Settings

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
HEADER, ROW = 35, 32  # px of the table of runs
USERS = 3_000


def idle(page: Page) -> None:
    """Wait until the page has nothing more to draw."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def start(page: Page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Under way")).to_be_visible()


def test_from_a_new_file_to_figures_through_a_reload(tab: Page, bundled: Settings, tmp_path: Path) -> None:
    frame = pd.read_csv(bundled.demo / DEMO_LABELLED, dtype=str, nrows=USERS)
    frame.to_csv(tmp_path / "march.csv", index=False)
    before = registry.versions(bundled)
    tab.goto("/train?as=Mara")
    expect(tab.get_by_text("Nothing trained yet")).to_be_visible()
    tab.get_by_role("button", name="Add labelled users").click()
    body = tab.get_by_test_id("stPopoverBody")
    body.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(tmp_path / "march.csv")
    expect(body.get_by_text(f"march.csv · {USERS:,} users")).to_be_visible()
    tab.keyboard.press("Escape")
    idle(tab)

    start(tab)
    tab.reload()
    expect(tab.get_by_text("Under way")).to_be_visible()
    expect(tab.get_by_text("Training XGBoost on march.csv")).to_be_visible()

    expect(tab.get_by_role("heading", name="c-0001, XGBoost, has a PR-AUC of")).to_be_visible()
    expect(tab.get_by_text("Under way")).to_have_count(0)
    kept = candidates.find(bundled, "c-0001")
    assert (kept.family, kept.by, kept.data.name) == ("xgboost", "Mara", "march.csv")
    assert registry.versions(bundled) == (*before, kept.version)
    pr_auc = kept.figures.overall["pr_auc"]
    expect(
        tab.get_by_role("heading", name=f"{pr_auc.value:.3f} ({pr_auc.low:.3f} to {pr_auc.high:.3f})")
    ).to_be_visible()

    candidates.keep(bundled, replace(kept, family="random_forest", version=""), candidates.scores(bundled, "c-0001"))
    tab.reload()
    expect(tab.get_by_role("heading", name="c-0002, Random forest, has a PR-AUC of")).to_be_visible()
    idle(tab)
    tab.get_by_test_id("stDataFrame").first.click(position={"x": 14, "y": HEADER + 1.5 * ROW})
    expect(tab).to_have_url(re.compile("run=c-0001"))
    expect(tab.get_by_role("heading", name="c-0001, XGBoost, has a PR-AUC of")).to_be_visible()
    expect(tab.get_by_test_id("stException")).to_have_count(0)


def test_a_run_that_is_cancelled_stops_and_leaves_nothing(tab: Page, bundled: Settings) -> None:
    before = len(candidates.listed(bundled))
    tab.goto("/train?as=Mara")
    tab.get_by_role("button", name="Options", exact=True).click()
    body = tab.get_by_test_id("stPopoverBody")
    body.get_by_role("radio", name="Minutes").click()
    expect(body.get_by_label("Minutes to search")).to_be_visible()
    tab.keyboard.press("Escape")
    idle(tab)
    start(tab)

    tab.get_by_role("button", name="Cancel").click()

    expect(tab.get_by_text("Nothing was changed.")).to_be_visible()
    assert jobs.listed(bundled, "train-")[0].status == "cancelled"
    assert len(candidates.listed(bundled)) == before
