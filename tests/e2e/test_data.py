"""A policy is changed, a run of before is scored again, and the user whom that flags is sent to review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from app.devtools.test_server import dashboard
from core.home import Home
from core.policy.rules import Condition, Rule
from tests import make
from tests.core.review import reviewing
from tests.e2e.gestures import idle, select_row, titled

expect.set_options(timeout=60_000)
PLANTED = Rule("Planted", "exactly", "human_review", (Condition("name", "=", ("the planted one",)),), "live", "planted")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two runs, of the older of which one user does what only the rule of today asks for."""
    home = Home.open(tmp_path_factory.mktemp("small"))
    make.trained_home(home)
    frame = make.users(200, seed=3).drop(columns="spam")
    frame.loc[7, ["links", "verified", "ratio"]] = [0, 1, -2.0]
    frame.loc[7, "name"] = "the planted one"
    reviewing.scored(home, frame, home.policies.in_force())
    reviewing.scored(home, make.users(50, seed=4).drop(columns="spam"), home.policies.in_force())
    home.policies.save(replace(home.policies.in_force(), rules=(PLANTED,)), by="Lea", now=make.NOW)
    return home


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with dashboard(home) as address:
        yield address


@pytest.mark.slow
def test_a_rescan_finds_a_planted_user_and_queues_it(tab: Page, home: Home) -> None:
    tab.goto("/data?as=Lea")
    titled(tab, "Data")
    idle(tab)
    select_row(tab, 1, table=1)
    expect(tab.get_by_text("r-0001 of users.csv, by v0001 under p0001")).to_be_visible()
    tab.get_by_role("button", name="Rescan").click()
    # The run that has come stands on top now, and what was selected is what is selected.
    expect(tab.get_by_text("What changed from r-0001 to r-0003")).to_be_visible()
    expect(tab.get_by_text("1 newly flagged, 0 no longer.")).to_be_visible()
    idle(tab)
    tab.get_by_role("button", name="Send to review").click()
    tab.get_by_role("button", name="Queue 1 user").click()
    expect(tab.get_by_text("1 queued")).to_be_visible()
    assert [(case.user, case.run, case.decided_by) for case in reviewing.waiting(home)] == [
        ("u3-7", "r-0003", "rule:Planted")
    ]
