"""From a file of messages to a verdict: commands make the home, a message is read and edited, a key says what it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from app.cli import app
from app.devtools.test_server import dashboard
from core.feedback.table import CATEGORY
from core.home import Home
from core.schema import schema as schemas
from tests import make, make_messages
from tests.e2e.desk import on_desk, press
from tests.e2e.gestures import titled
from tests.e2e.test_messages import score


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Schema, live version, a file scored and three of its messages to be judged."""
    folder = tmp_path_factory.mktemp("categories")
    labelled, new, own = folder / "labelled.csv", folder / "new.csv", Home.open(folder / "home")
    own.settings.home.mkdir()
    labelled.write_bytes(make.csv(make_messages.of_kinds(make_messages.messages(400))))
    new.write_bytes(make.csv(make_messages.messages(40, seed=3, prefix="n").drop(columns="removed")))
    for words in (
        ["schema", labelled, "--id", "message_id", "--label", "removed", "--negative", "0", "--text", "body"],
        ["train", labelled, "--promote", "--anyway", "--by", "Lea"], ["score", new, "-o", folder / "scores.csv"],
    ):  # fmt: skip
        done = CliRunner().invoke(app, ["--home", str(own.settings.home), *map(str, words)])
        assert done.exit_code == 0, done.output
    risky = own.runs.scores("r-0001")["probability"].nlargest(3).index
    own.sending.send("r-0001", [int(row) for row in risky], by="Lea", now=make.NOW)
    return own


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with dashboard(home) as address:
        yield address


@pytest.mark.slow
def test_from_a_file_of_messages_to_a_category_said_by_a_key(home: Home, tab: Page) -> None:
    tab.goto(f"/score-user?run=r-0001&row={home.runs.scores('r-0001')['probability'].idxmax()}")
    titled(tab, "Score a user")
    expect(tab.get_by_text("raises the score")).to_be_visible()
    expect(tab.get_by_text("if a violation")).to_be_visible()
    before = score(tab)
    tab.get_by_role("textbox", name="body").fill("thanks for the quick answer")
    tab.get_by_role("textbox", name="body").press("Control+Enter")
    expect(tab.get_by_text(before, exact=True)).to_be_hidden()

    tab.goto("/review?as=Ada")
    titled(tab, "Review")
    on_desk(tab)
    press(tab, "2")
    expect(tab.get_by_text("1 of 200 today")).to_be_visible()
    label = schemas.load(home.settings.schema_file).label
    assert label is not None
    assert home.feedback.read()[CATEGORY].tolist() == [label.categories[1]]
