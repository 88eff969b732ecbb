"""`python3 -m app fetch reddit`: new posts and comments as a dataset of messages, scored where that is asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.labelled import tell_problems, working
from app.commands.shared import SOME_REJECTED, AsJson, By, HomeOption, allowed, home_of
from app.guard import tell
from app.stdout import put
from core.errors import listed
from core.wording import count

if TYPE_CHECKING:
    from core.catalog.posts.fetches import Fetched
    from core.data.datasets import Dataset
    from core.schema.schema import Schema
    from core.scoring.runs import Run

app = typer.Typer(no_args_is_help=True, help="What people write elsewhere, fetched as messages.")


@app.callback()
def fetch() -> None:
    """What people write elsewhere, fetched as messages."""


@app.command()
def reddit(
    context: typer.Context,
    subreddit: Annotated[str, typer.Option(help="Its name, such as science.")],
    score: Annotated[bool, typer.Option("--score", help="Score what came, with the live model.")] = False,
    by: By = None,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Fetch what is new in a subreddit since the last time: id, author, thread, time and text of posts and comments.

    Credentials of an app are read from REDDIT_CLIENT_ID, REDDIT_CLIENT_SECRET and REDDIT_USER_AGENT. Exit code 3: some
    rows were rejected; 2: Reddit is away, and nothing is lost; 4: it is not stated what messages are kept for.
    """
    from core.access.endpoints import RedditApp
    from core.catalog.posts.reddit import Reddit

    home = home_of(context, home_dir)
    with working(home) as progress:
        allowed(home, by, "score")
        if score:
            model = home.registry.load()

        def scored(dataset: Dataset, schema: Schema) -> Run:
            policy = home.policies.deciding(model.version)
            return home.file_scoring.score_stored(dataset, schema, model, policy, now=datetime.now(UTC))

        lists = Reddit(RedditApp.of()).listed
        done = home.fetches.fetch(
            subreddit, lists, now=lambda: datetime.now(UTC), score=scored if score else None, told=progress
        )
        progress.end()
        _tell(done)
        if as_json:
            put(json.dumps(_facts(done), indent=1) + "\n")
    raise SystemExit(SOME_REJECTED if done.dataset is not None and done.dataset.rejected else 0)


def _tell(done: Fetched) -> None:
    from core.catalog.posts.reddit import MOST

    if done.dataset is None:
        tell(f"Nothing is new in r/{done.subreddit}.")
    else:
        tell_problems(done.dataset)
        came = f"{count(done.posts, 'post')} and {count(done.comments, 'comment')} of r/{done.subreddit}"
        tell(f"{came} are stored as dataset {done.dataset.id[:12]}.")
    if done.run is not None:
        tell(f"Run {done.run.id}: {done.run.users:,} scored, {done.run.flagged:,} flagged.")
    if done.gaps:
        more = listed(list(done.gaps))
        tell(f"More {more} came since the last time than the {MOST:,} that Reddit lists: fetch more often.")


def _facts(done: Fetched) -> dict[str, object]:
    dataset = done.dataset
    return {
        "subreddit": done.subreddit, "posts": done.posts, "comments": done.comments,
        "dataset": dataset and dataset.id, "accepted": dataset.accepted if dataset else 0,
        "rejected": dataset.rejected if dataset else 0, "run": done.run and done.run.id,
        "flagged": done.run and done.run.flagged, "incomplete": list(done.gaps),
    }  # fmt: skip
