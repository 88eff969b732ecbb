"""What the groups of commands share: the home they work on, who runs them, tables on stdout or in files."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import BadOptionError
from core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from core.accounts import Deed, Person

#: Exit code when the work was done but some rows were turned away.
SOME_REJECTED = 3

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder with data/ and models/ (else TRUSTDESK_HOME, else the bundled one)."),
]
Version = Annotated[str | None, typer.Option("--model", help="Model version; by default the one in charge.")]
By = Annotated[str | None, typer.Option("--by", help="Who does this; by default the user of this computer.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help=".csv or .parquet to write; by default stdout.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON on stdout.")]


def settings_of(context: typer.Context, home: Path | None) -> Settings:
    """`--home DIR group command` is the same as `group command --home DIR`."""
    return Settings.of(home or context.find_root().obj)


def name_of(by: str | None) -> str:
    """Who runs a command. Raises BadOptionError where the computer does not know its user's name."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        raise BadOptionError("--by", "say who does this: this computer has no name for its user.") from None


def allowed(settings: Settings, by: str | None, deed: Deed) -> Person:
    """Who runs a command, if the role allows the deed; raises NotAllowedError."""
    from core import accounts

    return accounts.authorise(settings, name_of(by), deed)


def check_output(output: Path | None) -> None:
    """Raises BadOptionError when nothing can be written there, before any work is done."""
    from core.decision import export

    if output is not None:
        export.check_target(output)


def check_html(output: Path) -> None:
    """Raises BadOptionError unless a report can be written there, before any work is done."""
    if output.suffix.lower() != ".html":
        raise BadOptionError(str(output), "the report to write must end in .html.")
    if output.is_dir():
        raise BadOptionError(str(output), "this is a folder: give the name of a file to write.")
    if not output.parent.is_dir():
        raise BadOptionError(str(output), f"there is no folder {output.parent}.")


def give(frame: pd.DataFrame, output: Path | None) -> None:
    """A table as CSV on stdout, or in a file; text that looks like a formula is made plain in CSV."""
    import pyarrow as pa

    from core.decision import export

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if output is None:
        sys.stdout.write(export.as_bytes(table, ".csv").decode())
        sys.stdout.flush()
    else:
        export.write(table, output)
