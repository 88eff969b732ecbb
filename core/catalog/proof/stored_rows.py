"""Datasets and runs against the database: each run has its scores and its users, as many as it counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow.parquet as pq

from core.catalog.proof.finding import Finding, telling
from core.data.datasets import Datasets
from core.errors import UnknownItemError
from core.feedback.ledger import Ledger
from core.scoring.runs import Run, Runs, id_of

_LOST: Final = (
    "Put the newest backup of data/state.db in its place; where there is none, acknowledge the loss on Overview."
)


def of_datasets(datasets: Datasets, folder: Path) -> Iterator[Finding]:
    """Each dataset: whether what it says of its rows is so."""
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.name.startswith("."):  # being written, or left by a process that was killed
            continue
        where, found = f"data/datasets/{entry.name[:12]}", list[Finding]()
        with telling(found, where):
            about = datasets.find(entry.name)
            rows = pq.read_metadata(entry / "accepted.parquet").num_rows
            if rows != about.accepted:
                found.append(Finding(where, f"has {rows:,} accepted rows, and says that there are {about.accepted:,}"))
            datasets.rejected(entry.name)
        yield from found


def of_runs(runs: Runs, datasets: Datasets) -> Iterator[Finding]:
    """Each run that the database knows: its scores, its dataset, as many users as it counts but for those forgotten."""
    for run in runs.recent(1_000_000):
        found: list[Finding] = []
        with telling(found, f"data/runs/{run.id}"):
            found += _of_run(run, runs.scores(run.id), datasets)
        yield from found


def of_folders(runs: Runs, acknowledged: int, known: Collection[int]) -> Iterator[Finding]:
    """The folders of runs that the database does not know. acknowledged: up to which run a loss was."""
    for number in sorted(runs.numbering.in_folders(known)):
        if number > acknowledged:
            yield Finding("data/state.db", f"does not know {id_of(number)}, which is in data/runs", _LOST)


def of_verdicts(ledger: Ledger, acknowledged: int, known: Collection[int]) -> Iterator[Finding]:
    """The runs that verdicts are on against those that the database knows."""
    predictions = pd.Series(ledger.frame()["prediction"].astype("str"), dtype="str")
    named = set(predictions.str.extract(r"^r-([0-9]{4,15})-[0-9]+$")[0].dropna().astype("int64"))
    for number in sorted(named - {*known}):
        if number > acknowledged:
            yield Finding("data/state.db", f"does not know {id_of(number)}, on which there are verdicts", _LOST)


def _of_run(run: Run, scores: pd.DataFrame, datasets: Datasets) -> Iterator[Finding]:
    where = f"data/runs/{run.id}"
    try:
        users = run.users - len(datasets.forgotten(run.dataset))
    except UnknownItemError:
        yield Finding(f"data/datasets/{run.dataset[:12]}", f"is gone: {run.id} is a run of it")
        return
    if len(scores) != users:
        yield Finding(where, f"has scores of {len(scores):,} users, and data/state.db says {users:,}")
