"""What is new in a place since the last fetch, stored as a dataset of messages: nothing twice, and on from there.

`data/fetched/reddit-<subreddit>.json` says how far each list was read. `next`: what it will say once a dataset is
stored; whoever was killed in between is told by whether that is there. `unscored`: a dataset that is to be scored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core import formats, locks
from core.access.message_options import MessageOptions
from core.catalog.posts.reddit import KINDS, MOST, Kind, Post
from core.data import datasets as stored_datasets
from core.data import intake
from core.data.datasets import Dataset
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.files import write_text
from core.ports import DatasetStore
from core.schema import schema as schemas
from core.schema.schema import Schema
from core.scoring.runs import Run, Runs

FORMAT: Final = 1
#: Seconds before the newest that are looked at again: what moderators let through appears late, at its own time.
_LATE: Final = 3600.0
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}")
_DIGITS: Final = 16

#: Gives the newest first.
Lists = Callable[[str, Kind], Iterator[Post]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a list was read: the time of the newest, in seconds, and digests of the ids of the last hour before."""

    newest: float = 0.0
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a place."""

    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    next: Mapping[str, Cursor] | None = None
    dataset: str = ""
    unscored: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: `dataset` None where nothing was new; `gaps`: lists that ended before what was read before."""

    subreddit: str
    posts: int
    comments: int
    dataset: Dataset | None
    gaps: tuple[Kind, ...]
    run: Run | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fetches:
    """Fetches into the datasets of a home."""

    datasets: DatasetStore
    messages: MessageOptions
    runs: Runs
    folder: Path
    schema_file: Path

    def fetch(
        self, subreddit: str, lists: Lists, *, now: Callable[[], datetime],
        score: Callable[[Dataset, Schema], Run] | None = None,
        told: Callable[[str], None] = lambda _: None,
    ) -> Fetched:  # fmt: skip
        """Store what is new, and score it where it is said how.

        Raises BadOptionError where the schema has no place for messages, RefusedError where it is not stated what
        they are kept for, or another process fetches the same, and what `lists` raises; the next fetch then goes on.
        """
        schema = schemas.load(self.schema_file)
        check_schema(schema)
        if unstated := self.messages.load().unstated:
            raise RefusedError(unstated)
        with self._alone(subreddit):
            state = self._settled(subreddit)
            if score and state.unscored:
                told("Scoring what was fetched before")
                state = self._scored(subreddit, state, schema, score)[0]
            posts, cursors, gaps = _new(subreddit, lists, state.cursors, told)
            if not posts:
                return Fetched(subreddit, 0, 0, None, gaps)
            told(f"Storing {len(posts):,} messages")
            dataset, state = self._stored(subreddit, posts, cursors, schema, state, now(), to_score=score is not None)
            run = None
            if score:
                told("Scoring")
                state, run = self._scored(subreddit, state, schema, score)
            comments = sum(each.id != each.thread for each in posts)
            return Fetched(subreddit, len(posts) - comments, comments, dataset, gaps, run)

    def _stored(
        self, subreddit: str, posts: list[Post], cursors: Mapping[str, Cursor], schema: Schema, state: State,
        now: datetime, *, to_score: bool,
    ) -> tuple[Dataset, State]:  # fmt: skip
        name = f"r-{subreddit} {now:%Y-%m-%d %H.%M}.jsonl"
        payload = "".join(json.dumps(_row(post, schema), ensure_ascii=False) + "\n" for post in posts).encode()
        checked = intake.read(name, payload, schema, allow_missing=True)
        identity = stored_datasets.identify(checked.sha256, schema, allow_missing=True)
        # First: whoever comes after a crash is told by it whether these were stored.
        unscored = identity if to_score else state.unscored
        self._keep(subreddit, replace(state, next=cursors, dataset=identity, unscored=unscored))
        dataset = self.datasets.put(checked, schema, now=now, allow_missing=True, by="fetch")
        state = State(cursors, unscored=unscored)
        self._keep(subreddit, state)
        return dataset, state

    def _scored(
        self, subreddit: str, state: State, schema: Schema, score: Callable[[Dataset, Schema], Run]
    ) -> tuple[State, Run | None]:
        """Score what is to be scored, unless that was done and the process killed right after it."""
        self._keep(subreddit, state)
        found = next((each for each in self.runs.recent(100) if each.dataset == state.unscored), None)
        if found is None:
            try:
                found = score(self.datasets.find(state.unscored), schema)
            except UnknownItemError:  # somebody has deleted it since
                found = None
        state = replace(state, unscored="")
        self._keep(subreddit, state)
        return state, found

    def _settled(self, subreddit: str) -> State:
        """What is known, after a crash in the middle of storing too."""
        state = self._load(subreddit)
        if state.next is None:
            return state
        try:
            self.datasets.find(state.dataset)
        except UnknownItemError:
            unscored = "" if state.unscored == state.dataset else state.unscored
            return replace(state, next=None, dataset="", unscored=unscored)
        return State(state.next, unscored=state.unscored)

    @contextmanager
    def _alone(self, subreddit: str) -> Iterator[None]:
        path = self._path(subreddit)
        path.parent.mkdir(parents=True, exist_ok=True)
        with locks.held_now(path.with_suffix(".lock")) as ours:
            if not ours:
                raise RefusedError(f"Another process fetches r/{subreddit} for this workspace already.")
            yield

    def _path(self, subreddit: str) -> Path:
        if not _NAME.fullmatch(subreddit):
            raise BadOptionError("--subreddit", "give its name, such as science: 2 to 21 letters, digits and _.")
        return self.folder / f"reddit-{subreddit.lower()}.json"

    def _load(self, subreddit: str) -> State:
        path = self._path(subreddit)
        if not path.is_file():
            return State()
        raw: dict[str, Any] = formats.load(path, known=FORMAT)
        return State(
            _cursors(raw["cursors"]), None if raw["next"] is None else _cursors(raw["next"]), raw["dataset"],
            raw["unscored"],
        )  # fmt: skip

    def _keep(self, subreddit: str, state: State) -> None:
        write_text(self._path(subreddit), json.dumps({"format": FORMAT, **asdict(state)}) + "\n")


def check_schema(schema: Schema) -> None:
    """Raises BadOptionError unless a message has its id, author, thread, time and text in this schema."""
    if schema.id is None or schema.author is None or schema.thread is None or schema.thread.order is None:
        raise BadOptionError(
            "schema", "posts have an id, an author, a thread and a time: name [id], [author] and [thread] with its "
            "order in data/schema.toml.",
        )  # fmt: skip
    if len(schema.texts) != 1:
        raise BadOptionError("schema", "posts have one text: data/schema.toml is to have one column of kind text.")


def _row(post: Post, schema: Schema) -> dict[str, str | None]:
    check_schema(schema)
    assert schema.id and schema.author and schema.thread and schema.thread.order  # noqa: S101, PT018 - checked
    return {
        schema.id: post.id, schema.author: post.author, schema.thread.column: post.thread,
        schema.thread.order: f"{post.at:%Y-%m-%dT%H:%M:%SZ}", schema.texts[0]: post.text,
    }  # fmt: skip


def _new(
    subreddit: str, lists: Lists, before: Mapping[str, Cursor], told: Callable[[str], None]
) -> tuple[list[Post], dict[str, Cursor], tuple[Kind, ...]]:
    """What was not seen before, the oldest first; how far that is, and which lists ended too early."""
    found: dict[str, Post] = {}
    cursors, gaps = dict[str, Cursor](), list[Kind]()
    for kind in KINDS:
        told(f"Fetching {kind} of r/{subreddit}")
        cursor = before.get(kind, Cursor())
        until, known, read, ended = cursor.newest - _LATE, set(cursor.seen), list[Post](), False
        for post in lists(subreddit, kind):
            ended = post.at.timestamp() < until
            if ended:
                break
            read.append(post)
        if cursor.newest and not ended and len(read) >= MOST:
            gaps.append(kind)
        found |= {post.id: post for post in read if _digest(post.id) not in known}
        newest = max([cursor.newest, *(post.at.timestamp() for post in read)])
        late = [_digest(post.id) for post in read if post.at.timestamp() >= newest - _LATE]
        # Those that were deleted there since are still known: they may come back.
        cursors[kind] = Cursor(newest, tuple(dict.fromkeys([*late, *cursor.seen]))[: 2 * MOST])
    return sorted(found.values(), key=lambda post: (post.at, post.id)), cursors, tuple(gaps)


def _digest(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:_DIGITS]


def _cursors(raw: Mapping[str, Any]) -> dict[str, Cursor]:
    return {kind: Cursor(each["newest"], tuple(each["seen"])) for kind, each in raw.items()}
