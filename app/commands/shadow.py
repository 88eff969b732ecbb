"""`python3 -m app shadow`: try a version beside the champion, acting on nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.shared import By, HomeOption, home_of, name_of
from app.guard import tell
from app.stdout import put


def shadow(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="The challenger from now on, such as v0002.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="No challenger any more.")] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Let a challenger score what the live model scores, acting on nothing; or say how the present one does."""

    home = home_of(context, home_dir)
    with guard.command(home):
        if version is not None or nobody:
            chosen = None if nobody else version
            home.shadow.appoint(chosen, by=name_of(by), now=datetime.now(UTC))
            tell(f"{chosen} is in the shadow." if chosen else "Nobody is in the shadow.")
            return
        challenger = home.shadow.challenger()
        if challenger is None:
            tell("Nobody is in the shadow. Name a version to put it there.")
            return
        home.shadow.catch_up()
        put(f"{home.shadow.standing(challenger).sentence}\n")
