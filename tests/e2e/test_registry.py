"""Putting a version in charge in one browser: what is open in another scores with it next, without a reload."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from core import audit
from core.model import registry
from core.settings import DEMO_USERS, Settings

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)


def idle(page: Page) -> None:
    """Wait until the page has nothing more to draw."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


@pytest.fixture
def second(bundled: Settings) -> Iterator[str]:
    """Another version of the bundled home; the one in charge before is so again afterwards."""
    first = registry.champion(bundled)
    assert first is not None
    version = f"v{int(registry.versions(bundled)[-1][1:]) + 1:04d}"
    shutil.copytree(bundled.models / first, bundled.models / version)
    yield version
    (bundled.models / registry.CHAMPION).write_text(first + "\n", encoding="ascii")


@pytest.fixture
def elsewhere(chromium: Browser, server: str) -> Iterator[Page]:
    """Somebody else's browser."""
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        yield context.new_page()


def score_a_file(page: Page, users: pd.DataFrame, file: Path, version: str) -> None:
    """In the session that is open: by the menu, not by the address."""
    for name in ("Overview", "Score a file"):  # by way of another page, which leaves the run before it
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        idle(page)
    users.to_csv(file, index=False)
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(f"{version} under")).to_be_visible()


def change(page: Page, button: str, why: str) -> None:
    page.get_by_role("button", name=button).click()
    body = page.get_by_test_id("stPopoverBody")
    body.get_by_role("textbox", name="Why").fill(why)
    body.get_by_role("button", name=button).click()


def test_what_is_promoted_or_rolled_back_in_one_browser_scores_next_in_the_other(
    tab: Page, elsewhere: Page, bundled: Settings, second: str, tmp_path: Path
) -> None:
    first = registry.champion(bundled)
    users = pd.read_csv(bundled.demo / DEMO_USERS, dtype=str, nrows=60)
    elsewhere.goto("/")
    score_a_file(elsewhere, users[:20], tmp_path / "one.csv", f"{first}")
    one_user = elsewhere.context.new_page()
    one_user.goto("/score-user")
    expect(one_user.get_by_text(f"{first} is trained on simulated users")).to_be_visible()
    idle(one_user)

    tab.goto(f"/registry?version={second}&as=Ada")
    change(tab, f"Promote {second}", "It catches more.")
    expect(tab.get_by_text("“It catches more.”")).to_be_visible()
    score_a_file(elsewhere, users[20:40], tmp_path / "two.csv", second)
    one_user.get_by_label("X1", exact=True).fill("7")
    one_user.get_by_label("X1", exact=True).press("Enter")
    expect(one_user.get_by_text(f"{second} is trained on simulated users")).to_be_visible()

    change(tab, f"Roll back to {first}", "It flags too many.")
    expect(tab.get_by_text("“It flags too many.”")).to_be_visible()
    score_a_file(elsewhere, users[40:], tmp_path / "three.csv", f"{first}")
    assert [page.get_by_test_id("stException").count() for page in (tab, elsewhere, one_user)] == [0, 0, 0]
    assert audit.read(bundled)[["who", "what", "about", "why"]][:2].to_numpy().tolist() == [
        ["Ada", "roll back", first, "It flags too many."], ["Ada", "promote", second, "It catches more."],
    ]  # fmt: skip
