"""`python3 -m app keys`: what programs show to use the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import By, HomeOption, allowed, home_of
from app.guard import tell
from app.stdout import put

if TYPE_CHECKING:
    from core.access.keys import Key

app = typer.Typer(no_args_is_help=True, help="Keys of programs that use the API; each has a role, as accounts have.")


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What uses it; verdicts and the log name it as api:NAME.")],
    role: Annotated[str, typer.Option(help="integrator, analyst, reviewer, 'data scientist', lead or admin.")],
    days: Annotated[float | None, typer.Option(help="Days until it expires; without, never.")] = None,
    rate: Annotated[float, typer.Option(help="Requests a second; 0 for any number.")] = 100,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Make a key and print it, once: the workspace keeps a hash of it only."""
    from core.access import accounts

    home = home_of(context, home_dir)
    with guard.command(home):
        admin, now = allowed(home, by, "manage accounts"), datetime.now(UTC)
        key, text = home.keys.create(name, accounts.role_named(role), now=now, days=days, rate=rate)
        try:
            home.audit.note(who=admin.name, what="create key", about=f"{key.name}, {key.role}", now=now)
        finally:  # it lets somebody in, and is kept nowhere else
            put(f"{text}\n")
        tell(f"This is the only time the key of {key.name} is shown. It has the role {key.role}.")


@app.command("list")
def list_keys(context: typer.Context, home_dir: HomeOption = None) -> None:
    """All keys: id, name, role, requests a second, made, and until when it lets anybody in."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.keys.listed()
        for key in found:
            cells = (key.id, key.name, key.role, f"{key.rate:g}/s", f"{key.created:%Y-%m-%d}", _until(key))
            put("\t".join(cells) + "\n")
        if not found:
            tell("No keys: the API serves this machine only.")


@app.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name or its id.")],
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Have a key let nobody in any more, from the next second on."""

    home = home_of(context, home_dir)
    with guard.command(home):
        admin, now = allowed(home, by, "manage accounts"), datetime.now(UTC)
        key = home.keys.revoke(name, now=now)
        home.audit.note(who=admin.name, what="revoke key", about=f"{key.name}, {key.role}", now=now)
        tell(f"The key of {key.name} lets nobody in any more.")


def _until(key: Key) -> str:
    if key.revoked is not None:
        return f"revoked {key.revoked:%Y-%m-%d}"
    return "for ever" if key.expires is None else f"until {key.expires:%Y-%m-%d %H:%M} UTC"
