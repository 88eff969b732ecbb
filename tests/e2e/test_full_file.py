"""The analyst's journey with the full file: its problems, the table, one user, all of it taken away, and to review."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.home import Home
from tests.e2e.gestures import cells, drop, idle, open_user, popover, queue_run, run_in, table, titled

#: Half a million users take a while on a busy machine.
expect.set_options(timeout=60_000)
FILE = "fiverr_simulated_train.csv.gz"
USERS = 458_798
BROKEN = (
    "0,900001," + ",".join(["many"] + ["0"] * 50),  # a word for a number
    "0,," + ",".join(["0"] * 51),  # nobody's row
    "900002,short",
)


@pytest.fixture(scope="module")
def dirty(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full file and, as a second member of the archive, three rows that nobody can use."""
    whole = shared / "data" / FILE
    if not whole.is_file():
        pytest.skip(f"there is no {whole}")
    file = tmp_path_factory.mktemp("full") / "november.csv.gz"
    file.write_bytes(whole.read_bytes() + gzip.compress("".join(f"{row}\n" for row in BROKEN).encode()))
    return file


@pytest.mark.slow
def test_from_the_full_file_to_what_is_taken_away_and_sent_to_review(
    tab: Page, bundled: Home, dirty: Path, tmp_path: Path
) -> None:
    tab.goto("/score-file")
    titled(tab, "Score a file")
    drop(tab, dirty)
    run = told_of_its_problems(tab, bundled)
    sent = sent_the_first(tab, bundled, run)
    taken_away(tab, bundled, run, tmp_path / "taken.parquet")
    queue_run(tab)

    planned = bundled.runs.plan(run)
    assert planned is not None
    chosen = int(planned["chosen"].sum())
    expect(tab.get_by_text(f"{chosen:,} users of this run are planned for review.")).to_be_visible()
    assert bundled.cases.waiting(now=datetime.now(UTC)).open >= chosen
    assert bundled.cases.of_user(sent)[0].run == run
    tab.get_by_role("button", name="Review", exact=True).click()
    titled(tab, "Review")
    expect(tab).to_have_url(re.compile(r"case=c-\d+"))
    expect(tab.get_by_role("button", name="Spammer")).to_be_visible()


def told_of_its_problems(page: Page, home: Home) -> str:
    expect(page.get_by_text(f"{USERS + 3:,} users received, {USERS:,} scored, 3 rejected")).to_be_visible()
    run = home.runs.find(run_in(page))
    assert (run.received, run.users, run.rejected) == (USERS + 3, USERS, 3)
    expect(page.get_by_text("3 rows rejected")).to_be_visible()
    page.get_by_role("button", name="What exactly?", exact=True).click()
    expect(popover(page).get_by_text(f'Line {USERS + 2}, X1: "many" is not a number')).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("button", name="Rejected rows").click()
    rejected = pd.read_csv(download.value.path())
    assert rejected["code"].tolist() == ["not_a_number", "missing_id", "ragged"]
    assert rejected["line"].tolist() == [USERS + 2, USERS + 3, USERS + 4]
    assert rejected["record"].tolist() == list(BROKEN)
    return run.id


def sent_the_first(page: Page, home: Home, run: str) -> str:
    """The user at the top of the table, with the reasons, opened and sent to review by hand."""
    expect(table(page).locator("tbody tr").first).to_contain_text("(+")
    idle(page)
    first = cells(page, "user_id")[0]
    stored = home.runs.scores(run)["probability"]
    assert float(cells(page, "Score")[0]) == pytest.approx(stored.max())
    open_user(page, 0)
    expect(page.get_by_role("heading", name=f"User {first}", exact=True)).to_be_visible()
    expect(page.get_by_text("Why this score")).to_be_visible()
    idle(page)
    page.get_by_role("button", name="Send to review", exact=True).click()
    popover(page).get_by_label("Your name").fill("Nora")
    popover(page).get_by_label("Your name").press("Enter")
    popover(page).get_by_role("button", name="Queue 1 user", exact=True).click()
    expect(page.get_by_text("1 queued")).to_be_visible()
    (case,) = home.cases.of_user(first)
    row = re.search(r"row=(\d+)", page.url)
    assert row is not None
    assert (case.row, case.score) == (int(row[1]), stored.max())
    page.go_back()
    expect(page.get_by_text(f"{USERS:,} scored")).to_be_visible()
    idle(page)
    return first


def taken_away(page: Page, home: Home, run: str, file: Path) -> None:
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download(timeout=60_000) as download:
        popover(page).get_by_role("button", name="All users as Parquet", exact=True).click()
    download.value.save_as(file)
    page.keyboard.press("Escape")
    taken = pd.read_parquet(file, columns=["user_id", "score", "prediction_id"])
    stored = home.runs.scores(run)["probability"]
    ids = home.datasets.frame(home.runs.find(run).dataset, ["user_id"])["user_id"]
    assert np.array_equal(taken["score"], stored)
    assert taken["user_id"].astype(str).tolist() == ids.astype(str).tolist()
    assert taken["prediction_id"].tolist() == [f"{run}-{row}" for row in stored.index]
