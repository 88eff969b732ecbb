"""`python3 -m app tracking`: training runs in an MLflow server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.labelled import working
from app.commands.shared import AsJson, HomeOption, home_of
from app.guard import tell
from app.stdout import put

app = typer.Typer(no_args_is_help=True, help="Training runs in an MLflow server, which MLFLOW_TRACKING_URI names.")


@app.command()
def status(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """What the server has, and what waits for it; the server is not asked."""

    home = home_of(context, home_dir)
    with guard.command(home):
        waiting = home.mirror.waiting()
        facts = {
            "server": waiting.place if waiting is not None else None, "waiting": list(waiting.runs) if waiting else [],
            "champion_waits": bool(waiting and waiting.champion),
            "failure": waiting.failure.why if waiting and waiting.failure else None,
        }  # fmt: skip
        if as_json:
            put(json.dumps(facts, indent=1) + "\n")
        elif waiting is None:
            put("No MLflow server is set: MLFLOW_TRACKING_URI names one.\n")
        else:
            put(f"{waiting.sentence}\n")


@app.command()
def push(
    context: typer.Context,
    again: Annotated[
        bool, typer.Option("--again", help="All training runs, whatever the server had: for one that was emptied.")
    ] = False,
    home_dir: HomeOption = None,
) -> None:
    """Send what waits now, and wait for it. Exit code 2: the server is away, and all that waits still does."""

    home = home_of(context, home_dir)
    with working(home) as progress:
        sent = home.mirror.send(
            now=lambda: datetime.now(UTC), told=lambda done, of, what: progress.counted(what, done, of), again=again
        )
        progress.end()
        tell(f"MLflow at {sent.place} has {sent.what} more." if sent else sent.sentence)
