"""`python3 -m app migrate`, `backup` and `restore`: a home brought up to date, kept elsewhere, and made again."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app import guard
from app.commands.shared import By, HomeOption, Overwrite, allowed, home_of
from app.guard import tell
from core.errors import BadOptionError, RefusedError
from core.remote import addresses
from core.wording import count

if TYPE_CHECKING:
    from core.home import Home
    from core.store.backup import Done

#: What a backup in a bucket says that it is.
_KIND: Final = "backup"

Archive = Annotated[str, typer.Argument(help="The backup, FILE.tar.gz or s3://BUCKET/KEY.tar.gz.")]


def migrate(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 4 when there is something to do.")]
    = False,
    home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Bring a workspace up to date now: its database, as whoever opens it first does, too, and datasets stored in one
    piece, which are read whole for one user.
    """
    home = home_of(context, home_dir)
    with guard.command(home):
        waiting, datasets = home.database.waiting(), home.datasets.in_one_piece()
        if check and (waiting or datasets):
            database = (
                f"data/state.db is of {waiting[0]} and is to be brought to revision {waiting[1]}." if waiting else ""
            )
            rows = f"{count(len(datasets), 'dataset')} of before, to be stored in row groups." if datasets else ""
            raise RefusedError(f"{database} {rows}".strip())
        if waiting is None and not datasets:
            tell("Nothing to do: data/state.db and the datasets are of today, or not there yet.")
        if waiting is not None:
            with home.database.connect():
                tell(f"data/state.db was of {waiting[0]} and is of revision {waiting[1]} now.")
        for identity in datasets:
            home.datasets.regroup(identity)
        if datasets:
            tell(f"{count(len(datasets), 'dataset')} of before: stored in row groups now, with the same ids and rows.")


def backup(
    context: typer.Context,
    file: Archive,
    overwrite: Overwrite = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Write all that a workspace keeps to one file, also while it is in use. Secrets stay behind.

    To a bucket: into a file of this machine first, then where nothing is; a backup that was sent before is replaced.
    """
    from core.store import backup as backups
    from core.targets import Target

    home = home_of(context, home_dir)
    with guard.command(home):
        person, now = allowed(home, by, "manage accounts"), datetime.now(UTC)
        if not file.endswith(backups.SUFFIX):
            raise BadOptionError(Path(file).name, f"the file to write must end in {backups.SUFFIX}.")
        if addresses.is_address(file):
            done, said = _sent(home, file, now=now)
            facts = {"files": done.files, "bytes": done.size, "to": addresses.bucket(file).name}
            home.audit.note(who=person.name, what="back up", about=Path(file).name, details=facts, now=now)
            tell(f"{done.files:,} files ({done.size / 1e6:,.1f} MB) of {home.settings.home}: {said}")
            return
        target = Target(Path(file), backups.is_backup, home.kept, (), overwrite)
        target.claim()
        with target.replacing() as temporary:
            done = home.backups.write(temporary, now=now)
        facts = {"files": done.files, "bytes": done.size}
        home.audit.note(who=person.name, what="back up", about=Path(file).name, details=facts, now=now)
        tell(f"{done.files:,} files ({done.size / 1e6:,.1f} MB) of {home.settings.home} are in {file}.")


def _sent(home: Home, address: str, *, now: datetime) -> tuple[Done, str]:
    """Write a backup here, and send it to a bucket; how that went, as a sentence."""
    from core.remote.s3 import Buckets

    place, buckets = addresses.bucket(address), Buckets()
    buckets.check(place, _KIND)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / place.file_name
        done = home.backups.write(path, now=now)
        return done, buckets.send(path, place, kind=_KIND)


def restore(context: typer.Context, file: Archive, home_dir: HomeOption = None) -> None:
    """Make a workspace of a backup, in an empty folder (--home); each file, the chains and the database are checked."""
    from core.store import backup as backups

    home = home_of(context, home_dir)
    with guard.command(home, new=True):
        with contextlib.ExitStack() as stack:
            path = Path(file)
            if addresses.is_address(file):
                from core.remote.s3 import Buckets

                place = addresses.bucket(file)
                path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / place.file_name
                Buckets().fetch(place, path)
            done = backups.restore(path, home.settings.home)
        tell(f"{done.files:,} files ({done.size / 1e6:,.1f} MB) are in {home.settings.home}; all are as they were.")
