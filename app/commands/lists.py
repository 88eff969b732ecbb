"""`python3 -m app lists`: users, or values of a context column, that are blocked, allowed or snoozed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, allowed, home_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError
from core.wording import count

if TYPE_CHECKING:
    from core.access.accounts import Deed
    from core.home import Home
    from core.policy.lists import ListName

app = typer.Typer(no_args_is_help=True, help="Lists: block, allow and snooze come before rules and the score.")

Name = Annotated[str, typer.Argument(help="block, allow or snooze.")]
Values = Annotated[list[str] | None, typer.Argument(help="Ids of users, or values of the column.")]
Column = Annotated[str, typer.Option(help="A context column, such as country; without it, ids of users.")]
From = Annotated[Path | None, typer.Option("--file", help="A text file with a value a line, beside those given.")]


@app.command()
def add(
    context: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")],
    values: Values = None,
    column: Column = "",
    file: From = None,
    days: Annotated[float | None, typer.Option(help="Days until the entries end; a snooze needs them.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only say whom it would hit; add nothing.")] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Put values on a list, all or none; says how many users of the latest run they match."""
    from core.policy import lists
    from core.policy.list_store import Grounds, column_of
    from core.schema import schema as schemas

    home = home_of(context, home_dir)
    with guard.command(home):
        which, place = lists.named(name), column_of(column, schemas.load(home.settings.schema_file))
        person, now = allowed(home, by, _deed(which, place)), datetime.now(UTC)
        given = lists.checked(place, _all(values, file))
        grounds = Grounds(reason, person.name, now, _end(now, days))
        _tell_hits(home, place, given)
        if (which, place) == ("snooze", lists.USER):
            tell(f"Open cases put away until the snooze ends: {home.case_lists.of_users(given):,}.")
        if not preview:
            added = home.lists.add(which, place, given, grounds)
            standing = f"; {added.standing:,} stood there already" if added.standing else ""
            tell(f"{count(added.new, 'value')} put on the {which} list{standing}.")


@app.command()
def remove(
    context: typer.Context,
    name: Name,
    values: Values = None,
    column: Column = "",
    file: From = None,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Take values off a list."""
    from core.policy import lists
    from core.policy.list_store import column_of
    from core.schema import schema as schemas

    home = home_of(context, home_dir)
    with guard.command(home):
        which, place = lists.named(name), column_of(column, schemas.load(home.settings.schema_file))
        person = allowed(home, by, _deed(which, place))
        gone = home.lists.remove(which, place, _all(values, file), by=person.name, now=datetime.now(UTC))
        tell(f"{count(gone, 'value')} taken off the {which} list.")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="block, allow or snooze; by default all.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Also what has ended.")] = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """What stands on the lists, newest first: list, column, value, reason, by whom, when, and until when."""
    from core.policy import lists

    home = home_of(context, home_dir)
    with guard.command(home):
        home.lists.settle(datetime.now(UTC))
        found = home.lists.entries(lists.named(name) if name else None, all_=ended)
        if as_json:
            put(json.dumps([asdict(each) for each in found], default=str, indent=1, ensure_ascii=False) + "\n")
            return
        for each in found:
            until = f"until {each.expires:%Y-%m-%d %H:%M} UTC" if each.expires else "for ever"
            over = f"ended by {each.ended_by}" if each.ended else until
            cells = (each.list, each.column or "user", each.value, each.reason, each.by, f"{each.at:%Y-%m-%d}", over)
            put("\t".join(cells) + "\n")
        if not found:
            tell("Nothing stands there.")


def _deed(name: ListName, column: str) -> Deed:
    """What a change of a list is: to snooze users is a reviewer's, all else is a matter of policy."""
    return "snooze users" if (name, column) == ("snooze", "") else "change policy"


def _all(values: list[str] | None, file: Path | None) -> list[str]:
    if file is None:
        return list(values or ())
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptionError("--file", f"{file} cannot be read: {error}.") from error
    return [*(values or ()), *(line for line in lines if line.strip())]


def _end(now: datetime, days: float | None) -> datetime | None:
    if days is None:
        return None
    try:
        return now + timedelta(days=days)
    except (OverflowError, ValueError) as error:
        raise BadOptionError("--days", f"{days:g} is no number of days from now.") from error


def _tell_hits(home: Home, place: str, values: tuple[str, ...]) -> None:
    recent = home.runs.recent(1)
    if recent:
        hits = home.deciding.listed(recent[0].dataset, place, values)
        tell(f"{count(len(values), 'value')}: {count(hits, 'user')} of {recent[0].id}, the latest run, match.")
