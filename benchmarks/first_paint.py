"""How long a fresh tab waits for each page of a warm dashboard; from one run on one machine.

    .venv/bin/python benchmarks/first_paint.py [users.csv] [--times 5]

A dashboard of the demo, worked through (scored, judged, a second model compared), and Chromium; with a file, its
users are scored and sent to review too and every page shows them. Each page is opened once before it counts. Seconds
from the address to the page's title, and until all of it is drawn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from dashboard import chromium  # noqa: E402 - the line above makes them importable
from explore import quiet  # noqa: E402

from app.devtools import demo_home, test_server  # noqa: E402
from core.home import Home  # noqa: E402
from core.schema import schema as schemas  # noqa: E402

TITLE = "document.querySelector('[data-testid=stMain] h1') !== null"


def prepared(home: Home, users: Path | None) -> tuple[str, ...]:
    """Addresses of all pages, with something on them."""
    now = datetime.now(UTC)
    told = demo_home.worked_through(home, now=now)
    run = told.run
    if users is not None:
        schema, model = schemas.load(home.settings.schema_file), home.registry.load()
        run = home.file_scoring.score_file(users.name, users, schema, model, home.policies.in_force(), now=now).run
        home.plans.queue_run(run.id, by="Lea", now=now)
    row = int(home.runs.scores(run.id)["probability"].idxmax())
    user = home.user_names.of(run).loc[row]
    return (
        "/", f"/user?id={user}", f"/score-file?run={run.id}", f"/score-user?run={run.id}&row={row}", "/review?as=Ada",
        f"/explore?of={run.id}", f"/compare?a={told.champion}&b={told.version}&on={told.dataset.id[:12]}",
        f"/monitor?run={run.id}", "/train", "/registry", "/audit",
    )  # fmt: skip


def opened(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds to the title and to the whole page, in a tab that has seen none of it."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        started = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_function(
            "document.querySelector('[data-testid=stMain] h1') !== null", polling=20, timeout=120_000
        )
        title = time.perf_counter() - started
        quiet(page)
        return title, time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path, nargs="?")
    options.add_argument("--times", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = test_server.bundled_home(Path(folder))
        pages = prepared(home, chosen.users)
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(test_server.QUIET))
        with test_server.dashboard(home) as address:
            for page in pages:
                cold = opened(browser, address + page)[1]
                titles, wholes = zip(*[opened(browser, address + page) for _ in range(chosen.times)], strict=True)
                title = f"title {statistics.median(titles):.2f} s (at most {max(titles):.2f})"
                print(
                    f"{page.partition('?')[0]:<12} {title}, "
                    f"whole page {statistics.median(wholes):.2f} s (at most {max(wholes):.2f}); first ever {cold:.1f} s"
                )
        browser.close()


if __name__ == "__main__":
    main()
