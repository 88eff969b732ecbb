"""Every action of every page by keyboard: Tab reaches it, is caught nowhere, and shows where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Final

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from app.devtools.test_server import bundled_home, dashboard
from core.home import Home
from core.settings import DEMO_USERS, ROOT
from tests.e2e.gestures import idle, popover
from tests.e2e.homes import queued

expect.set_options(timeout=60_000)
PAGES: Final = tuple(sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
WHERE: Final = {
    "overview": "/", "score_file": "/score-file?run=r-0001", "score_user": "/score-user?run=r-0001&row=1",
    "user": f"/user?id={pd.read_csv(Home.open(ROOT).settings.demo / DEMO_USERS, nrows=1)['user_id'][0]}",
}  # fmt: skip
#: Finds what can be acted on and is in sight, by what stands before it: of a group of choices that the arrow keys lead
#: through, any one. A table is one stop; what its cells hold is led to by arrow keys. What is folded away counts once
#: it is open. `look` is what a person could see change.
FINDER: Final = """
() => {
  const ACTIONS = 'button, a[href], input, select, textarea, summary, [role=tab], [role=slider], [tabindex]';
  const group = each => {
    const radios = each.closest('[role=radiogroup], [role=tablist]');
    if (radios && (each.matches('[role=radio], [role=tab], input[type=radio]'))) return radios;
    return each.closest('[data-testid=stDataFrameResizable]') && !each.closest('button') ? each.closest(
      '[data-testid=stDataFrameResizable]') : each;
  };
  const acts = each => each.matches('input[type=radio], [role=radio], [role=tab]')
    || each.matches(':not([tabindex="-1"])');
  const seen = each => each.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && each.getBoundingClientRect().width > 0;
  const look = each => {
    const told = [];
    document.getAnimations().filter(run => run instanceof CSSTransition).forEach(run => run.finish());
    for (let at = each, up = 0; at && up < 4; at = at.parentElement, up++) {
      const style = getComputedStyle(at);
      told.push(style.outlineStyle === 'none' ? '' : style.outline, style.boxShadow, style.borderColor,
        style.backgroundColor, style.textDecorationLine);
    }
    return told.join('|');
  };
  const name = each => (each.getAttribute('aria-label') || each.innerText || each.title || each.id || each.className
    || '').toString().trim().slice(0, 60) + ' <' + each.tagName.toLowerCase() + '>';
  window.ours = {
    start(within) {
      const found = [...document.querySelectorAll(within)].flatMap(part => [...part.querySelectorAll(ACTIONS)]);
      this.wanted = new Set(found.filter(each => !each.disabled && acts(each) && seen(each)).map(group));
      this.plain = new Map(found.map(each => [each, look(each)]));
      this.reached = new Set(); this.unseen = new Set(); this.within = within;
      return this.wanted.size;
    },
    step() {
      const at = document.activeElement;
      if (!at || at === document.body) return 'outside';
      if (this.passed === at) return 'stuck';
      this.passed = at;
      if (!at.closest(this.within)) return 'elsewhere';
      if (this.reached.has(at)) return 'again';
      this.reached.add(at); this.reached.add(group(at));
      if (at.tagName !== 'CANVAS' && this.plain.has(at) && this.plain.get(at) === look(at)) this.unseen.add(name(at));
      return 'new';
    },
    left() { return [...this.wanted].filter(each => each.isConnected && !this.reached.has(each)).map(name); },
    dark() { return [...this.unseen]; },
  };
}
"""
MOST: Final = 250
#: Tab goes through the cells of a row of a table, and then on.
CELLS: Final = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a home in which a file was scored and sent to review: pages with something on them."""
    home = bundled_home(tmp_path_factory.mktemp("keys"))
    queued(home, 400)
    shutil.copytree(
        home.settings.models / "v0001", home.settings.models / "v0002"
    )  # something to compare with and to promote
    with dashboard(home) as address:
        yield address


def visited(page: Page, name: str) -> None:
    page.goto(WHERE.get(name, f"/{name.replace('_', '-')}?as=Ada"))
    page.get_by_role("heading", level=1).first.wait_for()
    idle(page)


def tabbed(page: Page, within: str) -> dict[str, list[str]]:
    """Press Tab until it has been everywhere; what was not reached, and where nothing showed where it was."""
    page.evaluate(FINDER)
    wanted = page.evaluate("within => ours.start(within)", within)
    assert wanted > 0
    stuck, again = 0, 0
    for _ in range(MOST):
        page.keyboard.press("Tab")
        was = page.evaluate("ours.step()")
        stuck, again = (stuck + 1 if was == "stuck" else 0), again + (was == "again")
        if again or stuck > CELLS:
            break
    found = {"not reached": page.evaluate("ours.left()"), "caught": ["here"] * (stuck > CELLS)}
    return {what: names for what, names in (found | {"not shown": page.evaluate("ours.dark()")}).items() if names}


def opened(page: Page, button: Locator) -> dict[str, list[str]]:
    """Open what a button hides, Tab through it and close it, by keys alone."""
    button.focus()
    page.keyboard.press("Enter")
    expect(popover(page)).to_be_visible()
    idle(page)
    found = tabbed(page, "[data-testid=stPopoverBody]") if popover(page).locator("button, input").count() else {}
    page.keyboard.press("Escape")
    expect(popover(page)).to_have_count(0)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_action_is_reached_by_tab_and_shown(tab: Page, name: str) -> None:
    visited(tab, name)

    assert tabbed(tab, "[data-testid=stMain], [data-testid=stSidebar], [data-testid=stBottom]") == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_what_a_button_hides_opens_is_reached_and_closes_by_keys(tab: Page, name: str) -> None:
    visited(tab, name)
    buttons = [each for each in tab.get_by_test_id("stPopover").get_by_role("button").all() if each.is_enabled()]

    found = {button.inner_text(): opened(tab, button) for button in buttons}
    assert {button: faults for button, faults in found.items() if faults} == {}
