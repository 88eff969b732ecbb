"""Work that takes longer than an answer may: scoring a file, retraining, and how far either is."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import responses
from app.api.body import StrictRoute
from app.api.dependencies import Again, Here, MayRetrain, MayScore
from app.api.idempotency import identity, kept, once
from app.api.models.jobs import Job, RetrainRequest
from app.api.models.shared import NO_ZERO, Whose
from app.api.problem_details import Problem
from core import jobs
from core.access.accounts import Person
from core.access.idempotency import Claim
from core.errors import RefusedError
from core.home import Home
from core.retraining import scheduler
from core.scoring import export, score_job
from core.scoring.score_job import Order

router = APIRouter(route_class=StrictRoute, tags=["jobs"])
#: What a file to score may be called. Not text/plain: a web page may send that anywhere without being asked.
FILES = ("text/csv", "application/gzip", "application/octet-stream")
#: Described as one kind: generators of clients know what to do with it, and with none of the others.
_BODY = {"requestBody": {"required": True, "content": {FILES[-1]: {"schema": {"type": "string", "format": "binary"}}}}}
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.post("/jobs/score", status_code=202, openapi_extra=_BODY)
async def score_file(
    request: Request, live: Here, who: MayScore,
    name: Annotated[
        str, Query(min_length=1, max_length=200, pattern=NO_ZERO, description="What the file is called.")
    ] = "users.csv",
    reasons: Annotated[Whose, Query(description="Whose scores are explained.")] = "all",
    allow_missing: Annotated[bool, Query(description="Whether feature columns may be absent.")] = False,  # noqa: FBT002
    key: Again = None,
) -> Job:  # fmt: skip
    """Score a file of users, of any format that `score` takes; the result is a run like any other.

    The body is the file; it may also be called `text/csv` or `application/gzip`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FILES:
        raise Problem(415, "no_file", f"Send the file itself, as {', '.join(FILES)}.")
    live.serving  # noqa: B018 - 503 now rather than a job that fails
    job = score_job.identity(identity(who, key) if key else "")
    path = live.home.score_jobs.upload(job)
    order = Order(name, await _kept(request, path), reasons, allow_missing)
    try:
        started = await run_in_threadpool(live.home.score_jobs.start, job, path, order, by=who.name)
    except RefusedError as error:
        raise Problem(422, "key_used", str(error)) from None
    return _job(live.home, started)


async def _kept(request: Request, path: Path) -> str:
    """Write a body to a file; the SHA-256 of it. Of one that is cut off nothing stays."""
    digest = hashlib.sha256()
    with contextlib.ExitStack() as unless_whole:
        unless_whole.callback(score_job.discard, path)
        with path.open("wb") as file:
            async for chunk in request.stream():
                digest.update(chunk)
                file.write(chunk)
        unless_whole.pop_all()
    return digest.hexdigest()


@router.post("/model/retrain", status_code=202, response_model=Job)
async def retrain(
    request: Request, live: Here, who: MayRetrain, sent: RetrainRequest | None = None, key: Again = None
) -> Response:
    """Learn from all history and feedback; the candidate is held against the champion, which serves on."""
    how = (sent or RetrainRequest()).how

    async def made(claim: Claim | None) -> Response:
        started = await run_in_threadpool(_retraining, live.home, how, who, claim)
        return await kept(request, claim, responses.as_json(_job(live.home, started).model_dump(), status=202))

    return await once(request, who, key, made)


def _retraining(home: Home, how: str, who: Person, claim: Claim | None) -> jobs.Job:
    """A retraining that was started, or that is under way."""
    if claim and claim.since:  # by a process that died before it could answer the same request
        began = claim.since.timestamp()
        found = next((job for job in home.jobs.listed(scheduler.PREFIX) if job.asked >= began), None)
        if found is not None:
            return found
    return home.scheduler.start(home.policies.in_force().thresholds, how=how, by=who.name)


@router.get("/jobs/{job}")
def job_status(job: str, live: Here, _who: MayScore) -> Job:
    """How far a job is, and its result once it is done."""
    return _job(live.home, live.home.jobs.find(job))


@router.get("/jobs/{job}/result", response_class=Response, responses=_CSV)
def job_result(
    job: str, live: Here, _who: MayScore,
    texts: Annotated[bool, Query(description="Whether reasons quote words of texts.")] = True,  # noqa: FBT002
) -> Response:  # fmt: skip
    """The users of a file that was scored, in input order, as CSV."""
    run = live.home.score_jobs.result(job)
    told = live.home.exports.run_table(run, texts=texts)
    return Response(export.as_bytes(told, ".csv"), media_type="text/csv")


def _job(home: Home, job: jobs.Job) -> Job:
    return Job(
        id=job.id, title=job.title, status=job.status, done=job.done, of=job.of, share=job.share,
        message=job.message, result=_result(home, job) if job.status == "done" else None,
    )  # fmt: skip


def _result(home: Home, job: jobs.Job) -> dict[str, Any] | None:
    if not job.id.startswith(score_job.PREFIX):
        return home.jobs.result(job.id)
    run = home.score_jobs.result(job.id)
    counts = {"received": run.received, "users": run.users, "rejected": run.rejected, "bands": dict(run.counts)}
    return {"run": run.id, "model_version": run.model, "policy_version": run.policy.version} | counts
