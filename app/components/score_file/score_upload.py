"""An upload is stored and its scoring begun, as a job that goes on whatever becomes of the page."""

from __future__ import annotations

from app import guard, session
from app.components.score_file.upload import Upload, taken
from app.queries import services


def score_upload(upload: Upload) -> str | None:
    """The id of the job, or None where the file cannot be stored."""
    job = None
    with guard.shown():
        jobs, now = services.home().score_jobs, services.now()
        started = jobs.start_from_page(upload.name, upload.payload, now=now, given=upload.given, by=session.by())
        job = started.id
        taken()
    return job
