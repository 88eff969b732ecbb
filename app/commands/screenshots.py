"""`python3 -m app screenshots`: the pictures of the pages, drawn anew from the demo."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app import guard
from app.commands.shared import Overwrite
from app.guard import tell
from core.home import Home


def screenshots(
    pages: Annotated[list[str] | None, typer.Argument(help="Pages, such as score_file; by default all.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; by default the one of the README's pictures.")
    ] = None,
    chromium: Annotated[
        Path | None, typer.Option(envvar="CHROMIUM", help="A Chromium; by default the one that is installed.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw a picture of every page from the bundled demo, in a copy of its home that is thrown away."""
    from app.devtools import picture_manifest
    from app.devtools import screenshots as drawing

    with guard.command(Home.open()):
        folder = output or picture_manifest.FOLDER
        drawing.draw(
            pages or picture_manifest.pages(),
            folder,
            now=datetime.now(UTC),
            chromium=chromium,
            tell=tell,
            overwrite=overwrite,
        )
