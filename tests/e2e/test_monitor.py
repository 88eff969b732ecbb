"""The lead's journey: users who are not as they were, an incident that says so, and the way from it to its cause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from app.devtools.test_server import bundled_home, dashboard
from core.home import Home
from core.schema import schema as schemas
from core.settings import DEMO_USERS
from tests import make
from tests.e2e.gestures import titled

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
USERS = 3_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of its own, with a run of users as in training and one in which X19 has grown."""
    settings = bundled_home(tmp_path_factory.mktemp("monitored"))
    users = pd.read_csv(settings.settings.demo / DEMO_USERS, nrows=2 * USERS)
    moved = users.iloc[USERS:].assign(X19=lambda frame: frame["X19"] + 3)
    model, schema = settings.registry.load(), schemas.load(settings.settings.schema_file)
    for name, frame in (("april.csv", users.iloc[:USERS]), ("may.csv", moved)):
        payload = frame.to_csv(index=False).encode()
        settings.file_scoring.score_file(name, payload, schema, model, make.policy(), now=datetime.now(UTC))
    return settings


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with dashboard(home) as address:
        yield address


@pytest.mark.slow
def test_from_the_monitor_to_an_incident_and_its_cause(tab: Page, home: Home) -> None:
    tab.goto("/monitor?run=r-0001")
    expect(tab.get_by_role("heading", name="users of r-0001 are like those v0001 was trained on")).to_be_visible()

    tab.goto("/monitor?as=Lea")
    expect(tab.get_by_role("heading", name=re.compile(r"X19 \(PSI .*have drifted"))).to_be_visible()
    before = home.guidance.load().random_share
    tab.get_by_role("button", name="Check now").click()
    expect(tab.get_by_text("told by the log")).to_be_visible()

    found = {each.finding.sentence: each.finding for each in home.incidents.recent()}
    about = next(each for text, each in found.items() if text.startswith("X19 has drifted"))
    assert about.address == {"run": "r-0002", "feature": "X19"}
    assert home.guidance.load().random_share == 2 * before
    assert home.audit.read()[["who", "what"]].to_numpy().tolist()[0] == ["monitoring", "raise random share"]
    assert "X19 has drifted" in (home.settings.data / "logs" / "alerts.log").read_text(encoding="utf-8")

    tab.goto("/monitor?run=r-0001&as=Lea")  # another run than the one that the incident is about
    titled(tab, "Monitor")
    incident = next(each for each in home.incidents.recent() if each.finding == about)
    expect(tab.get_by_text(about.sentence)).to_be_visible()
    tab.locator(f".st-key-open-{incident.id}").get_by_role("button", name="Open").click()
    expect(tab).to_have_url(re.compile(r"run=r-0002&feature=X19|feature=X19&run=r-0002"))
    expect(tab.get_by_text(re.compile("^X19 .*share of users; bars: trained on"))).to_be_visible()
    assert tab.get_by_test_id("stException").count() == 0
