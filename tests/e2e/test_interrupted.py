"""A file is being scored when its page, its server or the whole machine goes: it comes to one run all the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock
from playwright.sync_api import Page, expect

from core.home import Home
from core.scoring import score_job
from core.settings import DEMO_USERS
from tests.e2e.gestures import by_menu, drop, idle, run_in
from tests.e2e.homes import Fragile

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
#: What Chromium and Streamlit tell of a server that is not there.
GONE = "ERR_|No response|not responding|WebSocket|timeout"
WAITS = "Waiting for another job to end"
lost = pytest.mark.parametrize("excused", [GONE], indirect=True, ids=["lost"])


@pytest.fixture(scope="module")
def fragile(bundled: Home) -> Iterator[Fragile]:
    running = Fragile(bundled)
    yield running
    running.lost()


@pytest.fixture(scope="module")
def server(fragile: Fragile) -> str:
    return fragile.address


@pytest.fixture
def file(bundled: Home, tmp_path: Path) -> Path:
    path = tmp_path / "november.csv"
    pd.read_csv(bundled.settings.demo / DEMO_USERS, dtype=str, nrows=400).to_csv(path, index=False)
    return path


@contextmanager
def held(home: Home) -> Iterator[None]:
    """Scoring does not get beyond its start meanwhile."""
    home.settings.jobs.mkdir(parents=True, exist_ok=True)
    with FileLock(home.settings.jobs / "scoring.lock"):
        yield


def begin(page: Page, file: Path) -> None:
    page.goto("/score-file")
    idle(page)
    drop(page, file)
    expect(page.get_by_text(WAITS)).to_be_visible()
    expect(page).to_have_url(re.compile(rf"/score-file\?job={score_job.PAGE}[0-9a-f]+$"))


def kill_worker(home: Home) -> None:
    """Kill the process that scores: the only one of ours that this home has left."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], check=True, stdout=subprocess.PIPE, text=True).stdout
    ours = [int(line.split()[0]) for line in listed.splitlines() if f"core.worker {home.settings.home}" in line]
    assert len(ours) == 1
    os.kill(ours[0], signal.SIGKILL)


def the_run(page: Page, home: Home, known: int) -> str:
    """The page shows the one run that came of it."""
    expect(page.get_by_text("400 users received, 400 scored, 0 rejected")).to_be_visible()
    assert len(home.runs.recent()) == known + 1
    assert not list(home.settings.jobs.glob(f"{score_job.PAGE}*/upload-*"))
    return home.runs.recent()[0].id


@pytest.mark.slow
def test_a_reload_comes_back_to_the_scoring_and_so_does_another_tab(tab: Page, bundled: Home, file: Path) -> None:
    known = len(bundled.runs.recent())
    with held(bundled):
        begin(tab, file)
        tab.reload()
        expect(tab.get_by_text(WAITS)).to_be_visible()
        other = tab.context.new_page()
        other.goto(tab.url)
        expect(other.get_by_text(WAITS)).to_be_visible()

    run = the_run(tab, bundled, known)
    assert the_run(other, bundled, known) == run
    expect(tab).to_have_url(re.compile(rf"run={run}$"))
    other.close()


@pytest.mark.slow
@lost
def test_a_scoring_outlives_its_server(tab: Page, bundled: Home, fragile: Fragile, file: Path) -> None:
    known = len(bundled.runs.recent())
    with held(bundled):
        begin(tab, file)
        fragile.killed()
        expect(tab.get_by_text("Connection error", exact=True)).to_be_visible()
    fragile.back()

    tab.reload()
    the_run(tab, bundled, known)


@pytest.mark.slow
@lost
def test_one_that_died_with_its_server_says_so_and_is_resumed_from_the_stored_file(
    tab: Page, bundled: Home, fragile: Fragile, file: Path
) -> None:
    known = len(bundled.runs.recent())
    with held(bundled):
        begin(tab, file)
        fragile.killed()
        kill_worker(bundled)
    fragile.back()

    tab.goto("/")
    expect(tab.get_by_text("Scoring november.csv was interrupted")).to_be_visible()
    by_menu(tab, "Score a file")
    expect(tab.get_by_text("Scoring november.csv was interrupted. The file is stored.")).to_be_visible()
    tab.get_by_role("button", name="Score it again", exact=True).click()
    the_run(tab, bundled, known)
    assert run_in(tab) == bundled.runs.recent()[0].id


@pytest.mark.slow
def test_cancelling_takes_the_file_away(tab: Page, bundled: Home, file: Path) -> None:
    known = bundled.runs.recent()
    with held(bundled):
        begin(tab, file)
        tab.get_by_role("button", name="Cancel", exact=True).click()
        expect(tab.get_by_text("Scoring november.csv was cancelled. Nothing was changed.")).to_be_visible()
    expect(tab).to_have_url(re.compile(r"/score-file$"))
    assert bundled.runs.recent() == known
    assert not list(bundled.settings.jobs.glob(f"{score_job.PAGE}*/upload-*"))
