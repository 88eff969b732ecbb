"""`python3 -m app shadow`: try a version beside the model in charge, acting on nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.shared import By, Home, name_of, settings_of
from app.guard import tell
from app.stdout import put


def shadow(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="The challenger from now on, such as v0002.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="No challenger any more.")] = False,
    by: By = None,
    home: Home = None,
) -> None:
    """Let a challenger score what the model in charge scores, acting on nothing; or say how the present one does."""
    from core.retraining import shadow as shadows

    settings = settings_of(context, home)
    with guard.command(settings):
        if version is not None or nobody:
            chosen = None if nobody else version
            settings.shadow.appoint(chosen, by=name_of(by), now=datetime.now(UTC))
            tell(f"{chosen} is in the shadow." if chosen else "Nobody is in the shadow.")
            return
        challenger = settings.shadow.challenger()
        if challenger is None:
            tell("Nobody is in the shadow. Name a version to put it there.")
            return
        settings.shadow.catch_up()
        put(f"{settings.shadow.standing(challenger).sentence}\n")
