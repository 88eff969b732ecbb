"""Data at its end: what is past the period of its kind is told with its size, then deleted; the database shrinks.

What something depends on stays, however old it is: see `core.catalog.holdings`, and `old_verdicts`, `old_decisions` and
`old_notes` beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.retention_options import RetentionOptions, end
from core.catalog import old_cases, old_notes, old_rows
from core.catalog.holdings import Holdings, megabytes
from core.catalog.old_decisions import OldDecisions
from core.catalog.old_verdicts import OldVerdicts
from core.comparison.comparison_store import Comparisons
from core.comparison.predictions import PredictionFiles
from core.files import removed, size_of
from core.jobs import Jobs
from core.store import numbered
from core.store.database import Database
from core.store.numbered import Numbering
from core.wording import count

_ROWS: Final[Mapping[old_rows.Kind, str]] = {"incident": "closed incident", "note": "note"}
#: Letters of the identity of a comparison that people are shown.
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Due:
    """What would go: `kind` and `name` in words, its `size` in bytes, how it is deleted, and what to know before."""

    kind: str
    name: str
    size: int
    delete: Callable[[], object] = field(compare=False, repr=False)
    about: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"{self.kind} {self.name}", megabytes(self.size), self.about)))


@dataclass(frozen=True, slots=True, eq=False)
class Pruning:
    """Deletes what is past its time. `logs`: their folder."""

    accounts: Accounts
    audit: AuditLog
    comparisons: Comparisons
    database: Database
    holdings: Holdings
    jobs: Jobs
    numbering: Numbering
    old_decisions: OldDecisions
    old_verdicts: OldVerdicts
    options: RetentionOptions
    prediction_files: PredictionFiles
    logs: Path

    def due(self, *, by: str, now: datetime) -> tuple[Due, ...]:
        """What is past its time, and the room in the database that nothing uses. by: who would delete it.

        Raises BadOptionError.
        """
        periods, found = self.options.load(), list[Due]()
        kinds: tuple[tuple[int | None, Callable[[datetime], Iterable[Due]]], ...] = (
            (periods.datasets_days, lambda moment: self._datasets(moment, by, now)),
            (periods.runs_days, lambda moment: self._runs(moment, now, found)),
            (periods.cases_days, self._cases),
            (periods.predictions_days, self._predictions),
            (periods.jobs_days, self._jobs),
            (periods.logs_days, self._logs),
            (periods.verdicts_days, self._verdicts),
            (periods.decisions_days, lambda moment: self._decisions(moment, end(periods.verdicts_days, now))),
            (periods.audit_days, self._audit_lines),
            (periods.incidents_days, partial(self._rows, "incident")),
            (periods.notes_days, partial(self._rows, "note")),
            (periods.comparisons_days, self._comparisons),
            (periods.training_days, self._training_runs),
        )
        for days, past in kinds:
            if moment := end(days, now):
                found += past(moment)
        if free := self.database.free():
            found.append(Due("unused room of", "data/state.db", free, lambda: None))
        return tuple(found)

    def stays(self, *, now: datetime) -> tuple[str, ...]:
        """Sentences on verdicts and decisions that are past their time, and stay as something needs them."""
        periods, told = self.options.load(), []
        judged = end(periods.verdicts_days, now)
        if judged:
            told.append(self.old_verdicts.before(judged).stays)
        if moment := end(periods.decisions_days, now):
            told.append(self.old_decisions.before(moment, without=self._going(judged)).stays)
        return tuple(filter(None, told))

    def prune(self, due: tuple[Due, ...], *, by: str, now: datetime) -> int:
        """Delete what was told; by how many bytes the database shrank. Raises NotAllowedError, and as deleting does."""
        person = self.accounts.authorise(by, "delete data").name
        kinds = [each.kind for each in due]
        facts: dict[str, object] = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
        with self.database.writing() as connection:
            self.numbering.settle_runs(connection)
            facts |= {"bytes": sum(each.size for each in due), "numbers": numbered.given(connection)}
        self.audit.note(who=person, what=numbered.PRUNE, about="data at its end", details=facts, now=now, ahead=True)
        for each in due:
            each.delete()
        before = self.database.path.stat().st_size
        self.database.compact()
        return before - self.database.path.stat().st_size

    def _verdicts(self, moment: datetime) -> Iterator[Due]:
        found = self.old_verdicts.before(moment)
        if found.verdicts:
            name = f"{count(found.verdicts, 'verdict')} on {count(len(found.users), 'user')}"
            blank = partial(self.old_verdicts.blank, found.users, moment)
            yield Due("feedback,", name, found.size, blank, found.learnt)

    def _decisions(self, moment: datetime, judged: datetime | None) -> Iterator[Due]:
        found = self.old_decisions.before(moment, without=self._going(judged))
        if found.numbers:
            delete = partial(self.old_decisions.delete, found.numbers, moment)
            yield Due("outbox,", count(len(found.numbers), "decision"), found.size, delete)

    def _going(self, moment: datetime | None) -> frozenset[str]:
        """The users whose verdicts go."""
        return self.old_verdicts.before(moment).users if moment else frozenset()

    def _datasets(self, moment: datetime, by: str, now: datetime) -> Iterator[Due]:
        for each in self.holdings.before(moment, now=now):
            yield Due("dataset", " ".join((each.id, *each.runs)), each.size,
                      partial(self.holdings.delete, each, by=by, now=now, runs=each.runs))  # fmt: skip

    def _runs(self, moment: datetime, now: datetime, found: Sequence[Due]) -> Iterator[Due]:
        runs = self.holdings.runs
        going = {run for each in found if each.kind == "dataset" for run in each.name.split()}
        for each in self.holdings.listed(now=now):
            for use in each.uses:
                old = use.kind == "run" and not use.keeps and runs.find(use.id).created < moment
                if old and use.id not in going:
                    yield Due("run", use.id, size_of(runs.folder / use.id), partial(runs.remove, use.id))

    def _cases(self, moment: datetime) -> Iterator[Due]:
        if (old := old_cases.decided_before(self.database, moment)).numbers:
            name = count(len(old.numbers), "decided case")
            yield Due("context and features of", name, old.size, partial(old_cases.blank, self.database, old.numbers))

    def _audit_lines(self, moment: datetime) -> Iterator[Due]:
        lines, size = old_notes.room(self.audit, moment)
        if lines:
            yield Due("audit log,", count(lines, "line"), size, partial(old_notes.blank, self.audit, moment))

    def _rows(self, kind: old_rows.Kind, moment: datetime) -> Iterator[Due]:
        old = old_rows.before(self.database, kind, moment)
        if old.rows:
            remove = partial(old_rows.remove, self.database, kind, moment)
            yield Due("database,", count(old.rows, _ROWS[kind]), old.size, remove)

    def _predictions(self, moment: datetime) -> Iterator[Due]:
        for each in self.prediction_files.listed():
            if each.created < moment:
                folder = self.prediction_files.folder / each.id
                yield Due("predictions", each.name, size_of(folder), partial(removed, folder))

    def _comparisons(self, moment: datetime) -> Iterator[Due]:
        for identity, made in self.comparisons.made().items():
            if made < moment:
                folder = self.comparisons.folder / identity
                yield Due("comparison", identity[:_SHOWN], size_of(folder), partial(removed, folder))

    def _training_runs(self, moment: datetime) -> Iterator[Due]:
        """All but the latest, whose number would be given again."""
        for run in self.holdings.training_runs.listed()[1:]:
            if run.created < moment and not run.version:
                folder = self.holdings.training_runs.candidates / run.id
                yield Due("training run", run.id, size_of(folder), partial(removed, folder))

    def _jobs(self, moment: datetime) -> Iterator[Due]:
        for job in self.jobs.listed():
            if job.over and datetime.fromtimestamp(job.asked, UTC) < moment:
                size = size_of(self.jobs.folder / job.id)
                yield Due("job", job.title, size, partial(self.jobs.forget, job.id))

    def _logs(self, moment: datetime) -> Iterator[Due]:
        for path in sorted(self.logs.glob("*.log.*")):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
                yield Due("log", path.name, path.stat().st_size, partial(path.unlink, missing_ok=True))
