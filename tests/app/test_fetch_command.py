"""`fetch reddit`: what it prints for flows, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.schema import schema as schemas
from core.schema.schema import Thread
from tests import make, make_messages, reddit_server
from tests.reddit_server import RedditServer, comment, post


def run(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home.settings.home)])


@pytest.fixture
def desk(kinds: Home, tmp_path: Path) -> Home:
    """A copy of a home of messages, which have an author and a thread."""
    home = make.copied(kinds, tmp_path)
    columns = replace(make_messages.KINDS, author="author", thread=Thread("thread", "time"))
    schemas.save(columns, home.settings.schema_file)
    home.settings.options_file.write_text('[messages]\npurpose = "To find spam"\nretention_days = 30\n')
    return home


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedditServer]:
    with reddit_server.running() as found:
        monkeypatch.setenv("REDDIT_CLIENT_ID", reddit_server.CLIENT)
        monkeypatch.setenv("REDDIT_CLIENT_SECRET", reddit_server.SECRET)
        monkeypatch.setenv("REDDIT_USER_AGENT", "desk/1")
        monkeypatch.setenv("TRUSTDESK_REDDIT_URL", found.address)
        yield found


def test_what_is_fetched_is_scored_at_once_and_told_as_json(desk: Home, there: RedditServer) -> None:
    there.posts = [post(1, 1e9, selftext="earn free crypto today, write me on telegram")]
    there.comments = [comment(2, 1e9 + 5, None, body="thanks for the quick answer")]
    found = run(desk, "fetch", "reddit", "--subreddit", "science", "--score", "--json")
    told = json.loads(found.stdout)

    assert (found.exit_code, told["posts"], told["comments"], told["rejected"]) == (0, 1, 1, 0), found.stderr
    assert desk.runs.find(told["run"]).users == 2
    assert desk.datasets.find(told["dataset"]).accepted == 2
    again = run(desk, "fetch", "reddit", "--subreddit", "science", "--score", "--json")
    assert (again.exit_code, json.loads(again.stdout)["dataset"], json.loads(again.stdout)["run"]) == (0, None, None)
    assert again.stderr.endswith("Nothing is new in r/science.\n")


def test_a_wrong_name_absent_credentials_and_no_purpose_have_their_codes(
    desk: Home, there: RedditServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(desk, "fetch", "reddit", "--subreddit", "../x").exit_code == 2
    desk.settings.options_file.write_text("")
    refused = run(desk, "fetch", "reddit", "--subreddit", "science")
    assert (refused.exit_code, "purpose" in refused.stderr) == (4, True)
    monkeypatch.delenv("REDDIT_USER_AGENT")
    absent = run(desk, "fetch", "reddit", "--subreddit", "science")
    assert (absent.exit_code, "REDDIT_USER_AGENT" in absent.stderr) == (2, True)
