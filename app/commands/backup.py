"""`python3 -m app migrate`, `backup` and `restore`: a home brought up to date, kept elsewhere, and made again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app import guard
from app.commands.shared import By, HomeOption, Overwrite, allowed, home_of
from app.guard import tell
from core.errors import BadOptionError, RefusedError

Archive = Annotated[Path, typer.Argument(help="The backup, FILE.tar.gz.")]


def migrate(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 4 when there is something to do.")]
    = False,
    home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Bring the database of a home up to date now; otherwise whoever opens it first does. Files need nothing."""
    home = home_of(context, home_dir)
    with guard.command(home):
        waiting = home.database.waiting()
        if waiting is None:
            tell("Nothing to do: data/state.db is of today, or not there yet.")
            return
        before, after = waiting
        if check:
            raise RefusedError(f"data/state.db is of {before} and is to be brought to revision {after}.")
        with home.database.connect():
            tell(f"data/state.db was of {before} and is of revision {after} now.")


def backup(
    context: typer.Context,
    file: Archive,
    overwrite: Overwrite = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Write all that a home keeps to one file, also while it is in use. Secrets stay behind."""
    from core.store import backup as backups
    from core.targets import Target

    home = home_of(context, home_dir)
    with guard.command(home):
        person, now = allowed(home, by, "manage accounts"), datetime.now(UTC)
        if not file.name.endswith(backups.SUFFIX):
            raise BadOptionError(str(file), f"the file to write must end in {backups.SUFFIX}.")
        target = Target(file, backups.is_backup, home.kept, (), overwrite)
        target.claim()
        with target.replacing() as temporary:
            done = home.backups.write(temporary, now=now)
        facts = {"files": done.files, "bytes": done.size}
        home.audit.note(who=person.name, what="back up", about=file.name, details=facts, now=now)
        tell(f"{done.files:,} files ({done.size / 1e6:,.1f} MB) of {home.settings.home} are in {file}.")


def restore(context: typer.Context, file: Archive, home_dir: HomeOption = None) -> None:
    """Make a home of a backup, in an empty folder (--home); each file, the chains and the database are checked."""
    from core.store import backup as backups

    home = home_of(context, home_dir)
    with guard.command(home, new=True):
        done = backups.restore(file, home.settings.home)
        tell(f"{done.files:,} files ({done.size / 1e6:,.1f} MB) are in {home.settings.home}; all are as they were.")
