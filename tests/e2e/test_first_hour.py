"""The first hour on the demo: the five steps of Overview, each a click, with real results, until all are done.

It is worked through with the network cut, server and browser included, wherever the system lets a test do that.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from core.home import Home
from core.settings import DEMO_LABELLED
from tests.e2e import alone
from tests.e2e.desk import on_desk, press, rows
from tests.e2e.gestures import by_menu, idle, popover, queue_run, run_in, titled

#: Succeeds where an address can be reached that is not this machine's.
OUT = "import socket; socket.create_connection(('192.0.2.1', 443), 5)"
#: Models are learnt on the way, on a busy machine.
expect.set_options(timeout=60_000)


def step(page: Page, done: int, button: str) -> None:
    """Back to Overview, where so many steps are done, and on by the button of one of them."""
    by_menu(page, "Overview")
    expect(page.get_by_text(f"{done} of 5 steps on the demo data")).to_be_visible()
    page.locator("[class*=st-key-tour-]").get_by_role("button", name=button, exact=True).click()


def explored(page: Page, home: Home) -> None:
    page.goto("/")
    titled(page, "Overview")
    step(page, 0, "Explore")
    titled(page, "Explore")
    (known,) = home.datasets.labelled()
    assert known.name == DEMO_LABELLED
    expect(page.get_by_text(f"{known.accepted:,} users × 51 features")).to_be_visible()
    expect(page.get_by_text(re.compile("^Distribution of X"))).to_be_visible()


def scored(page: Page, home: Home) -> None:
    step(page, 1, "Score the demo file")
    titled(page, "Score a file")
    (run,) = home.runs.recent()
    assert run_in(page) == run.id
    expect(page.get_by_text(f"{run.received:,} users received, {run.users:,} scored")).to_be_visible()
    assert len(home.runs.scores(run.id)) == run.users


def judged(page: Page, home: Home) -> None:
    step(page, 2, "Send to review")
    titled(page, "Score a file")
    queue_run(page, "Nia")
    planned = home.runs.plan(run_in(page))
    assert planned is not None
    assert planned["chosen"].sum() > 0
    step(page, 2, "Review")
    user = on_desk(page)
    press(page, "s")
    assert rows(home, "Nia")[["user", "verdict"]].to_numpy().tolist() == [[user, "spammer"]]


def compared(page: Page, home: Home) -> None:
    step(page, 3, "Train")
    titled(page, "Train")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="t-0001, XGBoost, has a PR-AUC of")).to_be_visible()
    kept = home.training_runs.find("t-0001")
    assert (kept.by, kept.data.name, kept.version) == ("Nia", DEMO_LABELLED, "v0002")
    step(page, 4, "Compare")
    titled(page, "Compare models")
    expect(page.get_by_role("heading", name=re.compile(r"v0002.* PR-AUC"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"users? changes? band"))).to_be_visible()


def retrained(page: Page, home: Home) -> None:
    step(page, 4, "Retrain")
    titled(page, "Train")
    page.get_by_role("button", name="Retrain", exact=True).click()
    popover(page).get_by_role("button", name="Retrain", exact=True).click()
    expect(page.get_by_text(re.compile(r"^v0003, "))).to_be_visible()
    found = home.gate_reports.kept("v0003")
    assert found is not None
    expect(page.get_by_text(found.sentence[:40])).to_be_visible()
    expect(popover(page)).to_have_count(0)


def test_the_network_is_cut() -> None:
    if alone.is_cut():
        pytest.skip("the network is cut already")
    if why := alone.why_not():
        pytest.skip(why)
    assert "unreachable" in alone.python("-c", OUT).stderr


@pytest.mark.slow  # the hour itself: a model is trained, and another one
def test_the_first_hour_is_five_clicks_with_real_results(request: pytest.FixtureRequest) -> None:
    if alone.is_cut() or alone.why_not():
        worked_through(request.getfixturevalue("tab"), request.getfixturevalue("bundled"))
    else:
        done = alone.python("-m", "pytest", "-q", "-p", "no:cacheprovider", request.node.nodeid)
        assert done.returncode == 0, done.stdout
        assert "1 passed" in done.stdout


def worked_through(tab: Page, bundled: Home) -> None:
    for part in (explored, scored, judged, compared, retrained):
        part(tab, bundled)

    by_menu(tab, "Overview")
    expect(tab.get_by_text("The first hour", exact=False)).to_have_count(0)
    idle(tab)
    assert bundled.registry.champion() == "v0001"
    assert bundled.registry.versions() == ("v0001", "v0002", "v0003")
    told = bundled.audit.read()[["who", "what", "about"]]
    assert ["Nia", "retrain", "v0003"] in told.to_numpy().tolist()
