"""`python3 -m app forget`: a user is erased everywhere in a workspace, for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.shared import By, HomeOption, home_of, name_of
from app.guard import tell
from app.stdout import put
from core.wording import count


def forget(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER_ID", help="The user, as the files name them.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would be erased, place by place.")] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Erase a user's features, context and texts everywhere in a workspace, for ever; admins only.

    Rows and lines of the user stay as blanks, so that counts, other users' scores and the proof of the chains hold.
    Verdicts on an old prediction of the user are refused from then on.
    """
    from core.catalog.erasure.erasure import STAYS

    home = home_of(context, home_dir)
    with guard.command(home):
        now = datetime.now(UTC)
        found = home.erasure.look(user) if preview else home.erasure.forget(user, by=name_of(by), now=now)
        put("".join(f"{part}\n" for part in found))
        places = count(len(found), "place")
        tell(f"{places}: nothing was erased yet." if preview else f"Erased in {places}, for ever.")
        tell(STAYS)
