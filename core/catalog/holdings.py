"""The datasets and runs of a home: how large they are, what depends on them, and what may be deleted.

Nothing is deleted that a version or a training run learnt from, nor a run on whose users there is a case or a verdict,
or that has removed some: what they were is needed to explain them and to learn from them. A run from which a plan has
drawn stays for as long as live figures count its users.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Literal

import pyarrow as pa
from sqlalchemy import insert, select

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.data.datasets import Dataset, Datasets
from core.errors import BadOptionError, RefusedError, UnknownItemError, listed
from core.feedback.ledger import Ledger
from core.files import size_of
from core.planning.backlog import PERIOD_DAYS
from core.registry.registry import Listed, Registry
from core.schema.levels import written
from core.scoring.runs import Run, Runs
from core.scoring.table_marks import Mark
from core.store import tables
from core.store.database import Database
from core.training.training_runs import TrainingRuns
from core.wording import count

#: Digits of the id of a dataset that people are shown; as few as six name it where no other begins so.
SHOWN: Final = 12
_LEAST: Final = 6
_MOST_NOTE: Final = 1_000
#: Runs that are looked through; more than any home has.
_ALL: Final = 1_000_000
#: The rows of a dataset as a file. Files of anybody may have such columns: none is taken for one of these.
ROWS: Final = Mark("dataset rows", lambda _names: False)
Kind = Literal["run", "version", "training run"]


@dataclass(frozen=True, slots=True)
class Use:
    """Something that a dataset is used by, and why it keeps it: "" where it may be deleted with it."""

    kind: Kind
    id: str
    keeps: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """A dataset: `size` in bytes of all its files and of its runs', what it is used by, what was noted of it."""

    dataset: Dataset
    size: int
    uses: tuple[Use, ...]
    note: str = ""

    @property
    def id(self) -> str:
        return self.dataset.id[:SHOWN]

    @property
    def by(self) -> str:
        """Who brought it first."""
        return self.dataset.by or "not known"

    @property
    def runs(self) -> tuple[str, ...]:
        return tuple(use.id for use in self.uses if use.kind == "run")

    @property
    def kept_by(self) -> tuple[Use, ...]:
        """Why it cannot be deleted; nothing where it can."""
        return tuple(use for use in self.uses if use.keeps)

    @property
    def sentence(self) -> str:
        """What would be deleted, or why nothing can be."""
        name = f"{self.dataset.name} ({self.id})"
        if self.kept_by:
            return f"{name} stays: {listed([f'{use.kind} {use.id} {use.keeps}' for use in self.kept_by], most=3)}."
        runs = f" and its runs {listed(list(self.runs), most=5)}" if self.runs else ""
        return f"{name}, {count(self.dataset.accepted, 'row')}{runs}, {megabytes(self.size)}, can be deleted."


@dataclass(frozen=True, slots=True)
class RunHolding:
    """A run: `size` in bytes of its files, and why it cannot be deleted, "" where it can."""

    run: Run
    size: int
    keeps: str

    @property
    def sentence(self) -> str:
        """What would be deleted and what stays, or why nothing can be."""
        run = self.run
        if self.keeps:
            return f"{run.id} stays: it {self.keeps}."
        return (
            f"{run.id} of {run.name} can be deleted: the scores, decisions and reasons of {count(run.users, 'user')}, "
            f"{megabytes(self.size)}. The dataset that it scored stays."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """What a home holds."""

    accounts: Accounts
    audit: AuditLog
    database: Database
    datasets: Datasets
    ledger: Ledger
    registry: Registry
    runs: Runs
    training_runs: TrainingRuns

    def listed(self, *, now: datetime) -> tuple[Holding, ...]:
        """All datasets, newest first."""
        look = _Look(self, now)
        return tuple(look.at(dataset) for dataset in self.datasets.stored())

    def find(self, identity: str, *, now: datetime) -> Holding:
        """A dataset by the first digits of its id, six at least. Raises UnknownItemError and BadOptionError."""
        found = [each for each in self.datasets.stored() if each.id.startswith(identity.strip().lower())]
        if len(identity.strip()) < _LEAST or not found:
            raise UnknownItemError("dataset", identity)
        if len(found) > 1:
            raise BadOptionError(identity, f"{len(found)} datasets begin so: give more digits.")
        return _Look(self, now).at(found[0])

    def before(self, moment: datetime, *, now: datetime) -> tuple[Holding, ...]:
        """Those that retention would delete: stored before a moment, kept by nothing, and no run of them since."""
        return tuple(
            each for each in self.listed(now=now)
            if each.dataset.created < moment and not each.kept_by
            and all(self.runs.find(run).created < moment for run in each.runs)
        )  # fmt: skip

    def delete(self, holding: Holding, *, by: str, now: datetime, runs: Collection[str] = ()) -> Holding:
        """Delete a dataset with the runs of it, which are named so that none goes that was not seen.

        Raises NotAllowedError, and RefusedError where something keeps it or another run has come.
        """
        by = self.accounts.authorise(by, "delete data").name
        current = self.find(holding.dataset.id, now=now)
        if current.kept_by:
            raise RefusedError(current.sentence)
        if more := sorted({*current.runs} - {*runs}):
            raise RefusedError(f"{current.dataset.name} has {listed(more, most=5)} too: look again, and name them.")
        details = {"name": current.dataset.name, "rows": current.dataset.accepted, "runs": list(current.runs)}
        self.audit.note(who=by, what="delete data", about=current.id, details=details, now=now, ahead=True)
        for run in current.runs:
            self.runs.remove(run)
        self.datasets.remove(current.dataset.id)
        return current

    def of_run(self, run: Run, *, now: datetime) -> RunHolding:
        """What a run takes, and why it stays."""
        return RunHolding(run, size_of(self.runs.folder / run.id), _Look(self, now).why(run))

    def delete_run(self, run: str, *, by: str, now: datetime) -> RunHolding:
        """Delete a run; its dataset stays. Raises NotAllowedError, UnknownItemError, RefusedError where it stays."""
        by = self.accounts.authorise(by, "delete data").name
        current = self.of_run(self.runs.find(run), now=now)
        if current.keeps:
            raise RefusedError(current.sentence)
        details = {"name": current.run.name, "users": current.run.users, "dataset": current.run.dataset}
        self.audit.note(who=by, what="delete run", about=run, details=details, now=now, ahead=True)
        self.runs.remove(run)
        return current

    def rows(self, holding: Holding, *, without: Collection[str] = ()) -> pa.Table:
        """The accepted rows as they are stored, in input order; without some features, and the words of these."""
        left = {*without, *map(written, without)}
        frame = self.datasets.frame(holding.dataset.id).drop(columns=[*left], errors="ignore")
        return ROWS.on(pa.Table.from_pandas(frame, preserve_index=False))

    def note(self, holding: Holding, text: str, *, by: str, now: datetime) -> None:
        """Note something of a dataset, in the place of what was noted before.

        Raises BadOptionError where it is too long, and NotAllowedError.
        """
        by, said = self.accounts.authorise(by, "score").name, text.strip()
        if len(said) > _MOST_NOTE:
            raise BadOptionError("note", f"a note has at most {_MOST_NOTE:,} characters, this one {len(said):,}.")
        documents, name = tables.documents, _note_of(holding.dataset.id)
        with self.database.writing() as connection:
            versions = connection.execute(select(documents.c.version).where(documents.c.name == name)).scalars()
            row = {"name": name, "version": max(versions, default=0) + 1, "body": {"format": 1, "note": said}}
            connection.execute(insert(documents).values(row | {"by": by, "at": now}))

    def notes(self) -> Mapping[str, str]:
        """What is noted, by the id of the dataset."""
        documents = tables.documents
        ours = select(documents).where(documents.c.name.startswith(_note_of(""))).order_by(documents.c.version)
        with self.database.connect() as connection:
            rows = connection.execute(ours).all()
        return {row.name.removeprefix(_note_of("")): str(row.body["note"]) for row in rows}


class _Look:
    """What all datasets are held against, read once."""

    def __init__(self, holdings: Holdings, now: datetime) -> None:
        self._holdings, self._now = holdings, now

    def at(self, dataset: Dataset) -> Holding:
        uses = [Use("version", version, "learnt from it") for version in self._versions.get(dataset.id, ())]
        if dataset.positives:
            unknown = (each.version for each in self._listing if each.metadata is None)
            uses += [Use("version", version, "is damaged, and may have learnt from it") for version in unknown]
        uses += [Use("training run", run, "learnt from it") for run in self._training_runs.get(dataset.id, ())]
        runs = self._runs.get(dataset.id, ())
        uses += [Use("run", run.id, self.why(run)) for run in runs]
        size = size_of(self._holdings.datasets.folder / dataset.id)
        size += sum(size_of(self._holdings.runs.folder / run.id) for run in runs)
        return Holding(dataset, size, tuple(uses), self._notes.get(dataset.id, ""))

    def why(self, run: Run) -> str:
        """Why a run cannot be deleted, "" where it can."""
        return self._keeps.get(run.id) or _removes(run) or self._counts(run)

    @cached_property
    def _runs(self) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {}
        for run in self._holdings.runs.recent(_ALL):
            found.setdefault(run.dataset, []).append(run)
        return found

    @cached_property
    def _keeps(self) -> dict[str, str]:
        """What people have to do with runs, by the ids of these."""
        ledger = self._holdings.ledger
        ledger.refresh()
        judged = {prediction.rpartition("-")[0] for prediction in ledger.frame()["prediction"].dropna().astype(str)}
        with self._holdings.database.connect() as connection:
            cases = set(connection.execute(select(tables.cases.c.run).distinct()).scalars())
        return dict.fromkeys(judged, "has verdicts") | dict.fromkeys(cases, "has cases")

    def _counts(self, run: Run) -> str:
        """That live figures count the users of a run, if they do."""
        until = run.created + timedelta(days=PERIOD_DAYS)
        counts = self._now < until and self._holdings.runs.planned(run.id)
        return f"counts in live figures until {until:%Y-%m-%d}" if counts else ""

    @cached_property
    def _versions(self) -> dict[str, list[str]]:
        return _grouped([(each.metadata.data.dataset, each.version) for each in self._listing if each.metadata])

    @cached_property
    def _listing(self) -> tuple[Listed, ...]:
        return self._holdings.registry.listing()

    @cached_property
    def _training_runs(self) -> dict[str, list[str]]:
        return _grouped([(run.data.dataset, run.id) for run in self._holdings.training_runs.listed()])

    @cached_property
    def _notes(self) -> Mapping[str, str]:
        return self._holdings.notes()


def _removes(run: Run) -> str:
    """That automation removed users by a run: the platform was told so, and of what it rests on, or is to be told."""
    return "has removed users" if run.policy.armed and run.counts["auto_remove"] else ""


def megabytes(size: int) -> str:
    """
    >>> megabytes(40), megabytes(31_234_567)
    ('0.1 MB', '31.2 MB')
    """
    return f"{max(size / 1e6, 0.1):,.1f} MB"


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _note_of(dataset: str) -> str:
    return f"note on dataset {dataset}"
