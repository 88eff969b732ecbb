"""`python3 -m app accounts`: who may do what where a team shares a home."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.shared import By, HomeOption, allowed, home_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError, CancelledError

app = typer.Typer(
    no_args_is_help=True, help="Accounts of a team that shares a workspace; without any, a name is enough."
)

Name = Annotated[str, typer.Argument(help="The person's name.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]
Role = Annotated[
    str | None, typer.Option(help="analyst, reviewer, 'data scientist', lead or admin; the first one is an admin.")
]


@app.command("list")
def list_accounts(context: typer.Context, home_dir: HomeOption = None) -> None:
    """Everybody with an account, and the role."""

    home = home_of(context, home_dir)
    with guard.command(home):
        everybody = home.accounts.people()
        for person in everybody:
            put(f"{person.name}\t{person.role}\n")
        if not everybody:
            tell("No accounts: whoever opens this workspace gives a name and may do everything.")


@app.command()
def create(
    context: typer.Context, name: Name, role: Role = None, password_stdin: FromStdin = False, by: By = None,
    home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Add an account; the password is asked for."""
    from core.access import accounts

    home = home_of(context, home_dir)
    with guard.command(home):
        admin = allowed(home, by, "manage accounts")
        chosen = accounts.role_of_person(role or ("admin" if home.accounts.local() else "reviewer"))
        now = datetime.now(UTC)
        person = home.accounts.create(name, chosen, _password(password_stdin), now=now)
        home.audit.note(who=admin.name, what="create account", about=f"{person.name}, {person.role}", now=now)
        tell(f"{person.name} can sign in as {person.role}.")


@app.command()
def change(
    context: typer.Context, name: Name, role: Role = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    password_stdin: FromStdin = False, by: By = None, home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Give an account another role, another password, or both."""
    from core.access import accounts

    home = home_of(context, home_dir)
    with guard.command(home):
        admin = allowed(home, by, "manage accounts")
        if role is None and not (password or password_stdin):
            raise BadOptionError("accounts change", "say what to change: --role, --password or both.")
        chosen = accounts.role_of_person(role) if role is not None else None
        secret = _password(password_stdin) if password or password_stdin else None
        now = datetime.now(UTC)
        person = home.accounts.change(name, now=now, role=chosen, password=secret)
        what = " and ".join(["role"] * (chosen is not None) + ["password"] * (secret is not None))
        home.audit.note(who=admin.name, what=f"change {what}", about=f"{person.name}, {person.role}", now=now)
        tell(f"{person.name} is {person.role}" + (", with a new password." if secret is not None else "."))


@app.command()
def remove(context: typer.Context, name: Name, by: By = None, home_dir: HomeOption = None) -> None:
    """Delete an account; what the person did stays on record."""

    home = home_of(context, home_dir)
    with guard.command(home):
        admin = allowed(home, by, "manage accounts")
        home.accounts.remove(name)
        home.audit.note(who=admin.name, what="remove account", about=name, now=datetime.now(UTC))
        tell(f"{name} cannot sign in any more.")


def _password(from_stdin: bool) -> str:  # noqa: FBT001
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    except typer.Abort:
        raise CancelledError("The command") from None
