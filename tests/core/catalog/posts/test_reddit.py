"""Posts and comments of a subreddit as a dataset: nothing twice, nothing lost, nobody who was forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import prawcore.rate_limit
import prawcore.sessions
import pytest

from core.access.endpoints import RedditApp
from core.catalog.posts.fetches import Fetched
from core.catalog.posts.reddit import Reddit
from core.data.datasets import Datasets
from core.errors import BadOptionError, NewerFormatError, RefusedError, RemoteError
from core.home import Home
from core.schema import schema as schemas
from core.schema.schema import Column, Schema, Thread
from tests import reddit_server
from tests.make import NOW
from tests.reddit_server import RedditServer, comment, post

SCHEMA = Schema((Column("body", "text", high=2_000),), id="id", author="by", thread=Thread("talk", "at"))
#: A day, in seconds.
DAY = 86_400.0
PAUSES: list[float] = []


@pytest.fixture(scope="module")
def server() -> Iterator[RedditServer]:
    with reddit_server.running() as found:
        yield found


@pytest.fixture
def there(server: RedditServer, monkeypatch: pytest.MonkeyPatch) -> RedditServer:
    server.posts, server.comments = [], []
    server.failures.clear()
    server.asked.clear()
    PAUSES.clear()
    told = ("REDDIT_CLIENT_ID", reddit_server.CLIENT), ("REDDIT_CLIENT_SECRET", reddit_server.SECRET)
    for name, value in (*told, ("REDDIT_USER_AGENT", "desk/1"), ("TRUSTDESK_REDDIT_URL", server.address)):
        monkeypatch.setenv(name, value)
    # PRAW's own pauses, which it makes between requests and before it asks again.
    for module in (prawcore.sessions, prawcore.rate_limit):
        clock = SimpleNamespace(**{name: getattr(module.time, name) for name in ("time", "monotonic", "monotonic_ns")})
        clock.sleep = PAUSES.append
        monkeypatch.setattr(module, "time", clock)
    return server


@pytest.fixture
def desk(home: Home) -> Home:
    schemas.save(SCHEMA, home.settings.schema_file)
    home.settings.options_file.write_text('[messages]\npurpose = "To find spam"\nretention_days = 30\n')
    return home


def fetch(home: Home, **options: Any) -> Fetched:
    lists = Reddit(RedditApp.of(), wait=PAUSES.append).listed
    return home.fetches.fetch("science", lists, now=lambda: NOW, **options)


def frame(home: Home, done: Fetched) -> Any:
    assert done.dataset is not None
    return home.datasets.frame(done.dataset.id)


def test_posts_and_comments_are_messages_with_author_thread_and_time(there: RedditServer, desk: Home) -> None:
    there.posts = [post(2, 3 * DAY, None, selftext="[removed]"), post(1, DAY)]
    there.comments = [
        comment(9, 2 * DAY, body="[deleted]"),
        comment(8, 1.5 * DAY, body="Ünïcode \N{SLIGHTLY SMILING FACE}"),
    ]
    done = fetch(desk)
    found = frame(desk, done)

    assert (done.posts, done.comments) == (2, 2)
    assert [*found["id"]] == ["t3_p1", "t1_c8", "t1_c9", "t3_p2"]
    assert [*found["talk"]] == ["t3_p1", "t3_p1", "t3_p1", "t3_p2"]
    assert [*found["by"].iloc[:3]] == ["ada", "bob", "bob"]
    assert found["by"].isna().tolist() == [False, False, False, True]
    texts = found[next(name for name in found if "body" in name and found[name].dtype.kind != "f")]
    assert texts.iloc[0] == "Title 1\n\nText 1"
    assert texts.iloc[1] == "Ünïcode \N{SLIGHTLY SMILING FACE}"
    assert texts.isna().tolist() == [False, False, True, False]
    assert texts.iloc[3] == "Title 2"
    assert found["at"].iloc[0] == "1970-01-02T00:00:00Z"
    assert there.agents == {a for a in there.agents if a.startswith("desk/1")}


def test_the_next_fetch_has_what_is_new_and_what_appears_late(there: RedditServer, desk: Home) -> None:
    there.posts = [post(number, number * DAY) for number in range(250, 0, -1)]
    assert fetch(desk).posts == 250
    assert there.asked.count("/r/science/new") == 3
    there.asked.clear()
    # A moderator lets one through that was sent ten minutes before the newest.
    there.posts = [post(251, 251 * DAY), there.posts[0], post(900, 250 * DAY - 600), *there.posts[1:]]
    found = frame(desk, fetch(desk))

    assert [*found["id"]] == ["t3_p900", "t3_p251"]
    assert there.asked.count("/r/science/new") == 1
    nothing = fetch(desk)
    assert (nothing.dataset, nothing.posts) == (None, 0)
    assert len(desk.datasets.stored()) == 2


def test_what_reddit_lists_no_more_is_told(there: RedditServer, desk: Home) -> None:
    there.comments = [comment(1, DAY)]
    assert fetch(desk).gaps == ()
    there.comments = [comment(number, 2 * DAY + number) for number in range(1200, 100, -1)]
    done = fetch(desk)
    assert (done.comments, done.gaps) == (1000, ("comments",))


class _KilledError(BaseException):
    pass


def _killed(*_: object, **__: object) -> None:
    raise _KilledError


@pytest.mark.parametrize("stored", [False, True])
def test_whoever_is_killed_while_storing_leaves_nothing_out_and_nothing_twice(
    there: RedditServer, desk: Home, monkeypatch: pytest.MonkeyPatch, *, stored: bool
) -> None:
    there.posts = [post(1, DAY)]
    before = Datasets.put

    def put(*arguments: Any, **options: Any) -> None:
        if stored:
            before(*arguments, **options)
        raise _KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Datasets, "put", put)
        with pytest.raises(_KilledError):
            fetch(desk)
    there.posts = [post(2, 2 * DAY), *there.posts]
    fetch(desk)

    ids = [identity for each in desk.datasets.stored() for identity in desk.datasets.frame(each.id)["id"]]
    assert sorted(ids) == ["t3_p1", "t3_p2"]


def test_what_was_not_scored_is_scored_the_next_time(there: RedditServer, desk: Home) -> None:
    there.posts = [post(1, DAY)]
    with pytest.raises(_KilledError):
        fetch(desk, score=_killed)
    scored: list[str] = []

    def score(dataset: Any, _schema: Schema) -> Any:
        scored.append(dataset.id)
        return SimpleNamespace(id="r-0001")

    assert fetch(desk, score=score).dataset is None
    fetch(desk, score=score)
    assert scored == [desk.datasets.stored()[0].id]


def test_pauses_are_made_when_asked_for_and_faults_are_tried_again(there: RedditServer, desk: Home) -> None:
    there.posts = [post(1, DAY)]
    there.failures += [429, 503, 500]
    assert fetch(desk).posts == 1
    assert 7.0 in PAUSES


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ([429] * 3, "asks for a pause again and again"),
        ([503] * 3, "fault of its own"),
        ([403], "private"),
        ([404], "check the name"),
        ([418], "answers as it should not"),
    ],
)
def test_every_failure_has_its_sentence_and_stores_nothing(
    there: RedditServer, desk: Home, failures: list[int], said: str
) -> None:
    there.posts = [post(1, DAY)]
    there.failures += failures
    with pytest.raises(RemoteError, match=said):
        fetch(desk)
    assert desk.datasets.stored() == ()
    assert fetch(desk).posts == 1


def test_secrets_are_asked_for_and_never_told(there: RedditServer, desk: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDIT_CLIENT_SECRET", "hunter2")
    with pytest.raises(RemoteError, match="REDDIT_CLIENT_ID") as refused:
        fetch(desk)
    assert "hunter2" not in f"{refused.value} {RedditApp.of()}"
    monkeypatch.delenv("REDDIT_CLIENT_SECRET")
    with pytest.raises(BadOptionError, match="REDDIT_CLIENT_SECRET"):
        RedditApp.of()


def test_nobody_at_the_address_is_told(there: RedditServer, desk: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTDESK_REDDIT_URL", "http://127.0.0.1:1")
    with pytest.raises(RemoteError, match="cannot be reached"):
        fetch(desk)


def test_it_is_refused_without_a_purpose_without_columns_and_in_a_newer_format(there: RedditServer, desk: Home) -> None:
    there.posts = [post(1, DAY)]
    fetch(desk)
    path = next(desk.settings.fetched.glob("*.json"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(NewerFormatError):
        fetch(desk)
    desk.settings.options_file.write_text("")
    with pytest.raises(RefusedError, match="purpose"):
        fetch(desk)
    schemas.save(Schema(SCHEMA.features, id="id"), desk.settings.schema_file)
    with pytest.raises(BadOptionError, match=r"\[author\]"):
        fetch(desk)
    with pytest.raises(BadOptionError, match="science"):
        desk.fetches._path("../x")


def test_a_forgotten_author_is_gone_with_all_that_was_written(there: RedditServer, desk: Home) -> None:
    there.posts = [post(2, 2 * DAY, "mallory", selftext="a word of Mallory's"), post(1, DAY)]
    there.comments = [comment(5, DAY, body="an answer")]
    found = fetch(desk)
    desk.user_notes.add("t3_p2", "Asks for money.", by="Ada", now=NOW)
    told = " ".join(map(str, desk.erasure.look("mallory")))
    desk.erasure.forget("mallory", by="Ada", now=NOW)

    assert "1 row of user_notes, deleted" in told
    assert desk.user_notes.of("t3_p2") == ()
    assert [*frame(desk, found)["id"]] == ["t1_c5", "t3_p1"]
    assert not [path for path in _files(desk.settings.home) if b"mallory" in path.read_bytes().lower()]
    assert fetch(desk).dataset is None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
