"""Scoring a file as a job: it goes on behind whoever asked for it, and ends as a run."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core import jobs
from core.data import schema as schemas
from core.decision import runs, scoring
from core.decision.policy import Policy
from core.decision.runs import Run
from core.decision.scoring import Which
from core.errors import UnknownItemError
from core.files import within, write_text
from core.jobs import Job, Report
from core.model import registry
from core.settings import Settings

#: Ids of these jobs begin so.
PREFIX: Final = "score-"
_UPLOAD: Final = "upload"
_DONE: Final = "run.json"


def identity(key: str = "") -> str:
    """The id of a new job; of the job of this key, 1 to 32 letters and digits, where there is one."""
    return PREFIX + (key or secrets.token_hex(8))


def upload(settings: Settings, job: str) -> Path:
    """Where the file to score must be when the job starts; it is gone once the job has read it."""
    folder = within(settings.jobs, job)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / _UPLOAD


def discard(settings: Settings, job: str) -> None:
    """Take away a file that did not come whole."""
    path = upload(settings, job)
    path.unlink(missing_ok=True)
    path.parent.rmdir()


def start(
    settings: Settings, job: str, *, name: str, which: Which = "flagged", allow_missing: bool = False
) -> Job:  # fmt: skip
    """Begin to score the file at `upload`; a job that is there already is given back as it is."""
    if (before := jobs.look(settings, job)) is not None:
        return before
    asked = {"name": name, "which": which, "allow_missing": allow_missing}
    return jobs.start(settings, "core.decision.score_job:score", asked, title=f"Scoring {name}", identity=job)


def result(settings: Settings, job: str) -> Run:
    """The run that a job has made. Raises UnknownItemError while there is none."""
    path = within(settings.jobs, job) / _DONE
    if not path.is_file():
        raise UnknownItemError("result of job", job)
    return runs.find(settings, json.loads(path.read_text(encoding="utf-8"))["run"])


def score(settings: Settings, report: Report, *, name: str, which: Which, allow_missing: bool) -> None:
    """The job: read, score, explain, record."""
    path = upload(settings, report.identity)
    model, policy, schema = registry.load(settings), Policy(), schemas.load(settings.schema_file)
    try:
        done = scoring.score_file(
            settings, name, path, schema, model, policy, now=datetime.now(UTC), allow_missing=allow_missing,
            progress=lambda what, at, of: report(at, of, what),
        )  # fmt: skip
    finally:
        path.unlink(missing_ok=True)
    scoring.explain_run(settings, report, run=done.run.id, which=which)
    write_text(within(settings.jobs, report.identity) / _DONE, json.dumps({"run": done.run.id}) + "\n")
