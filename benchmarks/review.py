"""How long a reviewer waits for the next case: 100,000 verdicts stored, 1,000 cases open; from one run on one machine.

    .venv/bin/python benchmarks/review.py [--verdicts 100000] [--open 1000] [--times 30]

A dashboard of a copy of the bundled home and Chromium: seconds from the key press until the next case is on the screen
(its id in the address, its user drawn), and until the page has nothing more to draw; then, in this process, what the
server does for it: record the verdict and claim the next case.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from dashboard import chromium as installed  # noqa: E402 - the line above makes them importable
from feedback import fill  # noqa: E402

from app.devtools import test_server  # noqa: E402
from core.home import Home  # noqa: E402
from core.policy.decide import decide  # noqa: E402
from core.review import cases  # noqa: E402
from core.review.enqueue import Entry  # noqa: E402
from core.review.verdicts import Given  # noqa: E402

ON_SCREEN = """([before, users]) => {
    const shown = new URL(location.href).searchParams.get('case');
    return shown && shown !== before && document.body.innerText.includes(`user ${users[shown]} ·`);
}"""


def prepare(home: Home, verdicts: int, still_open: int) -> dict[str, str]:
    """Verdicts and open cases in a copy of the bundled home; the user of each case."""
    fill(home, verdicts)
    home.enqueuing.enqueue(people(home, still_open), now=datetime.now(UTC))
    started = time.perf_counter()
    home.effects.catch_up()
    print(f"first catch-up with {verdicts:,} verdicts: {time.perf_counter() - started:.1f} s")
    listed = home.cases.listing(cases.CaseFilters(), now=datetime.now(UTC), most=still_open)
    return dict(zip(listed.index, listed["user"], strict=True))


def people(home: Home, n: int) -> list[Entry]:
    """Users made up from the training baseline's rows; a fifth judged blind."""
    model = home.registry.load()
    sample = model.baseline().sample
    rows = sample[list(model.metadata.names)].sample(n, replace=True, random_state=1).to_dict("records")
    score, policy = np.random.default_rng(0).random(n), home.policies.in_force()
    bands, actions = decide(policy, score).bands, decide(policy, score).actions
    return [
        Entry(
            user=f"open-{i}", dataset="d" * 64, run="r-0001", row=i + 1, model=model.version, policy=policy.version,
            score=float(score[i]), band=str(bands[i]), action=str(actions[i]),  # type: ignore[arg-type]
            stratum="certain", inclusion=1.0, blind=i % 5 == 0, context={"name": f"name {i}", "country": "DE"},
            features={str(k): None if np.isnan(v) else float(v) for k, v in row.items()},
        )
        for i, row in enumerate(rows)
    ]  # fmt: skip


def pressed(page: Page, users: dict[str, str], key: str) -> tuple[float, float]:
    """Milliseconds until the next case is on the screen, and until the page is at rest."""
    before = page.evaluate("new URL(location.href).searchParams.get('case')")
    started = time.perf_counter()
    page.keyboard.press(key)
    page.wait_for_function(ON_SCREEN, arg=[before, users], polling=10)
    shown = time.perf_counter() - started
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return 1000 * shown, 1000 * (time.perf_counter() - started)


def browser(address: str, users: dict[str, str], times: int) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed(), args=list(test_server.QUIET))
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        started = time.perf_counter()
        page.goto(f"{address}/review?as=Ada")
        page.wait_for_function(ON_SCREEN, arg=["", users], timeout=120_000)
        print(f"the first case of a fresh server: {time.perf_counter() - started:.1f} s")
        page.get_by_role("button", name="Spammer").wait_for()
        page.wait_for_timeout(1000)
        taken = []
        for i in range(times):
            taken.append(pressed(page, users, "slu"[i % 3]))
            page.wait_for_timeout(300)  # a glance
        told("key to next case on screen", [each[0] for each in taken])
        told("key to page at rest", [each[1] for each in taken])
        chromium.close()


def server(home: Home, times: int) -> None:
    record, claim = [], []
    for i in range(times + 1):
        started = time.perf_counter()
        found = home.queue.claim("Bob", now=datetime.now(UTC), session="tab")
        claim.append(1000 * (time.perf_counter() - started))
        if found is None:
            raise SystemExit("There are fewer open cases than asked for.")
        started = time.perf_counter()
        given = Given(f"bench-{i}", "spammer", seconds=1.0)
        home.verdicts.judge(found.id, given, by="Bob", session="tab", now=datetime.now(UTC))
        record.append(1000 * (time.perf_counter() - started))
    told("server: record a verdict", record[1:])
    told("server: claim the next case", claim[1:])


def told(what: str, taken: list[float]) -> None:
    p95 = float(np.quantile(taken, 0.95))
    print(f"{what:<32} median {statistics.median(taken):7.1f} ms   p95 {p95:7.1f} ms   n={len(taken)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=100_000)
    parser.add_argument("--open", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = test_server.bundled_home(Path(folder))
        users = prepare(home, asked.verdicts, asked.open)
        with test_server.dashboard(home) as address:
            browser(address, users, asked.times)
        server(home, asked.times)


if __name__ == "__main__":
    main()
