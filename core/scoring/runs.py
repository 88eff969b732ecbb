"""Runs: one scoring of one stored dataset by one model under one policy, kept so that it can be replayed.

`data/runs/<id>/scores.parquet` holds a row a user, in input order; `reasons.parquet` the reasons of those
explained, `plan.parquet` who is to be judged by a person, `sent.parquet` who was sent by hand. A prediction
is known for ever as `<run id>-<input row>`.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Row, delete, insert, select, update

from core.data.datasets import Dataset
from core.errors import UnknownItemError
from core.files import digest_file, removed, told_when_full, unknown_when_gone, with_digest, within
from core.policy.bands import BANDS, POSITIVE, Band
from core.policy.decide import SCORE, Decided, decide
from core.policy.policy import Policy
from core.scoring.decisions import score_table
from core.scoring.decisions.score_table import Parts
from core.scoring.scorer import Scored
from core.store import database, frames, numbered, tables
from core.store.database import Database
from core.store.numbered import Numbering

_SCORES: Final = "scores.parquet"
_REASONS: Final = "reasons.parquet"
_PLAN: Final = "plan.parquet"
_SENT: Final = "sent.parquet"
_there = unknown_when_gone("run")
_ID: Final = re.compile(r"r-([0-9]{4,18})")
#: What stands for the dataset of a run that is not whole: users still come in, or scores are being stored.
GROWS: Final = ""
_WHOLE: Final = select(tables.runs).where(tables.runs.c.dataset != GROWS).order_by(tables.runs.c.number.desc())

FORMAT: Final = 1
#: Up to format 1 scores came without `severity` and `decided_by`: the score alone decided.
SCORES_FORMAT: Final = 2
#: Marks of the run that a job has recorded, and of the one that some work has begun.
_RECORDED: Final = "run of "
_BEGUN: Final = "run begun by "
#: Up to format 1 plans came without `audited`: nobody was drawn to audit automatic removal.
PLAN_FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class Run:
    """`received` = `users` scored + `rejected`; `counts`: users by band; `seconds` of scoring; `test`: in no trend."""

    id: str
    created: datetime
    dataset: str
    name: str
    model: str
    policy: Policy
    received: int
    users: int
    rejected: int
    counts: Mapping[Band, int]
    seconds: float
    note: str = ""
    test: bool = False

    @property
    def flagged(self) -> int:
        """Users for human review or removal; who is only monitored is none of them."""
        return sum(self.counts[band] for band in POSITIVE)


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The runs of a home; what is large is kept in `folder`."""

    database: Database
    numbering: Numbering
    folder: Path

    def record(  # noqa: PLR0913 - a run is what all of these came to
        self, dataset: Dataset, scored: Scored, decided: Decided, rows: pd.Index[int], policy: Policy,
        *, name: str, now: datetime, started: float, job: str = "", reasons: pd.DataFrame | None = None,
    ) -> Run:  # fmt: skip
        """Store the scores of a dataset's users, and what was decided. rows: (n,) input row numbers; started: of
        `time.monotonic`; reasons: as of `save_reasons`, none where it has no rows.

        `name` is the file's name this time: the same bytes may have been stored under another. A job records one run,
        however often it is done: the one that it has recorded before is given back.
        """
        parts = Parts.of(scored, decided, rows, reasons)
        number = self.begin(name=name, model=scored.version, policy=policy, now=now)
        return self.store(number, lambda: dataset, parts, seconds=lambda: time.monotonic() - started, job=job)

    def store(
        self, number: int, stored: Callable[[], Dataset], parts: Parts, *, seconds: Callable[[], float],
        job: str = "", work: str = "",
    ) -> Run:  # fmt: skip
        """Give a run that was begun its dataset, its scores and its reasons; as if it had never been where that fails.

        stored: gives the dataset once its rows are; seconds: those of the scoring once all is stored; work: of `begin`.
        """
        run = id_of(number)
        with self._given_back_unless_done(number, work, _REASONS, _SCORES):
            if next(iter(parts.reasons()), None) is not None:
                _write_parts(self.reasons_file(run), parts.reasons())
            _write_parts(self._folder(run) / _SCORES, parts.scores(), known=SCORES_FORMAT)
            dataset = stored()
        whole = {
            "dataset": dataset.id, "received": dataset.received, "users": dataset.accepted,
            "rejected": dataset.rejected, "counts": dict(parts.counts), "seconds": round(seconds(), 2),
        }  # fmt: skip
        with self.database.writing() as connection:
            if before := database.mark(connection, _RECORDED + job):
                return self.find(before)
            connection.execute(update(tables.runs).where(tables.runs.c.number == number).values(whole))
            if job:
                database.set_mark(connection, _RECORDED + job, run)
        return self.find(run)

    def recorded_by(self, job: str) -> str | None:
        """The id of the run that a job has recorded, whatever became of the job since."""
        with self.database.connect() as connection:
            return database.mark(connection, _RECORDED + job) or None

    def begin(self, *, name: str, model: str, policy: Policy, now: datetime, work: str = "") -> int:
        """Give a run its number and an empty folder; it is in nobody's list until it has a dataset and scores.

        The database knows of it before the folder is there: a folder that it does not know tells of a loss. Who goes on
        with `work` in which a run was begun before gets the number of that one, until the work is `ended`.
        """
        row = {
            "created": now.isoformat(), "dataset": GROWS, "name": name, "model": model, "policy": policy.as_json(),
            "received": 0, "users": 0, "rejected": 0, "counts": dict.fromkeys(BANDS, 0), "seconds": 0.0,
        }  # fmt: skip
        while True:
            with self.database.writing() as connection:
                if before := database.mark(connection, _BEGUN + work):
                    self._cleared(before)
                    return number_of(before)
                self.numbering.settle_runs(connection)
                inserted = connection.execute(insert(tables.runs).values(row)).inserted_primary_key
                number = int(inserted[0]) if inserted else 0
                if work:
                    database.set_mark(connection, _BEGUN + work, id_of(number))
            folder = self._folder(id_of(number))
            # One that is there was put there from outside since: what is in it stays as it is.
            with (
                contextlib.suppress(FileExistsError),
                self._given_back_unless_done(number, work),
                told_when_full(folder),
            ):
                folder.mkdir(parents=True)
                return number

    def _cleared(self, run: str) -> None:
        """Have the folder of a run that was begun before, without what was being written when that was cut off."""
        self._folder(run).mkdir(parents=True, exist_ok=True)
        for path in self._folder(run).glob(".*.tmp"):
            path.unlink(missing_ok=True)

    def ended(self, work: str) -> None:
        """What was begun in this work is done, and whatever is begun is another run."""
        with self.database.writing() as connection:
            database.drop_mark(connection, _BEGUN + work)

    @contextlib.contextmanager
    def _given_back_unless_done(self, number: int, work: str, *ours: str) -> Iterator[None]:
        """Where what is done in it fails, it is as if the run had never been begun; but not where somebody stopped work
        that may be gone on with. ours: names of files that are written in it.
        """

        def undone(kind: type[BaseException] | None, *_: object) -> None:
            if kind is not None and (not work or issubclass(kind, Exception)):
                self._give_back(number, ours)

        with contextlib.ExitStack() as stack:
            stack.push(undone)
            yield

    def _give_back(self, number: int, ours: Iterable[str]) -> None:
        folder = self._folder(id_of(number))
        with contextlib.suppress(OSError):  # not ours, or somebody has put something into it
            for name in ours:
                digest_file(folder / name).unlink(missing_ok=True)
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()
        with self.database.writing() as connection:
            connection.execute(delete(tables.runs).where(tables.runs.c.number == number))
            connection.execute(
                delete(tables.marks).where(
                    tables.marks.c.name.startswith(_BEGUN), tables.marks.c.position == id_of(number)
                )
            )
            numbered.give_back(connection, tables.runs, number)

    def complete(self, run: str, dataset: Dataset, scored: Scored, decided: Decided, rows: pd.Index[int]) -> Run:
        """Give a run that has grown its dataset and its scores, as `record` does."""
        by_band = score_table.counts(decided)
        ours = update(tables.runs).where(tables.runs.c.number == number_of(run))
        with self.database.connect() as connection:
            whole = {"dataset": dataset.id, "received": dataset.received, "users": dataset.accepted, "counts": by_band}
            connection.execute(ours.values(whole))
            _write(self._folder(run) / _SCORES, score_table.table(scored, decided, rows), known=SCORES_FORMAT)
        return self.find(run)

    def find(self, run: str) -> Run:
        """Raises UnknownItemError when this home has no such run."""
        with self.database.connect() as connection:
            row = connection.execute(select(tables.runs).where(tables.runs.c.number == number_of(run))).one_or_none()
        if row is None:
            raise UnknownItemError("run", run)
        return _run(row)

    def recent(self, most: int = 50, *, tests: bool = True, before: int = 10**18) -> tuple[Run, ...]:
        """The latest runs below a number, newest first, without those that still grow; with or without tests."""
        wanted = _WHOLE.where(tables.runs.c.number < before, *(() if tests else (~tables.runs.c.test,)))
        with self.database.connect() as connection:
            rows = connection.execute(wanted.limit(most)).all()
        return tuple(map(_run, rows))

    def under(self, model: str, policy: str, *, after: datetime) -> tuple[Run, ...]:
        """All runs of a model under a version of the policy that were made after a moment, newest first."""
        with self.database.connect() as connection:
            rows = connection.execute(_WHOLE.where(tables.runs.c.model == model)).all()
        ours = (row for row in rows if row.policy["version"] == policy and datetime.fromisoformat(row.created) > after)
        return tuple(map(_run, ours))

    def scores(self, run: str) -> pd.DataFrame:
        """`probability`, `margin`, `n_missing`, `novel_features`, `severity` (positions in BANDS) and `decided_by`,
        indexed by input row, in input order.
        """
        return self._decided(run, self._read(run, _SCORES, known=SCORES_FORMAT))

    @_there
    def some_scores(self, run: str, rows: Sequence[int]) -> pd.DataFrame:
        """`probability`, `severity` and `decided_by` of some rows, in that order; reads no more than it has to."""
        path = self._folder(run) / _SCORES
        there = set(pq.read_schema(path).names)
        wanted = [name for name in ("probability", "severity", "decided_by") if name in there]
        return self._decided(run, self._read(run, _SCORES, wanted, known=SCORES_FORMAT).loc[list(rows)])

    @_there
    def forgotten(self, run: str) -> tuple[int, ...]:
        """The input rows whose users were forgotten."""
        return frames.forgotten(pq.read_schema(self._folder(run) / _SCORES))

    @_there
    def deciders(self, run: str) -> dict[str, int]:
        """How many users each decided: `score`, `rule:<name>`, `list:<name>`."""
        path = self._folder(run) / _SCORES
        if "decided_by" not in pq.read_schema(path).names:
            return {SCORE: self.find(run).users}
        told = frames.read(path, known=SCORES_FORMAT, columns=["decided_by"])["decided_by"].value_counts()
        return {str(name): int(number) for name, number in told.items() if number}

    def _decided(self, run: str, scores: pd.DataFrame) -> pd.DataFrame:
        """With what was decided, also where scores were stored without."""
        if "severity" in scores:
            return scores
        return scores.assign(**score_table.decisions(decide(self.find(run).policy, scores["probability"].to_numpy())))

    def save_reasons(self, run: str, reasons: pd.DataFrame) -> None:
        """Store `reason_1` ... of some or all users of a run, indexed by input row; replaces what was there."""
        _write(self.reasons_file(run), reasons)

    def reasons(self, run: str) -> pd.DataFrame | None:
        """What `save_reasons` stored, or None while there is nothing yet."""
        return self._read(run, _REASONS) if self.reasons_file(run).is_file() else None

    def reasons_file(self, run: str) -> Path:
        """Where the reasons of a run are kept, whether they are there yet or not."""
        return self._folder(run) / _REASONS

    def save_plan(self, run: str, plan: pd.DataFrame) -> None:
        """Store how users are sampled, by input row: `stratum`, `inclusion`, `chosen`, `blind`, inclusion `audited`."""
        _write(self._folder(run) / _PLAN, plan, known=PLAN_FORMAT)

    def plan(self, run: str) -> pd.DataFrame | None:
        """What `save_plan` stored, or None while the run has not been queued."""
        plan = self._read(run, _PLAN, known=PLAN_FORMAT) if self.planned(run) else None
        return plan if plan is None or "audited" in plan else plan.assign(audited=0.0)

    def planned(self, run: str) -> bool:
        """Whether a run was queued by a plan."""
        return (self._folder(run) / _PLAN).is_file()

    def save_sent(self, run: str, users: pd.Series[str]) -> None:
        """Add users, indexed by input row, to those of a run whom somebody sent to review by hand."""
        with self.database.writing():  # one at a time: of two who add at once neither may lose what the other added
            before = self.sent(run)
            joined = users if before.empty else pd.concat([before, users])
            _write(self._folder(run) / _SENT, joined[~joined.index.duplicated()].to_frame("user"))

    def sent(self, run: str) -> pd.Series[str]:
        """The users sent by hand so far, indexed by input row."""
        if not (self._folder(run) / _SENT).is_file():
            return pd.Series([], dtype="str", name="user")
        return self._read(run, _SENT)["user"]

    def remove(self, run: str) -> None:
        """Delete a run, of whose users nothing is to speak any more; its number is never given again."""
        number = number_of(run)
        removed(self._folder(run))  # first: a folder that the database does not know would tell of a loss
        with self.database.writing() as connection:
            numbered.delete_run(connection, number)

    @_there
    def _read(self, run: str, name: str, columns: list[str] | None = None, *, known: int = FORMAT) -> pd.DataFrame:
        return frames.read(self._folder(run) / name, known=known, columns=columns)

    def _folder(self, run: str) -> Path:
        return within(self.folder, run)


def _write(target: Path, frame: pd.DataFrame, *, known: int = FORMAT) -> None:
    _write_parts(target, [pa.Table.from_pandas(frame)], known=known)


def _write_parts(target: Path, parts: Iterable[pa.Table], *, known: int = FORMAT) -> None:
    with with_digest(target) as temporary:
        frames.write_parts(parts, temporary, known=known)


def id_of(number: int) -> str:
    return f"r-{number:04d}"


def number_of(run: str) -> int:
    """The number in a run's id; raises UnknownItemError for what is no id of a run."""
    match = _ID.fullmatch(run)
    if match is None or id_of(int(match[1])) != run:
        raise UnknownItemError("run", run)
    return int(match[1])


def _run(row: Row[Any]) -> Run:
    stored = row._asdict()
    made = {"id": id_of(stored.pop("number")), "created": datetime.fromisoformat(stored["created"])}
    return Run(**stored | made | {"policy": Policy.from_json(stored["policy"])})
