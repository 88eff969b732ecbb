"""Contrast, names and structure of every page, light and dark, by axe-core: nothing serious that is ours to mend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from playwright.sync_api import TimeoutError as NeverError

from app.devtools.test_server import bundled_home, dashboard
from core.settings import ROOT
from tests.e2e.gestures import idle
from tests.e2e.homes import queued

expect.set_options(timeout=60_000)
PAGES: Final = tuple(sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
PANELS: Final = ("Triage", "Done", "Figures", "Guidance")
#: Address by page, and by panel of Review.
WHERE: Final = {
    **{page: f"/{page.replace('_', '-')}?as=Ada" for page in PAGES},
    **{panel: f"/review?as=Ada&review_panel={panel}" for panel in PANELS},
    "overview": "/", "score_file": "/score-file?run=r-0001",
}  # fmt: skip
GRAVE: Final = frozenset({"serious", "critical"})
#: Streamlit's menu puts sections between a list and its items, which no page can change. We write no lists.
NOT_OURS: Final = {"rules": {"list": {"enabled": False}, "listitem": {"enabled": False}}}
#: In the dark theme Streamlit writes what is chosen of several in the colour of its main button, on which white must
#: be legible: no colour does both.
CHOSEN: Final = 'data-selected="true"'
#: A table that is wider than the page is scrolled in a box that Streamlit gives no tabindex. Browsers let Tab reach it
#: all the same, which is tested below.
SCROLLED: Final = "scrollable-region-focusable"
IN_TABLE: Final = "selector => document.querySelector(selector)?.closest('[data-testid=stTable]') !== null"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a home in which a file was scored and sent to review: pages with something on them."""
    home = bundled_home(tmp_path_factory.mktemp("seen"))
    queued(home, 2_000)
    with dashboard(home) as address:
        yield address


def grave(page: Page) -> list[str]:
    """What axe-core calls serious or critical: the rule, and what is wrong with which element."""
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in Axe().run(page, options=NOT_OURS).response["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
        if CHOSEN not in str(node["target"])
        if each["id"] != SCROLLED or not page.evaluate(IN_TABLE, node["target"][0])
    ]


#: Of a phone and of a small notebook, in px; the height of every window.
WIDTHS: Final = (390, 1024)
HEIGHT: Final = 900
#: Whether what a page shows stays within its right edge; tables and figures scroll or shrink by themselves.
WITHIN: Final = """() => ['stApp', 'stMain', 'stMainBlockContainer'].every(id => {
    const part = document.querySelector(`[data-testid=${id}]`);
    return part.scrollWidth <= part.clientWidth;
})"""
#: Milliseconds after which a page has begun to follow its window, and those that it may take.
REFLOW: Final = 500
FOLLOWS: Final = 5_000


@pytest.mark.slow
def test_no_page_is_wider_than_a_phone_or_a_small_notebook(tab: Page) -> None:
    over = []
    for name, address in WHERE.items():
        tab.goto(address)
        tab.get_by_role("heading", level=1).first.wait_for()
        idle(tab)
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 844})
            try:
                tab.wait_for_function(WITHIN, timeout=FOLLOWS)
            except NeverError:
                over.append(f"{name} at {width}")
    assert over == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "ground"),
    [("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 20, 23)")],
)
@pytest.mark.parametrize("width", [1440, *reversed(WIDTHS)])
def test_every_page_is_drawn_in_its_theme_without_a_serious_fault(
    tab: Page, width: int, scheme: Literal["light", "dark"], ground: str
) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": HEIGHT})
    faults: dict[str, list[str]] = {}
    for name, address in WHERE.items():
        tab.goto(address)
        tab.get_by_role("heading", level=1).first.wait_for()
        idle(tab)
        expect(tab.get_by_test_id("stApp")).to_have_css("background-color", ground)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        expect(tab.get_by_test_id("stAlert")).to_have_count(0)
        tab.wait_for_timeout(REFLOW)
        idle(tab)
        faults |= {name: found} if (found := grave(tab)) else {}
    assert faults == {}


@pytest.mark.slow
def test_the_keyboard_alone_scrolls_a_table_that_is_wider_than_a_phone(tab: Page) -> None:
    tab.set_viewport_size({"width": min(WIDTHS), "height": HEIGHT})
    tab.goto(WHERE["Figures"])
    tab.get_by_test_id("stTable").wait_for()
    idle(tab)
    tab.get_by_test_id("stNumberInputField").focus()
    for _ in range(5):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.closest('[data-testid=stTable]') !== null"):
            break
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function(
        "document.activeElement.closest('[data-testid=stTable]') && document.activeElement.scrollLeft"
    )


#: What moved in each frame: its share of layout shift, when, and of what moved most the part it is in and the boxes
#: before and after, in px. Nothing within half a second of a key or a click, which is asked for.
MOVED: Final = """() => {
    window.moved = [];
    const box = each => [each.x, each.y, each.width, each.height];
    new PerformanceObserver(list => { for (const entry of list.getEntries()) {
        if (!entry.hadRecentInput) window.moved.push({
            value: entry.value, at: entry.startTime, parts: entry.sources.map(each => [
                (each.node?.closest ? each.node : each.node?.parentElement)?.closest('[data-testid]')?.dataset.testid,
                box(each.previousRect), box(each.currentRect),
            ]),
        });
    }}).observe({type: 'layout-shift', buffered: true});
}"""
#: Boxes of the frame round all pages: Streamlit draws them, empty, before the server has told of menu and width.
FRAME: Final = frozenset(
    {"stAppViewContainer", "stMain", "stMainBlockContainer", "stSidebar", "stSidebarContent", "stSidebarUserContent"}
)
#: How Streamlit fetches what draws a kind of widget.
WIDGETS: Final = re.compile(
    r"/static/js/(Button|ButtonGroup|Checkbox|DataFrame|DateInput|DownloadButton|Metric|Multiselect|NumberInput|"
    r"Pagination|PlotlyChart|Progress|Radio|Selectbox|Slider|Table|TextArea|TextInput)\."
)
MOST_SHIFT: Final = 0.1
#: A burst of shifts ends after so many ms without one, and lasts so many at most: https://web.dev/articles/cls.
PAUSE, BURST = 1_000, 5_000


def shift(moved: Iterable[Mapping[str, Any]], width: int) -> float:
    """Cumulative layout shift: that of the worst burst. moved: as `MOVED` tells it, in order; width: of the window."""
    worst = burst = 0.0
    first = last = float("-inf")
    for each in moved:
        if each["at"] - last > PAUSE or each["at"] - first > BURST:
            burst, first = 0.0, each["at"]
        burst, last = burst + own_shift(each, width), each["at"]
        worst = max(worst, burst)
    return worst


def own_shift(moved: Mapping[str, Any], width: int) -> float:
    """Without the frame: where it moved too, of what the page moved, the share of the window times how far."""
    own = [(before, after) for name, before, after in moved["parts"] if name not in FRAME]
    if len(own) == len(moved["parts"]):
        return float(moved["value"])
    area = sum(max(seen(before, width), seen(after, width)) for before, after in own) / (width * HEIGHT)
    far = max((max(abs(a - b) for a, b in zip(*boxes, strict=True)) for boxes in own), default=0) / max(width, HEIGHT)
    return min(float(moved["value"]), min(area, 1) * min(far, 1))


def seen(box: Sequence[float], width: int) -> float:
    """Of a box, the px within the window."""
    x, y, wide, high = box
    return max(min(x + wide, width) - max(x, 0), 0) * max(min(y + high, HEIGHT) - max(y, 0), 0)


def test_shifts_count_in_bursts_and_without_the_frame() -> None:
    one: dict[str, Any] = {"value": 0.04, "parts": [["stMarkdown", [0, 0, 100, 100], [0, 50, 100, 100]]]}
    frame: dict[str, Any] = {"value": 0.2, "at": 0, "parts": [["stMain", [0, 0, 1000, 900], [208, 0, 792, 900]]]}
    assert shift([], 1000) == 0
    assert shift([frame, {**one, "at": 100}, {**one, "at": 900}], 1000) == 0.08
    assert shift([{**one, "at": at} for at in (0, 2_000)], 1000) == 0.04
    assert shift([{**one, "at": at} for at in range(0, 7_000, 900)], 1000) == pytest.approx(6 * 0.04)
    both = {**frame, "parts": [*frame["parts"], ["stMarkdown", [0, 0, 1000, 450], [0, 450, 1000, 450]]]}
    assert shift([both], 1000) == pytest.approx(0.2), "never more than there was"
    assert own_shift({**both, "value": 1.0}, 1000) == pytest.approx(0.5 * 450 / 1000)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "late"), [("light", False), ("light", True), ("dark", True)])
@pytest.mark.parametrize("width", [1440, *reversed(WIDTHS)])
def test_little_of_a_page_jumps_while_it_comes(
    chromium: Browser, server: str, width: int, scheme: Literal["light", "dark"], *, late: bool
) -> None:
    """Each page in a browser that has seen none of it, also on a line on which all widgets come after all words."""
    shifts = {
        name: shift(opened(chromium, server + address, width, scheme, late=late), width)
        for name, address in WHERE.items()
    }
    assert {name: round(found, 3) for name, found in shifts.items() if found > MOST_SHIFT} == {}


def opened(
    chromium: Browser, address: str, width: int, scheme: Literal["light", "dark"], *, late: bool
) -> list[dict[str, Any]]:
    """What moved while a page came; late: what draws widgets is held back until the page has been told to the end."""
    held, holding = list[Route](), late

    def fetched(route: Route) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    with chromium.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.add_init_script(f"({MOVED})()")
        page.route(WIDGETS, fetched)
        page.goto(address)
        page.get_by_role("heading", level=1).first.wait_for()
        idle(page)
        page.wait_for_timeout(REFLOW)
        holding = False
        for route in held:
            route.continue_()
        page.wait_for_timeout(2 * PAUSE)
        return list(page.evaluate("window.moved"))
