"""Contrast, names and structure of every page, light and dark, by axe-core: nothing serious that is ours to mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from core.data import schema as schemas
from core.decision import scoring
from core.decision.policy import Policy
from core.feedback import plans
from core.model import registry
from core.settings import DEMO_USERS, ROOT
from tests.e2e.running import bundled_home, dashboard

PAGES: Final = tuple(sorted(path.stem.replace("_", "-") for path in (ROOT / "pages").glob("*.py")))
GRAVE: Final = frozenset({"serious", "critical"})
#: Streamlit's menu puts sections between a list and its items, which no page can change. We write no lists.
NOT_OURS: Final = {"rules": {"list": {"enabled": False}, "listitem": {"enabled": False}}}
#: In the dark theme Streamlit writes what is chosen of several in the colour of its main button, on which white must
#: be legible: no colour does both.
CHOSEN: Final = 'data-selected="true"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a home in which a file was scored and sent to review: pages with something on them."""
    home, now = bundled_home(tmp_path_factory.mktemp("seen")), datetime.now(UTC)
    users = pd.read_csv(home.demo / DEMO_USERS, dtype=str, nrows=2_000).to_csv(index=False).encode()
    schema, model = schemas.load(home.schema_file), registry.load(home)
    done = scoring.score_file(home, "users.csv", users, schema, model, Policy(), now=now)
    plans.queue_run(home, done.run.id, by="Lea", now=now)
    with dashboard(home) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser, server: str) -> Iterator[Page]:
    scheme: Literal["light", "dark"] = request.param
    with chromium.new_context(base_url=server, color_scheme=scheme, viewport={"width": 1440, "height": 900}) as context:
        yield context.new_page()


def grave(page: Page) -> list[str]:
    """What axe-core calls serious or critical: the rule, and what is wrong with which element."""
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in Axe().run(page, options=NOT_OURS).response["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
        if CHOSEN not in str(node["target"])
    ]


def test_no_page_has_a_serious_fault(page: Page) -> None:
    faults: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto({"overview": "/", "score-file": "/score-file?run=r-0001"}.get(name, f"/{name}?as=Ada"))
        page.get_by_role("heading", level=1).first.wait_for()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        faults |= {name: found} if (found := grave(page)) else {}
    assert faults == {}
