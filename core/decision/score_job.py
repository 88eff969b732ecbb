"""Scoring a file as a job: it goes on behind whoever asked for it, and ends as a run."""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock

from core import jobs
from core.data import schema as schemas
from core.decision import runs, scoring
from core.decision.policy import Policy
from core.decision.runs import Run
from core.decision.scoring import Which
from core.errors import RefusedError, UnknownItemError
from core.files import within, write_text
from core.jobs import Job, Report
from core.model import registry
from core.settings import Settings

#: Ids of these jobs begin so.
PREFIX: Final = "score-"
_ORDER: Final = "order.json"


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
    return folder / f"upload-{secrets.token_hex(8)}"


def discard(path: Path) -> None:
    """Take away an upload that is not needed, and the folder of its job where nothing else is in it."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def start(settings: Settings, job: str, path: Path, order: Order) -> Job:
    """Begin to score an upload; a job of the same order that is there already is given back as it is.

    Raises RefusedError when the job is there for another order.
    """
    folder = within(settings.jobs, job)
    with FileLock(folder / "order.lock"):  # of two that come at once, the second one finds what the first has begun
        if (before := jobs.look(settings, job)) is not None:
            discard(path)
            if json.loads((folder / _ORDER).read_text(encoding="utf-8")) != asdict(order):
                raise RefusedError(
                    f"The job {job} scores another file, or in another way. Use a new key for each request."
                )
            return before
        write_text(folder / _ORDER, json.dumps(asdict(order)) + "\n")
        asked = {"file": path.name, "name": order.name, "which": order.which, "allow_missing": order.allow_missing}
        return jobs.start(settings, "core.decision.score_job:score", asked, title=f"Scoring {order.name}", identity=job)


def result(settings: Settings, job: str) -> Run:
    """The run that a job has made. Raises UnknownItemError while there is none."""
    found = jobs.result(settings, job)
    if found is None or "run" not in found:
        raise UnknownItemError("result of job", job)
    return runs.find(settings, found["run"])


def score(settings: Settings, report: Report, *, file: str, name: str, which: Which, allow_missing: bool) -> None:
    """The job: read, score, explain, record."""
    path = within(settings.jobs, report.identity) / file
    model, policy, schema = registry.load(settings), Policy(), schemas.load(settings.schema_file)
    try:
        done = scoring.score_file(
            settings, name, path, schema, model, policy, now=datetime.now(UTC), allow_missing=allow_missing,
            progress=lambda what, at, of: report(at, of, what),
        )  # fmt: skip
    finally:
        path.unlink(missing_ok=True)
    scoring.explain_run(settings, report, run=done.run.id, which=which)
    report.keep({"run": done.run.id})
