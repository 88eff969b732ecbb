"""All that a home keeps, proved: chains, database, models, datasets and runs, each by itself and against the others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from core.catalog.proof import digests, state_db, stored_rows, versions
from core.catalog.proof.finding import Finding, telling
from core.data import split
from core.data.datasets import Datasets
from core.data.split import Split
from core.feedback.ledger import Ledger
from core.registry.lineage import Lineage
from core.registry.registry import Registry
from core.review.decisions import effects
from core.review.decisions.consistency import Consistency
from core.schema import schema as schemas
from core.scoring import lost_runs
from core.scoring.runs import Runs, id_of
from core.store import chained_log, database, numbered, tables, verify
from core.store.database import Database
from core.training.training_runs import TrainingRun, TrainingRuns
from core.wording import count

_MIGRATE: Final = "Run `migrate`, then verify again."
_BOTH: Final = "Restore both from one backup."


@dataclass(frozen=True, slots=True)
class Proved:
    """What was found, in the order of where; how many `files` were held against digests or read to their end, and how
    many of them are `without` a digest because they were stored before there were any.
    """

    findings: tuple[Finding, ...]
    files: int = 0
    without: int = 0

    @property
    def sentence(self) -> str:
        """What a home that is whole is told."""
        old = f", {self.without:,} of them without a digest, because they are from before" if self.without else ""
        read = f" {self.files:,} files were looked at{old}." if self.files else ""
        return f"Nothing is wrong.{read}"


@dataclass(frozen=True, slots=True, eq=False)
class HomeProof:
    """Proves a home. `chained`: the files of its chains; `places`: folders and files that only the home writes."""

    consistency: Consistency
    database: Database
    datasets: Datasets
    ledger: Ledger
    lineage: Lineage
    registry: Registry
    runs: Runs
    split: Split
    training_runs: TrainingRuns
    chained: tuple[Path, ...]
    places: tuple[Path, ...]
    schema_file: Path

    def check(self, *, whole: bool) -> Proved:
        """What is wrong with the home; nothing is changed, and what is damaged is only read.

        whole: also every file against its digest and every row, which takes as long as reading the home.
        """
        found: list[Finding] = []
        for path in self.chained:
            found += self._told(f"data/{path.name}", functools.partial(_of_chain, path))
        traces = (*self.chained, self.runs.folder)
        found += self._told("data/state.db", lambda: state_db.check(self.database, traces, whole=whole))
        there = not found and self._opens(found)
        trained: list[TrainingRun] = []
        with telling(found, "data/candidates"):
            trained += self.training_runs.listed()
        named = {run.version: f"training run {run.id} made it" for run in trained if run.version}
        with telling(found, "data/state.db"):
            named |= self._scored() if there else {}
        found += self._told("models", lambda: versions.check(self.registry, self.lineage, named))
        found += self._told("data/salt.txt", lambda: self._of_salt({run.data.salt for run in trained}))
        if self.schema_file.exists() or self.registry.versions():
            found += self._told("data/schema.toml", self._of_schema)
        if there:
            found += self._told("data/state.db", self._against_database)
        if not whole:
            return Proved(_ordered(found))
        found += self._told("data/datasets", lambda: stored_rows.of_datasets(self.datasets, self.datasets.folder))
        looked = digests.check(self.places)
        return Proved(_ordered([*looked.findings, *found]), looked.files, looked.without)

    def _told(self, where: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
        found: list[Finding] = []
        with telling(found, where):
            found.extend(check())
        return found

    def _opens(self, found: list[Finding]) -> bool:
        """Whether the database can be held against the rest; one that is to be brought up first is said to be."""
        if state_db.usable(self.database):
            return True
        if self.database.path.is_file() and (waiting := self.database.waiting()):
            what = f"is of {waiting[0]} and was not held against the rest"
            found.append(Finding("data/state.db", what, _MIGRATE))
        return False

    def _scored(self) -> dict[str, str]:
        """Versions by which runs were scored, and which run."""
        with self.database.connect() as connection:
            rows = connection.execute(select(tables.runs.c.number, tables.runs.c.model)).all()
        return {model: f"{id_of(number)} was scored by it" for number, model in rows}

    def _of_salt(self, salts: Collection[str]) -> Iterable[Finding]:
        """The salt by which users were given to parts, against those of the training runs of this home."""
        if salts and not self.split.salt_file.is_file():
            yield Finding("data/salt.txt", "is gone: nobody can tell any more who is in the test part")
        elif salts and split.digest(self.split.salt()) not in salts:
            yield Finding("data/salt.txt", "is not the salt by which the users of training runs were split")
        self.split.moved()

    def _of_schema(self) -> Iterable[Finding]:
        if not self.schema_file.is_file():
            yield Finding("data/schema.toml", "is gone: no file can be read without it")
        else:
            schemas.load(self.schema_file)

    def _against_database(self) -> Iterable[Finding]:
        self.ledger.refresh()
        with self.database.connect() as connection:
            known = frozenset(connection.execute(select(tables.runs.c.number)).scalars())
            acknowledged = lost_runs.acknowledged(connection)
            applied, gone = effects.applied(connection), [
                path for path in self.chained
                if database.mark(connection, numbered.mark_of(path)) and not chained_log.files(path)
            ]  # fmt: skip
        for path in gone:
            yield Finding(_place(path, path.name), "is gone, and data/state.db has read it before")
        if applied and not chained_log.files(self.ledger.path):
            text = f"is gone, and data/state.db has applied {count(applied, 'verdict')} of it"
            yield Finding(f"data/feedback/{self.ledger.path.name}", text, _BOTH)
        elif applied > int(self.ledger.position):
            lines = f"{int(self.ledger.position):,} verdicts, and data/state.db has applied {applied:,}"
            yield Finding("data/feedback", f"has {lines}: its end was cut off", _BOTH)
        for sentence in self.consistency.check().contradictions:
            yield Finding("data/state.db", f"contradicts the feedback: {sentence.rstrip('.')}", _BOTH)
        yield from stored_rows.of_runs(self.runs, self.datasets)
        yield from stored_rows.of_folders(self.runs, acknowledged, known)
        yield from stored_rows.of_verdicts(self.ledger, acknowledged, known)


def _place(log: Path, file: str) -> str:
    """Where a file of a log is in the home; feedback has a folder of its own in `data`."""
    return f"data/{file}" if log.parent.name == "data" else f"data/{log.parent.name}/{file}"


def _of_chain(path: Path) -> Iterable[Finding]:
    verified = verify.verify(path)
    if verified.broken is not None:
        broken = verified.broken
        yield Finding(_place(path, broken.file), f"is broken in line {broken.line} ({broken.sentence.rstrip('.')})")


def _ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(set(found)))
