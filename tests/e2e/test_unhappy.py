"""When things go wrong: the way back, a server that is lost, an account that changes, a session that ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.home import Home
from core.settings import DEMO_USERS
from tests.e2e.desk import case_of, lines, on_desk, press, rows, taken_up, user_of
from tests.e2e.gestures import by_menu, cells, drop, idle, open_user, run_in, titled
from tests.e2e.homes import Fragile, queued

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
PASSWORDS = {"Root": "the lead of all admins", "Ines": "a reviewer, for now"}
#: What Chromium and Streamlit tell of a server that is not there.
GONE = "ERR_|No response|not responding|WebSocket|timeout"
#: What Chromium tells of an answer that refuses.
REFUSED = "Failed to load resource"
UPLOAD = re.compile(r"/_stcore/upload_file/")
SEND = """async ([url, headers]) => {
    const body = new FormData();
    body.append("file", new Blob(["user_id\\n"]), "again.csv");
    const answer = await fetch(url, {method: "PUT", body, headers});
    return `${answer.status} ${await answer.text()}`;
}"""


@pytest.fixture(scope="module")
def run(bundled: Home) -> str:
    """A run of the home, sent to review."""
    return queued(bundled, 400)


@pytest.fixture(scope="module")
def fragile(bundled: Home, run: str) -> Iterator[Fragile]:
    running = Fragile(bundled)
    yield running
    running.lost()


@pytest.fixture(scope="module")
def server(fragile: Fragile) -> str:
    return fragile.address


@pytest.fixture(scope="module")
def team(bundled: Home) -> None:
    """Accounts, so that nobody comes in by a name alone any more: for the last tests."""
    now = datetime.now(UTC)
    bundled.accounts.create("Root", "admin", PASSWORDS["Root"], now=now)
    bundled.accounts.create("Ines", "reviewer", PASSWORDS["Ines"], now=now)


def step(page: Page, way: Literal["back", "forward"], address: str) -> None:
    """Press Back or Forward until an address is there: one that Streamlit leads to has two entries in the history."""
    for _ in range(6):
        page.go_back() if way == "back" else page.go_forward()
        idle(page)
        if re.search(address, page.url):
            return
    raise AssertionError(page.url)


@pytest.mark.slow
def test_back_and_forward_lead_through_pages_runs_and_users_and_score_nothing_again(
    tab: Page, bundled: Home, run: str, tmp_path: Path
) -> None:
    file = tmp_path / "late.csv"
    pd.read_csv(bundled.settings.demo / DEMO_USERS, dtype=str, nrows=60).to_csv(file, index=False)
    tab.goto("/")
    titled(tab, "Overview")
    by_menu(tab, "Score a file")
    drop(tab, file)
    expect(tab.get_by_text("60 scored")).to_be_visible()
    idle(tab)
    ours, first = run_in(tab), cells(tab, "user_id")[0]
    open_user(tab, 0)
    expect(tab.get_by_role("heading", name=f"User {first}", exact=True)).to_be_visible()
    by_menu(tab, "Registry")
    known = bundled.runs.recent()

    step(tab, "back", rf"/score-user\?run={ours}&open=(\d+)&row=\1$")
    expect(tab.get_by_role("heading", name=f"User {first}", exact=True)).to_be_visible()
    step(tab, "back", rf"/score-file\?run={ours}&open=(\d+)&row=\1$")
    expect(tab.get_by_text("60 scored")).to_be_visible()
    expect(tab.get_by_role("button", name="Full page")).to_be_visible()
    step(tab, "back", rf"/score-file\?run={ours}&open=\d+$")
    step(tab, "back", rf"/score-file\?run={ours}$")
    assert cells(tab, "user_id")[0] == first
    step(tab, "back", r"/score-file$")
    expect(tab.get_by_test_id("stFileUploader")).to_be_visible()
    step(tab, "back", r":\d+/$")
    titled(tab, "Overview")
    step(tab, "forward", rf"/score-user\?run={ours}&open=(\d+)&row=\1$")
    expect(tab.get_by_role("heading", name=f"User {first}", exact=True)).to_be_visible()
    assert bundled.runs.recent() == known
    assert [each.id for each in known] == [ours, run]
    icons = tab.locator("link[rel~='icon']").evaluate_all("all => all.map(one => one.href)")
    assert icons, "no icon"
    assert all(icon.startswith("data:") for icon in icons), "one that the server may have dropped"


@pytest.mark.slow
@pytest.mark.parametrize("excused", [GONE], indirect=True, ids=["lost"])
def test_a_server_lost_in_the_middle_of_a_review_loses_no_verdict(tab: Page, bundled: Home, fragile: Fragile) -> None:
    tab.goto("/review?as=Uma")
    given = []
    for key, word in (("s", "spammer"), ("l", "legitimate")):
        given.append((on_desk(tab), word, ""))
        press(tab, key)
    user, case = user_of(tab), case_of(tab)
    session = bundled.cases.find(case).claimed_session

    fragile.lost()
    expect(tab.get_by_text("Connection error", exact=True)).to_be_visible()
    assert lines(rows(bundled, "Uma")) == given
    fragile.back()

    expect(tab.get_by_text("Connection error", exact=True)).to_have_count(0)
    taken_up(tab, bundled, case, session)
    assert (user_of(tab), case_of(tab)) == (user, case)
    press(tab, "u")
    given.append((user, "unsure", ""))
    assert lines(rows(bundled, "Uma")) == given


@pytest.mark.slow
@pytest.mark.parametrize("excused", [GONE], indirect=True, ids=["lost"])
def test_who_loses_role_account_or_session_signs_in_again_and_loses_nothing(
    tab: Page, bundled: Home, fragile: Fragile, team: None
) -> None:
    tab.goto("/review")
    sign_in(tab)
    given = [(on_desk(tab), "spammer", "")]
    press(tab, "s")
    case = case_of(tab)

    bundled.accounts.change("Ines", role="analyst", now=datetime.now(UTC))
    tab.keyboard.press("l")
    expect(tab.get_by_text(re.compile("Ines is an analyst here, a role that may not judge"))).to_be_visible()
    assert lines(rows(bundled, "Ines")) == given
    assert bundled.cases.find(case).status == "open"

    bundled.accounts.remove("Ines")
    tab.get_by_test_id("stSidebarNav").get_by_role("link", name="Review", exact=True).click()
    titled(tab, "Sign in")
    bundled.accounts.create("Ines", "reviewer", PASSWORDS["Ines"], now=datetime.now(UTC))
    sign_in(tab)
    given.append((on_desk(tab), "legitimate", ""))
    press(tab, "l")

    fragile.lost()  # a session lives no longer than its server
    fragile.back()
    titled(tab, "Sign in")
    sign_in(tab)
    on_desk(tab)
    assert lines(rows(bundled, "Ines")) == given


@pytest.mark.slow
@pytest.mark.parametrize("excused", [REFUSED], indirect=True, ids=["refused"])
def test_files_are_taken_from_who_has_signed_in_and_no_more_after_signing_out(
    tab: Page, bundled: Home, fragile: Fragile, team: None, tmp_path: Path
) -> None:
    file = tmp_path / "team.csv"
    pd.read_csv(bundled.settings.demo / DEMO_USERS, dtype=str, nrows=50).to_csv(file, index=False)
    tab.goto("/score-file")
    titled(tab, "Sign in")
    expect(tab.get_by_test_id("stFileUploader")).to_have_count(0)
    sign_in(tab, "Root", "Score a file")
    with tab.expect_request(UPLOAD) as sent:
        drop(tab, file)
    expect(tab.get_by_text("50 scored")).to_be_visible()
    assert bundled.runs.find(run_in(tab)).name == "team.csv"
    taken = sent.value.response()
    assert taken is not None
    assert taken.status == 204

    def again() -> str:
        """What is said when the file is sent in this session once more, whatever its page shows by now."""
        headers = {"X-Xsrftoken": taken.request.headers.get("x-xsrftoken", "")}
        return str(tab.evaluate(SEND, [taken.url, headers]))

    assert again() == "204 "
    tab.get_by_role("button", name="Sign out", exact=True).click()
    titled(tab, "Sign in")
    assert again() == "403 Files are taken from open pages of Trustdesk only, after signing in."


def sign_in(page: Page, name: str = "Ines", title: str = "Review") -> None:
    titled(page, "Sign in")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORDS[name])
    page.get_by_role("button", name="Sign in", exact=True).click()
    titled(page, title)
