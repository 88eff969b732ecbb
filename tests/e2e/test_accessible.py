"""Contrast, names and structure of every page, light and dark, by axe-core: nothing serious that is ours to mend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
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
    ]


#: Of a phone and of a small notebook, in px.
WIDTHS: Final = (390, 1024)
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
def test_every_page_is_drawn_in_its_theme_without_a_serious_fault(
    tab: Page, scheme: Literal["light", "dark"], ground: str
) -> None:
    tab.emulate_media(color_scheme=scheme)
    faults: dict[str, list[str]] = {}
    for name, address in WHERE.items():
        tab.goto(address)
        tab.get_by_role("heading", level=1).first.wait_for()
        idle(tab)
        expect(tab.get_by_test_id("stApp")).to_have_css("background-color", ground)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        expect(tab.get_by_test_id("stAlert")).to_have_count(0)
        for width in (1440, *WIDTHS):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.wait_for_timeout(REFLOW)
            idle(tab)
            faults |= {f"{name} at {width}": found} if (found := grave(tab)) else {}
        tab.set_viewport_size({"width": 1440, "height": 900})
    assert faults == {}


#: Layout shift of a page, without that of the frame round all pages, which the framework draws before it knows them.
SHIFTS: Final = """() => {
    window.shifted = 0;
    new PerformanceObserver(list => { for (const entry of list.getEntries()) {
        const frame = entry.sources.some(each => (each.node?.closest ? each.node : each.node?.parentElement)
            ?.closest('[data-testid]')?.dataset.testid === 'stAppViewContainer');
        if (!entry.hadRecentInput && !frame) window.shifted += entry.value;
    }}).observe({type: 'layout-shift', buffered: true});
}"""
MOST_SHIFT: Final = 0.1


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_little_of_a_page_jumps_while_it_comes(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.add_init_script(f"({SHIFTS})()")
    shifted: dict[str, float] = {}
    for name, address in WHERE.items():
        tab.goto(address)
        tab.get_by_role("heading", level=1).first.wait_for()
        idle(tab)
        tab.wait_for_timeout(1_000)
        shifted[name] = float(tab.evaluate("window.shifted"))
    assert {name: round(shift, 3) for name, shift in shifted.items() if shift > MOST_SHIFT} == {}
