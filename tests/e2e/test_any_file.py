"""A European workbook with another name for the id: from the desktop to a scored table, and the next by one click."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.home import Home
from core.settings import DEMO_USERS
from tests import workbook
from tests.e2e.gestures import drop, run_in


def european(bundled: Home, folder: Path, name: str, first: int) -> Path:
    """80 users, their id called uid, numbers of one column as texts such as 1,5, a title above."""
    frame = pd.read_csv(bundled.settings.demo / DEMO_USERS, nrows=first + 80)[first:].astype(object)
    frame["X4"] = [f"{value},0" for value in frame["X4"]]
    path = folder / name
    path.write_bytes(workbook.of(frame.rename(columns={"user_id": "uid"}), above=[["Users of the week"], []]))
    return path


@pytest.mark.slow
def test_the_first_workbook_takes_two_clicks_and_the_second_one(bundled: Home, tab: Page, tmp_path: Path) -> None:
    tab.goto("/score-file?as=Ada")
    drop(tab, european(bundled, tmp_path, "export_KW47.xlsx", 0))
    expect(tab.get_by_text("header in row 3.")).to_be_visible()
    tab.get_by_role("button", name="Accept all 2").click()
    expect(tab.get_by_text("2 accepted, 0 open")).to_be_visible()
    tab.get_by_role("button", name="Score 80 users").click()
    tab.wait_for_url("**run=r-*")
    run = bundled.runs.find(run_in(tab))
    assert (run.name, run.users) == ("export_KW47.xlsx", 80)

    tab.goto("/score-file?as=Ada")
    drop(tab, european(bundled, tmp_path, "export_KW48.xlsx", 80))
    expect(tab.get_by_text("as in export_KW47").first).to_be_visible()
    tab.get_by_role("button", name="Score 80 users").click()
    tab.wait_for_url("**run=r-*")
    run = bundled.runs.find(run_in(tab))
    assert (run.name, run.users) == ("export_KW48.xlsx", 80)
    assert set(bundled.datasets.frame(run.dataset)["X4"]) <= set(range(10**6))
