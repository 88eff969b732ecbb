"""Scoring a file as a job: it goes on behind whoever asked for it, and ends as a run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from filelock import FileLock

from core import jobs
from core.errors import (
    CancelledError,
    FileProblemError,
    MissingColumnsError,
    RefusedError,
    TrustdeskError,
    UnknownItemError,
)
from core.files import told_when_full, within, write_text
from core.jobs import Job, Report
from core.policy.policy import Policy
from core.registry import registry
from core.schema import schema as schemas
from core.scoring import runs, score_file
from core.scoring.runs import Run
from core.scoring.score_file import Which
from core.settings import Settings

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
    which: Which = "flagged"
    allow_missing: bool = False


def identity(key: str = "") -> str:
    """The id of a new job; of the job of this key, 1 to 32 letters and digits, where there is one."""
    return PREFIX + (key or secrets.token_hex(8))


def upload(settings: Settings, job: str) -> Path:
    """A new place to put the file to score; `start` or `discard` takes care of it."""
    folder = within(settings.jobs, job)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{_UPLOAD}{secrets.token_hex(8)}"


def discard(path: Path) -> None:
    """Take away an upload that is not needed, and the folder of its job where nothing else is in it."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def start(settings: Settings, job: str, path: Path, order: Order) -> Job:
    """Begin to score an upload; a job of the same order that is there already is given back as it is, one that was
    interrupted goes on.

    Raises RefusedError when the job is there for another order.
    """
    folder = within(settings.jobs, job)
    with FileLock(folder / "order.lock"):  # of two that come at once, the second one finds what the first has begun
        if (before := jobs.look(settings, job)) is not None:
            same = json.loads((folder / _ORDER).read_text(encoding="utf-8")) == asdict(order)
            if same and before.interrupted:
                return jobs.again(settings, job, file=path.name)
            discard(path)
            if not same:
                raise RefusedError(
                    f"The job {job} scores another file, or in another way. Use a new key for each request."
                )
            return before
        write_text(folder / _ORDER, json.dumps(asdict(order)) + "\n")
        return jobs.start(settings, _TARGET, _asked(path, order), title=_title(order), identity=job)


def start_from_page(settings: Settings, name: str, payload: bytes | Path, *, now: datetime) -> Job:
    """Store a file and begin to score it for somebody who waits for the table; the reasons come as a job of their own.

    It goes on whatever becomes of the page. Raises StorageError.
    """
    sweep(settings, now=now)
    job = f"{PAGE}{secrets.token_hex(8)}"
    path = upload(settings, job)
    with contextlib.ExitStack() as unless_begun:
        unless_begun.callback(discard, path)
        with told_when_full(path), path.open("wb") as file:
            file.write(payload if isinstance(payload, bytes) else payload.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        unless_begun.pop_all()
    order = Order(name, "")
    asked = _asked(path, order) | {"apart": True}
    return jobs.start_ready(settings, _TARGET, asked, title=_title(order), identity=job, lane="scoring")


def result(settings: Settings, job: str) -> Run:
    """The run that a job has made. Raises UnknownItemError while there is none."""
    run = run_of(settings, job)
    if run is None:
        raise UnknownItemError("result of job", job)
    return runs.find(settings, run)


def run_of(settings: Settings, job: str) -> str | None:
    """The id of the run that a job has made, whatever became of the job since; None while there is none."""
    told = jobs.result(settings, job) or {}
    return told.get("run") or runs.recorded_by(settings, job)


def missing(settings: Settings, job: str) -> tuple[str, ...]:
    """The columns for want of which a job could not score its file."""
    return tuple((jobs.result(settings, job) or {}).get("missing", ()))


def again(settings: Settings, job: str, *, allow_missing: bool | None = None) -> Job:
    """Score the stored file of a job that is over without a run; with `allow_missing`, absent columns as missing.

    Raises UnknownItemError where the job or its file is not there any more.
    """
    if not _stored(settings, job):
        raise UnknownItemError("stored file of job", job)
    return jobs.again(settings, job, **({} if allow_missing is None else {"allow_missing": allow_missing}))


def can_again(settings: Settings, job: Job) -> bool:
    """Whether the file of a job that failed is still there, and may be read when it is tried again."""
    return bool(_stored(settings, job.id)) and not (jobs.result(settings, job.id) or {}).get("unusable", False)


def left(settings: Settings) -> tuple[Job, ...]:
    """What pages have asked for that came to no run yet, newest first: under way, interrupted, or failed unseen."""
    unfinished = [job for job in jobs.listed(settings, PAGE) if job.status not in {"done", "cancelled"}]
    told = {job.id for job in unfinished if job.status == "failed" and not job.interrupted and _seen(settings, job.id)}
    return tuple(job for job in unfinished if job.id not in told and run_of(settings, job.id) is None)


def seen(settings: Settings, job: str) -> None:
    """Note that somebody was shown why a job failed."""
    with contextlib.suppress(FileNotFoundError):  # discarded meanwhile
        _note_seen(settings, job).touch()


def _seen(settings: Settings, job: str) -> bool:
    return _note_seen(settings, job).exists()


def _note_seen(settings: Settings, job: str) -> Path:
    return within(settings.jobs, job) / "seen"


def sweep(settings: Settings, *, now: datetime) -> None:
    """Take away what pages have asked for and was cancelled, or nobody came back to for a week, and uploads of other
    jobs after a week.
    """
    before = (now - KEPT).timestamp()
    for job in jobs.listed(settings, PAGE):
        if job.status == "cancelled" or job.asked < before:
            jobs.forget(settings, job.id)
    for path in settings.jobs.glob(f"{PREFIX}*/{_UPLOAD}*"):
        with contextlib.suppress(FileNotFoundError):  # its job has ended meanwhile
            if path.stat().st_mtime < before and _over(settings, path.parent.name):
                discard(path)


def score(
    settings: Settings, report: Report, *, file: str, name: str, which: Which, allow_missing: bool, apart: bool = False
) -> None:  # fmt: skip
    """The job: read, score, record, explain; with `apart`, the reasons are the next job of this process."""
    path = within(settings.jobs, report.identity) / file
    # Where it was interrupted after the run was recorded, it goes on from there.
    run = runs.recorded_by(settings, report.identity) or _recorded(
        settings, report, path, name, allow_missing=allow_missing, keep=apart
    )
    if apart:
        report.then(
            settings, "explain_run", {"run": run, "which": which}, title=f"Reasons of {run}",
            identity=f"reasons-{run}",
        )  # fmt: skip
    else:
        score_file.explain_run(settings, report, run=run, which=which)
    report.keep({"run": run})
    _drop(settings, report.identity)


def _recorded(settings: Settings, report: Report, path: Path, name: str, *, allow_missing: bool, keep: bool) -> str:
    """The run of a file; with `keep`, the file is there for another try when this one fails."""
    try:
        model, policy, schema = registry.load(settings), Policy(), schemas.load(settings.schema_file)
        return score_file.score_file(
            settings, name, path, schema, model, policy, now=datetime.now(UTC), allow_missing=allow_missing,
            progress=lambda what, at, of: report(at, of, what), job=report.identity,
        ).run.id  # fmt: skip
    except TrustdeskError as error:
        if isinstance(error, MissingColumnsError):
            report.keep({"missing": list(error.columns), "unusable": not set(error.columns) <= set(schema.names)})
        if isinstance(error, FileProblemError):
            report.keep({"unusable": True})
        if isinstance(error, CancelledError) or not keep:
            _drop(settings, report.identity)
        raise


def _asked(path: Path, order: Order) -> dict[str, object]:
    return {"file": path.name, "name": order.name, "which": order.which, "allow_missing": order.allow_missing}


def _title(order: Order) -> str:
    return f"Scoring {order.name}"


def _stored(settings: Settings, job: str) -> list[Path]:
    return list(within(settings.jobs, job).glob(f"{_UPLOAD}*"))


def _drop(settings: Settings, job: str) -> None:
    for path in _stored(settings, job):
        path.unlink(missing_ok=True)


def _over(settings: Settings, job: str) -> bool:
    found = jobs.look(settings, job)
    return found is None or found.over
