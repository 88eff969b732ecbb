"""`python3 -m app reference`: what the commands and the API are, written from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app import guard
from app.commands.shared import Overwrite
from app.guard import tell
from core.errors import BadOptionError
from core.home import Home
from core.settings import ROOT

#: Where the repository keeps them.
DOCS = ROOT / "docs"


def reference(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write to; by default the docs/ of the program.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write command-line.md, api.md and floor-plan.md, which tell what the commands, the API and the modules are."""
    from app import reference as references

    folder = output or DOCS
    home = Home.open()
    with guard.command(home):
        if not folder.is_dir():
            raise BadOptionError("--output", f"there is no folder {folder}.")
        for path in references.write(home, folder, context.find_root().command, overwrite=overwrite):
            tell(f"Wrote {path}")
