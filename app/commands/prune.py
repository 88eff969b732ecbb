"""`python3 -m app prune`: what is past the period of its kind goes, and says first what that frees."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.runs import ASKED
from app.commands.shared import By, HomeOption, home_of, name_of
from app.guard import tell
from app.stdout import put
from core.errors import RefusedError
from core.wording import count


def prune(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Delete. Without, it is only said what would be freed.")] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Delete what is older than [retention] in data/settings.toml says, and shrink the database.

    Exit code 4: it waits for --yes. What something depends on stays, however old it is.
    """
    from core.catalog.holdings import megabytes

    home = home_of(context, home_dir)
    with guard.command(home):
        if not home.pruning.options.load():
            raise RefusedError(
                "No period is set, so that everything stays: write one under [retention] in data/settings.toml, "
                "such as datasets_days = 365."
            )
        now = datetime.now(UTC)
        due = home.pruning.due(by=name_of(by), now=now)
        put("".join(f"{each}\n" for each in due))
        for sentence in home.pruning.stays(now=now):
            tell(sentence)
        freed = f"{count(len(due), 'thing')}, {megabytes(sum(each.size for each in due))}"
        if due and yes:
            shrunk = home.pruning.prune(due, by=name_of(by), now=now)
            tell(f"Deleted: {freed}. data/state.db is {megabytes(shrunk)} smaller.")
        else:
            tell(f"Would be freed: {freed}. Nothing was deleted: give --yes." if due else "Nothing is past its time.")
    raise SystemExit(ASKED if due and not yes else 0)
