"""`python3 -m app watch-folder`: a folder whose files are scored as they arrive."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app import guard
from app.commands.shared import SOME_REJECTED, HomeOption, home_of
from app.guard import tell
from core.errors import StorageError


def watch_folder(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where files come; nothing in it is changed.")],
    out: Annotated[Path, typer.Argument(help="Where scores go; failed/ in it says what could not be scored, and why.")],
    every: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds between two looks.")] = 10,
    once: Annotated[bool, typer.Option("--once", help="Look a single time, for a schedule of your own.")] = False,
    home_dir: HomeOption = None,
) -> None:
    """Score the files of a folder as they arrive, each once; ends when stopped.

    A file is taken once nobody has written to it for 5 seconds. With --once, exit code 3 says that a file failed or
    that rows were rejected.
    """

    home, bad = home_of(context, home_dir), False
    with guard.command(home), home.folder_watch.watching(folder, out) as watched:
        tell(f"Watching {watched.folder}.")
        while True:
            try:
                for done in home.folder_watch.look(watched, now=datetime.now(UTC)):
                    bad = bad or done.run is None or bool(done.run.rejected)
                    tell(done.sentence if done.sentence.startswith(done.name) else f"{done.name}: {done.sentence}")
            except StorageError as error:
                if once:
                    raise
                tell(f"{error} The next look is in {every:g} s.")
            if once:
                break
            time.sleep(every)
    raise SystemExit(SOME_REJECTED if bad else 0)
