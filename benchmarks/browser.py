"""What a person in front of a browser waits for, and what jumps while a page comes; from one run on one machine.

    python3 -m app --home HOME --port 8501
    .venv/bin/python benchmarks/browser.py http://127.0.0.1:8501 [--run r-0008] [--times 3] [--width 1440] [--pid 4711]

Of each page, in a tab that has seen none of it: milliseconds to its title and until all of it is drawn, and how much of
what was there moved (cumulative layout shift; of that, what the frame round all pages moved by itself). Then page to
page by the menu in one tab; and with --run, the list of its users in another order and on another page, from the click
until the rows are there; with --pid, that of the dashboard (Linux), also the processor time that it took, which others
at work on the machine hardly change. The dashboard may be one of another commit, so that two can be compared.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

from dashboard import chromium  # noqa: E402 - the line above makes it importable

PAGES = (
    "/", "/score-user", "/score-file", "/review?as=Ada", "/policy", "/planner", "/explore", "/compare", "/monitor",
    "/train", "/registry", "/data", "/audit",
)  # fmt: skip
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
MS = 1_000
#: ms from the click until the rows are there, and ms of the server's processor until a second later.
Took = tuple[float, float]
TITLE = "document.querySelector('[data-testid=stMain] h1') !== null"
IDLE = "document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') !== null"
#: Told apart: the frame, which is drawn before the server has said what stands in it.
SHIFTS = """() => {
    window.shifts = {all: 0, frame: 0};
    new PerformanceObserver(list => { for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        const parts = entry.sources.map(each => (each.node?.closest ? each.node : each.node?.parentElement)
            ?.closest('[data-testid]')?.dataset.testid);
        window.shifts.all += entry.value;
        if (parts.includes('stAppViewContainer')) window.shifts.frame += entry.value;
    }}).observe({type: 'layout-shift', buffered: true});
}"""


def opened(browser: Browser, address: str, width: int) -> tuple[float, float, float, float]:
    """ms to the title and to the whole page; layout shift, and that of the frame."""
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(f"({SHIFTS})()")
        started = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_function(TITLE, polling=20, timeout=120 * MS)
        title = time.perf_counter() - started
        page.wait_for_function(IDLE, polling=20, timeout=120 * MS)
        whole = time.perf_counter() - started
        page.wait_for_timeout(MS)
        moved = page.evaluate("window.shifts")
        return title * MS, whole * MS, moved["all"], moved["frame"]


def walked(page: Page, times: int) -> Iterator[float]:
    """ms from a click in the menu to the title of the page it leads to, drawn to the end."""
    links = page.get_by_test_id("stSidebarNav").get_by_role("link")
    for _ in range(times):
        for at in range(links.count()):
            before = page.url
            started = time.perf_counter()
            links.nth(at).click()
            if page.url != before:
                page.wait_for_function(f"{TITLE} && {IDLE}", polling=20, timeout=120 * MS)
                yield (time.perf_counter() - started) * MS


def listed(page: Page, address: str, run: str, times: int, pid: int) -> tuple[list[Took], list[Took]]:
    """From the choice of an order, and of a page, until the rows are there. times: pairs of them."""
    orders, pages = [], []
    for at in range(times):
        page.goto(f"{address}/score-file?run={run}")
        page.get_by_label("Users of").first.wait_for(state="attached", timeout=120 * MS)
        page.wait_for_function(IDLE, timeout=120 * MS)
        page.get_by_label("Order").click()
        chosen = page.get_by_role("option").nth(at % 2 + 1)
        chosen.wait_for()
        name = chosen.inner_text().strip()
        orders.append(_until(page, chosen.click, name, pid))
        further = page.get_by_test_id("stPagination").get_by_role("button", name=re.compile(r"\b2$"))
        pages.append(_until(page, further.click, "page 2", pid))
    return orders, pages


def _until(page: Page, act: object, told: str, pid: int) -> Took:
    before, started = processor(pid), time.perf_counter()
    act()  # type: ignore[operator]
    page.wait_for_function(
        """told => [...document.querySelectorAll('[data-testid=stMain] [aria-label]')].some(each =>
            each.ariaLabel.startsWith('Users of') && each.ariaLabel.includes(told))""",
        arg=told, polling="raf", timeout=60 * MS,
    )  # fmt: skip
    taken = (time.perf_counter() - started) * MS
    page.wait_for_timeout(MS)  # what is drawn anew below the rows would take the next click
    return taken, (processor(pid) - before) * MS


def processor(pid: int) -> float:
    """Seconds of processor time of a process and its threads so far; 0 where none is named."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(what: str, taken: list[float]) -> None:
    p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    print(f"{what:<26} p50 {statistics.median(taken):6.0f} ms   p95 {p95:6.0f} ms   n={len(taken)}", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("address")
    options.add_argument("--run", default="")
    options.add_argument("--times", type=int, default=3)
    options.add_argument("--width", type=int, default=1440)
    options.add_argument("--pid", type=int, default=0)
    options.add_argument("--pages", nargs="*", default=list(PAGES))
    asked = options.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        titles: list[float] = []
        for path in asked.pages:
            opened(browser, asked.address + path, asked.width)  # the first ever fills the caches
            found = [opened(browser, asked.address + path, asked.width) for _ in range(asked.times)]
            title, whole, moved, frame = (statistics.median(each) for each in zip(*found, strict=True))
            titles += [each[0] for each in found]
            page = path.partition("?")[0]
            print(f"{page:<14} title {title:6.0f} ms, whole {whole:6.0f} ms, shift {moved:.3f} (frame {frame:.3f})",
                  flush=True)  # fmt: skip
        if titles:
            told("first paint", titles)
        with browser.new_context(viewport={"width": asked.width, "height": 900}) as context:
            page = context.new_page()
            page.goto(asked.address)
            page.wait_for_function(f"{TITLE} && {IDLE}", timeout=120 * MS)
            list(walked(page, 1))
            told("page to page", list(walked(page, asked.times)))
            if asked.run:
                for what, taken in zip(
                    ("list in another order", "list on another page"),
                    listed(page, asked.address, asked.run, 8 * asked.times, asked.pid), strict=True,
                ):  # fmt: skip
                    told(what, [waited for waited, _ in taken])
                    if asked.pid:
                        told(f"{what}: server", [busy for _, busy in taken])
        browser.close()


if __name__ == "__main__":
    main()
