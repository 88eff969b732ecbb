"""`python3 -m app demo`: a home of made-up data to look around in."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.commands.labelled import progressing
from app.commands.shared import By, HomeOption, name_of
from app.guard import command, tell
from app.stdout import put
from core.home import Home


def demo(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Which; without it, what each is.")] = None,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Make a workspace of made-up data in a new folder: a model trained, a file scored, and somebody to review.

    The folder is that of --home; without it, demo-NAME in the folder where you are.
    """
    from app import demos

    folder = home_dir or context.find_root().obj or Path(f"demo-{name}")
    with command(Home.open(folder), new=True):
        if name is None:
            put("".join(f"{each.name}\t{each.about}\n" for each in demos.DEMOS))
            return
        chosen = demos.find(name)
        with progressing() as progress:
            run = demos.make(chosen, folder, by=name_of(by), now=datetime.now(UTC), progress=progress)
        tell(f"{folder} holds {chosen.about}. {run.model} is live and has scored {run.name}.")
        tell(f"Open it: python3 -m app --home {shlex.quote(str(folder))}")
