"""A comparison that was made before, or the job that makes it now."""

from __future__ import annotations

import streamlit as st

from app import guard
from app.components.shared import costs
from app.components.shared.job_progress import job_progress
from app.queries import compare, services
from app.queries.compare import View
from app.words import plain
from core.comparison.comparison_job import Asked


def made(asked: Asked) -> View | None:
    """The comparison; until there is one, its progress, or why there is none."""
    with guard.shown():
        identity = services.home().comparer.identity(asked)
        dataset = services.home().datasets.find(asked.on) if asked.on else None
        if (found := services.compared(identity)) is not None:
            return View(identity, compare.at_costs(identity, found, costs.at_review()), dataset)
        _being_made(asked, f"compare-{identity}")
    return None


def _being_made(request: Asked, identity: str) -> None:
    job = services.home().jobs.look(identity)
    if job is None or job.status == "done":
        _start(request, identity)
        job = services.home().jobs.look(identity)
    if job is None:
        return
    if not job.over:
        job_progress(identity)
    elif job.status == "failed":
        st.error(plain(job.message), icon=":material/error:")
    if job.over:
        st.button("Compare again", icon=":material/refresh:", on_click=_start, args=(request, identity))


def _start(request: Asked, identity: str) -> None:
    arguments = {
        "a": request.a, "b": request.b, "on": request.on, "thresholds": dict(request.thresholds), "seed": request.seed,
    }  # fmt: skip
    services.home().jobs.start(
        "compare", arguments,
        title="Comparing", identity=identity,
    )  # fmt: skip
