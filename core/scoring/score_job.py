"""Scoring a file as a job: it goes on behind whoever asked for it, and ends as a run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from core import locks
from core.data.formats.options import NOTHING, Given
from core.errors import (
    BadOptionError,
    CancelledError,
    FileProblemError,
    MissingColumnsError,
    RefusedError,
    TrustdeskError,
    UnknownItemError,
)
from core.files import told_when_full, within, write_text
from core.jobs import Job, Jobs, Report
from core.ports import PolicyStore
from core.registry.registry import Registry
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.scoring.score_file import FileScoring
from core.scoring.streaming.block_scoring import Which

#: Ids of these jobs begin so.
PREFIX: Final = "score-"
#: Those of a page begin so.
PAGE: Final = "score-page-"
#: How long a file is kept that came to no run and that nobody came back to.
KEPT: Final = timedelta(days=7)
_TARGET: Final = "score_file"
_ORDER: Final = "order.json"
_UPLOAD: Final = "upload-"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be scored: a file by the name it came with, and the SHA-256 of its bytes as they came."""

    name: str
    sha256: str
    which: Which = "all"
    allow_missing: bool = False


def identity(key: str = "") -> str:
    """The id of a new job; of the job of this key, 1 to 32 letters and digits, where there is one."""
    return PREFIX + (key or secrets.token_hex(8))


@dataclass(frozen=True, slots=True, eq=False)
class ScoreJobs:
    """Scores files in jobs."""

    file_scoring: FileScoring
    jobs: Jobs
    policies: PolicyStore
    registry: Registry
    runs: Runs
    schema_file: Path

    def upload(self, job: str) -> Path:
        """A new place to put the file to score; `start` or `discard` takes care of it."""
        folder = within(self.jobs.folder, job)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{_UPLOAD}{secrets.token_hex(8)}"

    def start(self, job: str, path: Path, order: Order, *, by: str | None = None) -> Job:
        """Begin to score an upload, brought `by` somebody; a job of the same order that is there already is given back
        as it is, one that was interrupted goes on.

        Raises RefusedError when the job is there for another order.
        """
        folder = within(self.jobs.folder, job)
        with locks.held(
            folder / "order.lock"
        ):  # of two that come at once, the second one finds what the first has begun
            if (before := self.jobs.look(job)) is not None:
                same = json.loads((folder / _ORDER).read_text(encoding="utf-8")) == asdict(order)
                if same and before.interrupted:
                    return self.jobs.again(job, file=path.name)
                discard(path)
                if not same:
                    raise RefusedError(
                        f"The job {job} scores another file, or in another way. Use a new key for each request."
                    )
                return before
            write_text(folder / _ORDER, json.dumps(asdict(order)) + "\n")
            return self.jobs.start(_TARGET, _asked(path, order) | {"by": by}, title=_title(order), identity=job)

    def start_from_page(
        self, name: str, payload: bytes | Path, *, now: datetime, given: Given = NOTHING, by: str | None = None
    ) -> Job:  # fmt: skip
        """Store a file and begin to score it, read as was `given`, for somebody (`by`) who waits for the table.

        It goes on whatever becomes of the page. Raises StorageError.
        """
        self.sweep(now=now)
        job = f"{PAGE}{secrets.token_hex(8)}"
        path = self.upload(job)
        with contextlib.ExitStack() as unless_begun:
            unless_begun.callback(discard, path)
            with told_when_full(path), path.open("wb") as file:
                file.write(payload if isinstance(payload, bytes) else payload.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            unless_begun.pop_all()
        order = Order(name, "")
        asked = (
            _asked(path, order) | {"again": True, "by": by} | ({} if given == NOTHING else {"given": given.as_json()})
        )
        return self.jobs.start_ready(_TARGET, asked, title=_title(order), identity=job, lane="scoring")

    def result(self, job: str) -> Run:
        """The run that a job has made. Raises UnknownItemError while there is none."""
        run = self.run_of(job)
        if run is None:
            raise UnknownItemError("result of job", job)
        return self.runs.find(run)

    def run_of(self, job: str) -> str | None:
        """The id of the run that a job has made, whatever became of the job since; None while there is none."""
        told = self.jobs.result(job) or {}
        return told.get("run") or self.runs.recorded_by(job)

    def missing(self, job: str) -> tuple[str, ...]:
        """The columns for want of which a job could not score its file."""
        return tuple((self.jobs.result(job) or {}).get("missing", ()))

    def again(self, job: str, *, allow_missing: bool | None = None) -> Job:
        """Score the stored file of a job that is over without a run; with `allow_missing`, absent columns as missing.

        Raises UnknownItemError where the job or its file is not there any more.
        """
        if not self._stored(job):
            raise UnknownItemError("stored file of job", job)
        return self.jobs.again(job, **({} if allow_missing is None else {"allow_missing": allow_missing}))

    def can_again(self, job: Job) -> bool:
        """Whether the file of a job that failed is still there, and may be read when it is tried again."""
        return bool(self._stored(job.id)) and not (self.jobs.result(job.id) or {}).get("unusable", False)

    def left(self) -> tuple[Job, ...]:
        """What pages have asked for that came to no run yet, newest first: under way, interrupted, or failed unseen."""
        unfinished = [job for job in self.jobs.listed(PAGE) if job.status not in {"done", "cancelled"}]
        told = {job.id for job in unfinished if job.status == "failed" and not job.interrupted and self._seen(job.id)}
        return tuple(job for job in unfinished if job.id not in told and self.run_of(job.id) is None)

    def seen(self, job: str) -> None:
        """Note that somebody was shown why a job failed."""
        with contextlib.suppress(FileNotFoundError):  # discarded meanwhile
            self._note_seen(job).touch()

    def _seen(self, job: str) -> bool:
        return self._note_seen(job).exists()

    def _note_seen(self, job: str) -> Path:
        return within(self.jobs.folder, job) / "seen"

    def sweep(self, *, now: datetime) -> None:
        """Take away what pages have asked for and was cancelled, or nobody came back to for a week, and uploads of
        other jobs after a week.
        """
        before = (now - KEPT).timestamp()
        for job in self.jobs.listed(PAGE):
            if job.status == "cancelled" or job.asked < before:
                self.jobs.forget(job.id)
        for path in self.jobs.folder.glob(f"{PREFIX}*/{_UPLOAD}*"):
            with contextlib.suppress(FileNotFoundError):  # its job has ended meanwhile
                if path.stat().st_mtime < before and self._over(path.parent.name):
                    discard(path)

    def score(  # noqa: PLR0913 - what a job may have been asked
        self, report: Report, *, file: str, name: str, which: Which, allow_missing: bool, again: bool = False,
        apart: bool = False, given: dict[str, Any] | None = None, by: str | None = None,
    ) -> None:  # fmt: skip
        """The job: read, score, explain, record; with `again`, the file is there for another try when it fails.

        `given`: what was said of how to read it; `apart` is what a page of an older program asked for.
        """
        order, said = Order(name, "", which, allow_missing), NOTHING if given is None else Given.from_json(given)
        # Where it was interrupted after the run was recorded, there is nothing left to do.
        run = self.runs.recorded_by(report.identity) or self._recorded(
            report, file, order, said, by, keep=again or apart
        )
        report.keep({"run": run})
        self._drop(report.identity)

    def _recorded(
        self, report: Report, file: str, order: Order, given: Given, by: str | None, *, keep: bool
    ) -> str:  # fmt: skip
        """The run of a file; with `keep`, the file is there for another try when this one fails."""
        path = within(self.jobs.folder, report.identity) / file
        try:
            model, schema = self.registry.load(), schemas.load(self.schema_file)
            policy = self.policies.deciding(model.version)
            return self.file_scoring.score_file(
                order.name, path, schema, model, policy, now=datetime.now(UTC), given=given,
                allow_missing=order.allow_missing, which=order.which,
                progress=lambda what, at, of: report(at, of, what), job=report.identity, by=by,
            ).run.id  # fmt: skip
        except TrustdeskError as error:
            if isinstance(error, MissingColumnsError):
                report.keep({"missing": list(error.columns), "unusable": not set(error.columns) <= set(schema.names)})
            if isinstance(error, (FileProblemError, BadOptionError)):
                report.keep({"unusable": True})
            if isinstance(error, CancelledError) or not keep:
                self._drop(report.identity)
            raise

    def _stored(self, job: str) -> list[Path]:
        return list(within(self.jobs.folder, job).glob(f"{_UPLOAD}*"))

    def _drop(self, job: str) -> None:
        for path in self._stored(job):
            path.unlink(missing_ok=True)

    def _over(self, job: str) -> bool:
        found = self.jobs.look(job)
        return found is None or found.over


def discard(path: Path) -> None:
    """Take away an upload that is not needed, and the folder of its job where nothing else is in it."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def _asked(path: Path, order: Order) -> dict[str, object]:
    return {"file": path.name, "name": order.name, "which": order.which, "allow_missing": order.allow_missing}


def _title(order: Order) -> str:
    return f"Scoring {order.name}"
