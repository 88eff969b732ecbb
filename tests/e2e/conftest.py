"""A dashboard of the bundled home, and a browser that notices what nobody should have to look for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from app.devtools import test_server
from app.devtools.test_server import bundled_home, dashboard
from core.home import Home

CHROMIUM: Final = os.environ.get("CHROMIUM") or test_server.chromium()
#: What Streamlit's own script asks for beside the page before it asks at the root; there it is not found.
PROBES: Final = ("/_stcore/health", "/_stcore/host-config")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = f"{Path(__file__).parent}/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; set CHROMIUM to one"))


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home for each file of tests, so that none depends on what another has left."""
    return bundled_home(tmp_path_factory.mktemp("bundled"))


@pytest.fixture(scope="module")
def server(bundled: Home) -> Iterator[str]:
    with dashboard(bundled) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not the `browser` of pytest-playwright: its address fixture warns under this pytest, and warnings are errors.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(test_server.QUIET))
        yield browser
        browser.close()


@pytest.fixture
def excused(request: pytest.FixtureRequest) -> str:
    """What the console may tell of, as a pattern; given by the test that provokes it."""
    return str(getattr(request, "param", ""))


@pytest.fixture
def tab(chromium: Browser, server: str, excused: str) -> Iterator[Page]:
    """A fresh browser context; the test fails if anything was asked for elsewhere or the console told of an error."""
    elsewhere: list[str] = []
    complaints: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            elsewhere.append(request.url)

    def told(message: ConsoleMessage) -> None:
        known = message.location["url"].endswith(PROBES) or bool(excused and re.search(excused, message.text))
        if message.type == "error" and not known:
            complaints.append(f"{message.text} ({message.location['url']})")

    context = chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.on("request", asked)
    page.on("console", told)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert elsewhere == []
    assert complaints == []
