"""Several processes of the dashboard behind one port: each browser stays with one, and one that dies comes back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from app.devtools.test_server import free_port, wait
from app.web.load_balancer import COOKIE, ELSEWHERE
from core.home import Home
from core.settings import DEMO_USERS, ROOT, child_environment
from tests import forked
from tests.e2e.gestures import drop, table

_NGINX = shutil.which("nginx") or shutil.which("nginx", path=ELSEWHERE)
pytestmark = pytest.mark.skipif(
    _NGINX is None or sys.platform != "linux", reason="there is no nginx, or no /proc to look at"
)
#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def several(bundled: Home) -> Iterator[tuple[str, int]]:
    """The address of two processes, and the id of the one that keeps them."""
    port = free_port()
    command = [sys.executable, "-m", "app", "--home", str(bundled.settings.home), "--port", str(port), "--workers", "2"]
    environment = child_environment(bundled.settings.home) | {"TRUSTDESK_NO_VENV": "1"}
    log = (bundled.settings.home / "several.log").open("wb")
    with (
        forked.real_processes(),  # whose children are looked at
        log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,
    ):  # fmt: skip
        try:
            wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}", process.pid
            kept = children(process.pid)
        finally:
            process.terminate()
            process.wait(30)
    assert len(kept) == 3
    assert not [pid for pid in kept if (Path("/proc") / str(pid)).exists()]


def dashboards(keeper: int) -> set[int]:
    """The processes of Streamlit that it keeps."""
    return {pid for pid in children(keeper) if b"streamlit" in (Path("/proc") / str(pid) / "cmdline").read_bytes()}


def children(parent: int) -> list[int]:
    listed = (Path("/proc") / str(parent) / "task" / str(parent) / "children").read_text(encoding="ascii")
    return [int(pid) for pid in listed.split()]


@pytest.mark.slow
def test_browsers_are_shared_out_and_each_stays_with_its_process(
    several: tuple[str, int], chromium: Browser, bundled: Home, tmp_path: Path
) -> None:
    """With a page, a websocket or an upload at the wrong process no table would come."""
    address, keeper = several
    users = tmp_path / "users.csv"
    pd.read_csv(bundled.settings.demo / DEMO_USERS, dtype=str, nrows=200).to_csv(users, index=False)
    cookies = set()
    for _ in range(4):
        with chromium.new_context(base_url=address, viewport={"width": 1440, "height": 900}) as context:
            page = context.new_page()
            page.goto("/score-file")
            drop(page, users)
            expect(table(page).locator("tbody tr").first).to_contain_text("(+")
            cookies |= {each["value"] for each in context.cookies() if each["name"] == COOKIE}
    assert len(cookies) == 4
    assert len(bundled.runs.recent()) == 4
    assert len(dashboards(keeper)) == 2


@pytest.mark.slow
def test_a_process_that_dies_is_started_again(several: tuple[str, int], chromium: Browser) -> None:
    address, keeper = several
    before = dashboards(keeper)
    for process in before:
        os.kill(process, signal.SIGKILL)
    until = time.monotonic() + 60
    while len(dashboards(keeper) - before) < 2:
        assert time.monotonic() < until, "they did not come back"
        time.sleep(0.1)
    with chromium.new_context(base_url=address) as context:
        page = context.new_page()
        while time.monotonic() < until + 60:
            answer = page.goto("/")
            if answer is not None and answer.ok:
                break
        expect(page.get_by_role("heading", name="Overview", exact=True, level=1)).to_be_visible()
