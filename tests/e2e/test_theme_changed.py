"""A theme that is changed while a page is open: every page heals by itself, both ways; the desk with its next case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NeverError

from app.devtools.test_server import bundled_home, dashboard
from tests.e2e.gestures import idle
from tests.e2e.homes import queued
from tests.e2e.test_accessible import WHERE, grave

expect.set_options(timeout=60_000)
#: What of the charts does not suit the ground of the page: words below 4.5 to 1, and boxes and grid lines that stand
#: out from it as those of the other theme do. Marks without a letter, such as those of actions, are no words.
ODD: Final = r"""() => {
    const parts = colour => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(each => each / 255)
        .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, i) => sum + each * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = light(parts(getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor));
    const ratio = colour => (Math.max(light(colour), ground) + 0.05) / (Math.min(light(colour), ground) + 0.05);
    const drawn = each => each.getBoundingClientRect().width || each.getBoundingClientRect().height;
    const all = selector => [...document.querySelectorAll(selector)].filter(drawn);
    const words = all('.js-plotly-plot svg text, .js-plotly-plot svg tspan')
        .filter(each => /[\p{L}\p{N}]/u.test(each.textContent) && ratio(parts(getComputedStyle(each).fill)) < 4.5)
        .map(each => each.textContent);
    const seen = (colour, opacity) => colour.length > 2 && colour[3] !== 0 && opacity !== '0' && ratio(colour) > 3;
    const boxes = all('.js-plotly-plot svg rect.bg, .js-plotly-plot .annotation rect')
        .filter(each => seen(parts(getComputedStyle(each).fill), getComputedStyle(each).fillOpacity))
        .map(each => `box ${getComputedStyle(each).fill}`);
    const papers = all('.js-plotly-plot svg.main-svg')
        .filter(each => seen(parts(getComputedStyle(each).backgroundColor), '1')).map(() => 'paper');
    const lines = all('.js-plotly-plot .gridlayer path')
        .filter(each => seen(parts(getComputedStyle(each).stroke), getComputedStyle(each).strokeOpacity))
        .map(each => `grid ${getComputedStyle(each).stroke}`);
    return [...words, ...boxes, ...papers, ...lines];
}"""
SUITS: Final = f"() => ({ODD})().length === 0"
#: Of all, those that have charts in a home like this one.
CHARTS: Final = frozenset({"explore", "monitor", "planner", "policy", "registry", "review", "score_file", "score_user"})
THEMES: Final[tuple[tuple[Literal["light", "dark"], str], ...]] = (
    ("dark", "rgb(17, 20, 23)"),
    ("light", "rgb(255, 255, 255)"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = bundled_home(tmp_path_factory.mktemp("themes"))
    queued(home, 300)
    with dashboard(home) as address:
        yield address


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", WHERE)
def test_a_page_heals_when_its_theme_is_changed_while_it_is_open(tab: Page, name: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme="light")
    tab.goto(WHERE[name])
    tab.get_by_role("heading", level=1).first.wait_for()
    idle(tab)
    if name in CHARTS:
        tab.locator(".js-plotly-plot text").first.wait_for()
    tab.wait_for_function(SUITS)
    for scheme, ground in THEMES:
        tab.emulate_media(color_scheme=scheme)
        if name == "review":  # it is not drawn anew between a key and what it judges, but with the next case
            tab.keyboard.press("ArrowRight")
        expect(tab.get_by_test_id("stApp")).to_have_css("background-color", ground)
        try:
            tab.wait_for_function(SUITS)
        except NeverError:
            assert tab.evaluate(ODD) == [], f"{name} does not become {scheme}"
        idle(tab)
        assert grave(tab) == [], scheme
