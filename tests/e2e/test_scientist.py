"""The data scientist's journey: train, compare, promote, roll back, retrain; and a training run that is stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from app.devtools.test_server import dashboard
from core.comparison.comparison_job import Asked
from core.home import Home
from core.training import training_runs
from tests import make
from tests.core.retraining import feeding
from tests.e2e.gestures import by_menu, drop, idle, popover, select_row, titled

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
USERS = 3_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small home with a live version and the verdicts of reviewers on users it has never seen."""
    settings = Home.open(tmp_path_factory.mktemp("small"))
    make.trained_home(settings)
    feeding.judged(settings, make.users(300, 8))
    return settings


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with dashboard(home) as address:
        yield address


@pytest.fixture
def elsewhere(chromium: Browser, server: str) -> Iterator[Page]:
    """Somebody else's browser, open since before anything changed."""
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto("/")
        titled(page, "Overview")
        yield page


def start(page: Page) -> None:
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Under way")).to_be_visible()


def change(page: Page, button: str, why: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    popover(page).get_by_role("textbox", name="Why").fill(why)
    popover(page).get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_text(f"“{why}”").first).to_be_visible()
    expect(popover(page)).to_have_count(0)
    idle(page)


def scores_with(page: Page, home: Home, version: str, file: Path) -> None:
    """In the session that is open, by the menu, the next file is scored by that version."""
    by_menu(page, "Overview")  # which leaves the run before it
    by_menu(page, "Score a file")
    make.users(20, seed=int(file.stem)).drop(columns="spam").to_csv(file, index=False)
    drop(page, file)
    expect(page.get_by_text(f"20 scored, 0 rejected · {version} under")).to_be_visible()
    newest = home.runs.recent()[0]
    assert (newest.name, newest.model) == (file.name, version)


def trained(page: Page, home: Home, file: Path) -> None:
    """From a new file to figures, through a reload while it is under way."""
    make.users(USERS, 7).to_csv(file, index=False)
    page.goto("/train?as=Mara")
    page.get_by_role("button", name="Add labelled users", exact=True).click()
    drop(page, file)
    expect(popover(page).get_by_text(f"{file.name} · {USERS:,} users")).to_be_visible()
    page.keyboard.press("Escape")
    idle(page)
    start(page)
    page.reload()
    kept = figures_of(page, home, "t-0002")
    assert (kept.family, kept.by, kept.data.name, kept.version) == ("xgboost", "Mara", file.name, "v0002")
    assert home.registry.versions() == ("v0001", "v0002")


def figures_of(page: Page, home: Home, run: str) -> training_runs.TrainingRun:
    """Wait for the figures of a training run, which are those on disk."""
    expect(page.get_by_role("heading", name=f"{run}, XGBoost, has a PR-AUC of")).to_be_visible()
    expect(page.get_by_text("Under way")).to_have_count(0)
    kept = home.training_runs.find(run)
    found = kept.figures.overall["pr_auc"]
    told = f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
    expect(page.get_by_role("heading", name=told)).to_be_visible()
    return kept


def compared_with_the_champion(page: Page, home: Home) -> None:
    page.get_by_role("button", name="Compare with v0001", exact=True).click()
    titled(page, "Compare models")
    expect(page).to_have_url(re.compile(r"a=v0001.*b=v0002"))
    finding = page.get_by_role("heading", name=re.compile(r"PR-AUC")).first
    expect(finding).to_be_visible()
    thresholds = {str(band): above for band, above in make.policy().thresholds.items()}
    learnt = home.training_runs.find("t-0002").data.dataset
    found = home.comparisons.load(home.comparer.identity(Asked("v0001", "v0002", learnt, thresholds)))
    assert found is not None
    expect(finding).to_have_text(found.comparison.sentence)
    page.get_by_role("button", name="v0002 in the registry", exact=True).click()
    titled(page, "Registry")


def put_in_charge_and_back(page: Page, elsewhere: Page, home: Home, folder: Path) -> None:
    """What is open in another browser scores with what is live, without a reload."""
    scores_with(elsewhere, home, "v0001", folder / "1.csv")
    change(page, "Promote v0002", "It catches more.")
    assert home.registry.champion() == "v0002"
    scores_with(elsewhere, home, "v0002", folder / "2.csv")
    change(page, "Roll back to v0001", "It flags too many.")
    assert home.registry.champion() == "v0001"
    scores_with(elsewhere, home, "v0001", folder / "3.csv")
    told = home.audit.read()[["who", "what", "about", "why"]][:2].to_numpy().tolist()
    assert told == [["Mara", "roll back", "v0001", "It flags too many."],
                    ["Mara", "promote", "v0002", "It catches more."]]  # fmt: skip


def retrained(page: Page, home: Home) -> None:
    by_menu(page, "Train")
    page.get_by_role("button", name="Retrain", exact=True).click()
    popover(page).get_by_role("button", name="Retrain", exact=True).click()
    expect(page.get_by_text(re.compile(r"^v0003, "))).to_be_visible()
    expect(popover(page)).to_have_count(0)
    assert (home.schedule.last().version, home.registry.champion()) == ("v0003", "v0001")
    figures_of(page, home, "t-0003")
    select_row(page, 1)
    expect(page).to_have_url(re.compile("run=t-0002"))
    figures_of(page, home, "t-0002")
    page.get_by_role("button", name="Open in Registry", exact=True).first.click()
    titled(page, "Registry")
    found = home.gate_reports.kept("v0003")
    assert found is not None
    expect(page.get_by_text(found.judges)).to_be_visible()


@pytest.mark.slow
def test_train_compare_promote_roll_back_and_retrain(tab: Page, elsewhere: Page, home: Home, tmp_path: Path) -> None:
    trained(tab, home, tmp_path / "march.csv")
    compared_with_the_champion(tab, home)
    put_in_charge_and_back(tab, elsewhere, home, tmp_path)
    retrained(tab, home)

    assert [page.get_by_test_id("stException").count() for page in (tab, elsewhere)] == [0, 0]
    whats: pd.Series[str] = home.audit.read()["what"]
    assert whats.tolist()[::-1][-3:] == ["promote", "roll back", "retrain"]


@pytest.mark.slow
def test_a_run_that_is_cancelled_stops_and_leaves_nothing(tab: Page, home: Home) -> None:
    before = len(home.training_runs.listed())
    tab.goto("/train?as=Mara")
    tab.get_by_role("button", name="Options", exact=True).click()
    popover(tab).get_by_role("radio", name="Minutes").click()
    expect(popover(tab).get_by_label("Minutes to search")).to_be_visible()
    tab.keyboard.press("Escape")
    idle(tab)
    start(tab)

    tab.get_by_role("button", name="Cancel", exact=True).click()

    expect(tab.get_by_text("Nothing was changed.")).to_be_visible()
    assert home.jobs.listed("train-")[0].status == "cancelled"
    assert len(home.training_runs.listed()) == before
