"""How long a person waits on *Explore* in the browser, and what it costs; from one run on one machine.

    .venv/bin/python benchmarks/explore.py users.csv [--times 10]

A dashboard of a copy of the bundled home in which the file is scored, and Chromium. Cold: the page is opened for the
first time. Then, warm: seconds to the first figure of a fresh tab; seconds from a chosen feature, or a filter never
seen before, to the new figures in the window, and until the whole page is done; seconds to the correlations; bytes
over the websocket; and the server's memory against what it used before anybody came.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dashboard import SECONDS, chromium, test_server  # first: it makes `app` and `core` importable
from playwright.sync_api import Page, WebSocket, sync_playwright

from core.home import Home
from core.schema import schema as schemas


class Wire:
    """Bytes that came over the websockets of a page."""

    def __init__(self, page: Page) -> None:
        self.received = 0
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, payload: str | bytes) -> None:
        self.received += len(payload)


class Waits:
    """Seconds and bytes of each kind of interaction."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._seconds: dict[str, list[float]] = {}
        self._bytes: dict[str, list[int]] = {}

    def time(self, kind: str, *steps: Callable[[], object]) -> None:
        before, started = self._wire.received, time.perf_counter()
        for step in steps:
            step()
        self._seconds.setdefault(kind, []).append(time.perf_counter() - started)
        self._bytes.setdefault(kind, []).append(self._wire.received - before)

    def add(self, kind: str, seconds: float) -> None:
        """Seconds measured elsewhere, of steps whose bytes are counted already."""
        self._seconds.setdefault(kind, []).append(seconds)

    def tell(self) -> None:
        for kind, seconds in self._seconds.items():
            most = max(self._bytes.get(kind, [0])) / 1e6
            p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
            print(
                f"{kind}: median {statistics.median(seconds):.2f} s, p95 {p95:.2f} s, at most {max(seconds):.2f} s "
                f"({len(seconds)} times), at most {most:.2f} MB"
            )


def score(home: Home, users: Path) -> None:
    """Make run r-0001 of a file."""
    columns, model = schemas.load(home.settings.schema_file), home.registry.load()
    home.file_scoring.score_file(users.name, users, columns, model, home.policies.in_force(), now=datetime.now(UTC))


def figure(page: Page, title: str) -> None:
    """Wait until a figure with this in its title is drawn."""
    # Not through a locator, which would look only ten times a second.
    says(page, title)
    page.wait_for_function("document.querySelector('.js-plotly-plot svg.main-svg') !== null", polling=20)


def quiet(page: Page) -> None:
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') !== null",
        polling=20, timeout=120 * SECONDS,
    )  # fmt: skip


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label, exact=True).last
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).first.wait_for()


def memory(address: str) -> float:
    """Resident memory in MB of the server at an address."""
    port = address.rsplit(":", 1)[1]
    for folder in Path("/proc").iterdir():
        command = folder / "cmdline"
        if folder.name.isdigit() and command.exists() and port in command.read_bytes().decode().split("\0"):
            return int(re.findall(r"VmRSS:\s+(\d+)", (folder / "status").read_text())[0]) / 1024
    return float("nan")


def measure(page: Page, address: str, waits: Waits, times: int) -> None:
    names = [f"X{i}" for i in range(1, times + 1)]
    start = f"{address}/explore?of=r-0001"
    waits.time("first opening, cold", lambda: page.goto(start), lambda: figure(page, "Distribution of"))
    quiet(page)
    for _ in range(3):
        page.goto("about:blank")
        waits.time("first figure, warm", lambda: page.goto(start), lambda: figure(page, "Distribution of"))
        quiet(page)
    for name in names:
        choose(page, "Feature", name)
        enter(page, waits, "feature", lambda name=name: figure(page, f"Distribution of {name} "))
    page.get_by_role("button", name="Filters").click()
    for name in names:
        filtered(page, waits, name)
    page.goto(start)
    figure(page, "Distribution of")
    quiet(page)
    panel = page.get_by_test_id("stMain").get_by_test_id("stButtonGroup").first
    for kind in ("correlations, cold", *["correlations, warm"] * 10):
        panel.get_by_text("Segments").click()
        quiet(page)
        button = panel.get_by_text("Correlations")
        waits.time(kind, button.click, lambda: figure(page, "Strongest pairs"))
        quiet(page)


def enter(page: Page, waits: Waits, kind: str, seen: Callable[[], None]) -> None:
    """Press Enter; wait until what is in the window is drawn anew, then until the rest of the page is done too."""
    page.evaluate(
        """() => { for (const plot of document.querySelectorAll('.js-plotly-plot')) {
               plot.drawn = false;
               plot.on('plotly_afterplot', () => { plot.drawn = true; });
           } }"""
    )
    started = time.perf_counter()
    waits.time(f"{kind}, in the window", lambda: page.keyboard.press("Enter"), seen, lambda: drawn(page))
    quiet(page)
    waits.add(f"{kind}, whole page", time.perf_counter() - started)


def drawn(page: Page) -> None:
    """Wait until every figure in the window was drawn since `enter` began."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')].every(plot =>
               plot.getBoundingClientRect().top >= window.innerHeight ||
               (plot.drawn !== false && plot.querySelector('svg.main-svg') !== null))""",
        polling=20, timeout=30 * SECONDS,
    )  # fmt: skip


def filtered(page: Page, waits: Waits, name: str) -> None:
    """Ask for at least 2 of a feature in the popover."""
    told = f"{name} from 2)"
    choose(page, "Feature", name)
    page.keyboard.press("Enter")
    lower = page.get_by_label("From", exact=True)
    lower.wait_for()
    page.wait_for_timeout(700)  # choosing a feature empties the range: not after it is filled in
    quiet(page)
    lower.fill("2")
    enter(page, waits, "filter, never seen before", lambda: says(page, told))


def says(page: Page, text: str) -> None:
    # textContent: innerText would make the browser lay the page out anew at every look, and so slow what is timed.
    page.wait_for_function(
        """text =>
           document.querySelector('[data-testid=stMain]')?.textContent.replace(/\\s+/g, ' ').includes(text)""",
        arg=text, polling=20, timeout=30 * SECONDS,
    )  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path)
    options.add_argument("--times", type=int, default=12)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = test_server.bundled_home(Path(folder))
        score(home, chosen.users.resolve())
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(test_server.QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        waits = Waits(Wire(page))
        with test_server.dashboard(home) as address:
            page.goto(address)
            quiet(page)
            idle = memory(address)
            measure(page, address, waits, chosen.times)
            above = memory(address) - idle
        browser.close()
    waits.tell()
    print(f"server: {above:.0f} MB above {idle:.0f} MB idle")


if __name__ == "__main__":
    main()
