"""How long a person waits for a file in the browser; from one run on one machine.

    .venv/bin/python benchmarks/dashboard.py users.csv [--runs 3]

A dashboard of a copy of the bundled home, warmed up with the demo file, and Chromium: seconds from choosing the
file to its table of users, highest risk first, and to their reasons. What was stored is removed before each run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from app.devtools import test_server  # noqa: E402 - the line above makes it importable
from core.settings import DEMO_USERS  # noqa: E402

SECONDS = 1000


def chromium() -> str | Path | None:
    return os.environ.get("CHROMIUM") or test_server.chromium()


def waited(page: Page, address: str, users: Path) -> tuple[float, float]:
    """Seconds from the choice of the file to the first rows of its table, and to their reasons."""
    page.goto(f"{address}/score-file")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    box = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    first = page.get_by_role("region", name=re.compile("^The users of")).locator("tbody tr").first
    started = time.perf_counter()
    box.set_input_files(users)
    first.wait_for(state="attached", timeout=300 * SECONDS)
    table = time.perf_counter() - started
    first.filter(has_text="(+").wait_for(state="attached", timeout=300 * SECONDS)
    return table, time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = test_server.bundled_home(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(test_server.QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        with test_server.dashboard(home) as address:
            waited(page, address, home.settings.demo / DEMO_USERS)
            seconds = []
            for _ in range(chosen.runs):
                shutil.rmtree(home.settings.datasets)
                seconds.append(waited(page, address, chosen.users.resolve()))
        browser.close()
    for what, figures in zip(("table", "reasons"), zip(*seconds, strict=True), strict=True):
        print(
            f"{what} visible: median {statistics.median(figures):.2f} s "
            f"({min(figures):.2f} to {max(figures):.2f}, {len(figures)} runs)"
        )


if __name__ == "__main__":
    main()
