"""What the groups of commands share: the home they work on, who runs them, tables on stdout or in files."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.guard import tell
from app.stdout import put
from core.access.endpoints import Tracking
from core.errors import BadOptionError, listed
from core.home import Home

if TYPE_CHECKING:
    import pyarrow as pa

    from core.access.accounts import Deed, Person
    from core.schema.schema import Schema
    from core.targets import Mark, Target

#: Exit code when the work was done but some rows were turned away.
SOME_REJECTED = 3

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder with data/ and models/ (else TRUSTDESK_HOME, else the bundled one)."),
]
Version = Annotated[str | None, typer.Option("--model", help="Model version; by default the live one.")]
By = Annotated[str | None, typer.Option("--by", help="Who does this; by default the user of this computer.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help=".csv or .parquet to write; by default stdout.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace a file that is there already and not of this command.")
]
WithoutTexts = Annotated[
    bool, typer.Option("--without-texts", help="Leave out what people wrote: text columns, and words in reasons.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON on stdout.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="The day, as 2026-11-01, at which ages of dates are told; else today.")
]


def schema_as_of(home: Home, day: str | None) -> Schema:
    """The schema of the home, with ages as of a day. Raises BadOptionError where that is none, or no age is told."""
    from core.schema import schema as schemas

    schema = schemas.load(home.settings.schema_file)
    if day is None:
        return schema
    if not schema.dated:
        raise BadOptionError("--as-of", "no age of this workspace is told as of a day: leave it out.")
    try:
        return replace(schema, as_of=date.fromisoformat(day))
    except ValueError:
        raise BadOptionError("--as-of", f"write a day as 2026-11-01, not {day}.") from None


def texts_left_out(texts: Sequence[str]) -> str:
    """What `--without-texts` has done, where these are the columns of text."""
    if not texts:
        return "This workspace has no column of text: nothing was left out."
    return f"Without texts: {listed(list(texts))} left out, and no reason quotes words."


def home_of(context: typer.Context, home_dir: Path | None) -> Home:
    """`--home DIR group command` is the same as `group command --home DIR`."""
    return Home.open(home_dir or context.find_root().obj)


def name_of(by: str | None) -> str:
    """Who runs a command. Raises BadOptionError where the computer does not know its user's name."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        raise BadOptionError("--by", "say who does this: this computer has no name for its user.") from None


def user_here() -> str | None:
    """The user of this computer, None where it has no name for them."""
    try:
        return name_of(None)
    except BadOptionError:
        return None


def allowed(home: Home, by: str | None, deed: Deed) -> Person:
    """Who runs a command, if the role allows the deed; raises NotAllowedError."""

    return home.accounts.authorise(name_of(by), deed)


def tell_tracking(home: Home) -> None:
    """Have what an MLflow server lacks sent, where one is set, and say so; nobody waits for it."""
    if Tracking.is_set() and (sentence := home.mirror.begin(now=datetime.now(UTC))):
        tell(sentence)


def table_target(home: Home, output: Path | None, mark: Mark, *, overwrite: bool) -> Target | None:
    """Where a table goes, None for stdout; to be asked for before any work. Raises as `export.target` does."""

    return None if output is None else home.exports.target(output, mark, overwrite=overwrite)


def report_target(home: Home, output: Path, kind: str, reads: Iterable[Path], *, overwrite: bool) -> Target:
    """Where a report of this kind goes. Raises BadOptionError unless it can be written there and nothing is lost."""
    from app.reports import page
    from core.targets import Target

    target = Target(output, page.is_kind(kind), home.kept, tuple(reads), overwrite, (".html",))
    target.claim()
    return target


def give(table: pa.Table, target: Target | None) -> None:
    """A table as CSV on stdout, or in a file; text that looks like a formula is made plain in CSV."""
    from core.scoring import export

    if target is None:
        put(export.as_bytes(table, ".csv"))
    else:
        export.write(table, target)
