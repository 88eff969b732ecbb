"""The dashboard as a process of its own, and a browser that notices what nobody should have to look for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from core.settings import ROOT, Settings

CHROMIUM: Final = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
#: No sandbox, because tests may run as root; nothing that would call home.
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
#: What Streamlit's own script asks for beside the page before it asks at the root; there it is not found.
PROBES: Final = ("/_stcore/health", "/_stcore/host-config")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; set CHROMIUM to one"))


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the home that comes with the program, without what it has gathered."""
    theirs, ours = Settings(ROOT), Settings.of(tmp_path_factory.mktemp("bundled"))
    ours.data.mkdir()
    shutil.copytree(theirs.models, ours.models)
    shutil.copytree(theirs.demo, ours.demo)
    for path in (theirs.schema_file, theirs.glossary_file, theirs.salt_file):
        shutil.copy(path, ours.data)
    return ours


@pytest.fixture(scope="session")
def server(bundled: Settings) -> Iterator[str]:
    """The address of a dashboard of the bundled home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "--port", str(port), "--home", str(bundled.home)]
    log = (bundled.home / "server.log").open("wb")
    environment = {**os.environ, "TRUSTDESK_NO_VENV": "1"}
    with log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - ours
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not the `browser` of pytest-playwright: its address fixture warns under this pytest, and warnings are errors.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser, server: str) -> Iterator[Page]:
    """A fresh browser context; the test fails if anything was asked for elsewhere or the console told of an error."""
    elsewhere: list[str] = []
    complaints: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            elsewhere.append(request.url)

    def told(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(PROBES):
            complaints.append(f"{message.text} ({message.location['url']})")

    context = chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("request", asked)
    page.on("console", told)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert elsewhere == []
    assert complaints == []
