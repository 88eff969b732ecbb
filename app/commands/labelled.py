"""Labelled users as commands read them: with progress, and with what was kept and what was turned away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app import guard
from app.commands.reading import UNSAID, Said, advised
from app.commands.shared import user_here
from app.guard import tell
from app.progress import Progress
from core.home import Home

if TYPE_CHECKING:
    from core.data.datasets import Dataset
    from core.schema.schema import Schema


@contextlib.contextmanager
def working(home: Home) -> Iterator[Progress]:
    """Run a command that tells its progress; the line ends whatever happens, so that an error starts on its own."""
    with guard.command(home), progressing() as progress:
        yield progress


@contextlib.contextmanager
def progressing() -> Iterator[Progress]:
    """Progress inside a command that is run already."""
    progress = Progress()
    try:
        yield progress
    finally:
        progress.end()


def read(
    home: Home, place: str, columns: Schema, progress: Progress, said: Said = UNSAID, by: str | None = None
) -> Dataset:
    """Read labelled users of a file, or of an address, and store them as brought `by` somebody.

    Raises what `intake.read` raises.
    """
    given = said.given(home)
    with home.fetching.local(place, progress) as file, advised(home, file, said):
        return home.storing.labelled(
            file.name,
            file.path,
            columns,
            now=datetime.now(UTC),
            given=given,
            by=by or user_here(),
            progress=progress.counted,
        )


def tell_problems(dataset: Dataset) -> None:
    """What was found in the file, a line each."""
    for problem in dataset.problems:
        tell(f"{'Rejected' if problem.rejected else 'Kept'}: {problem.sentence}")


def tell_rejected(home: Home, dataset: Dataset) -> None:
    """The same, and where the rows are that were turned away."""
    from core.data.records import KEPT

    tell_problems(dataset)
    if dataset.rejected:
        path = home.settings.datasets / dataset.id / "rejected.parquet"
        kept = f"the first {KEPT:,} of them" if dataset.rejected > KEPT else "they"
        tell(f"{dataset.rejected:,} of {dataset.received:,} rows were rejected; {kept} are in {path}.")
