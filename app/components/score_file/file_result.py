"""A scored file: what it is, its problems, its scores, and the users to look at first."""

from __future__ import annotations

import streamlit as st

from app.components.score_file.run_summary import run_summary
from app.components.score_file.users_table import risks
from app.components.shared.job_progress import job_progress
from app.components.shared.model_notice import model_notice
from app.components.shared.problem_strip import problems
from app.components.shared.send_to_review import queued
from app.queries import review, services
from app.words import count, plain
from core.scoring.runs import Run


def file_result(run: Run) -> int | None:
    """Everything about a run; the input row of the user somebody chose to open, else None."""
    st.markdown(
        f"**{plain(run.name)}** · {count(run.received)} users received, {count(run.users)} scored, "
        f"{count(run.rejected)} rejected · {run.model} under {run.policy.version} · {run.id} · {run.seconds:.1f} s"
    )
    model_notice(services.model(run.model))
    problems(services.home().datasets.find(run.dataset))
    if not run.users:
        st.warning("No row of this file could be scored: every one was rejected. The rejected rows say why.")
        return None
    if nobody := review.nobody_flagged(run):
        st.info(nobody)
    queued(run)
    run_summary(run, services.people(run)["probability"].to_numpy())
    chosen = risks(run)
    _reasons_under_way(run)
    return chosen


def _reasons_under_way(run: Run) -> None:
    """Progress of the reasons while they are computed; a way to start them when they are not there."""
    job = services.reasons_job(run)
    if job is not None and not job.over:
        job_progress(job.id)
        return
    stored = services.reasons(run)
    if stored is None:
        if job is not None and job.message:
            st.caption(plain(job.message))
        st.button(
            "Explain the flagged users", icon=":material/search:", on_click=services.explain_in_background, args=(run,)
        )
    elif len(stored) < run.users:
        st.button(
            "Explain everyone", icon=":material/search:", type="tertiary", on_click=services.explain_in_background,
            args=(run,), kwargs={"which": "all"}, help="Reasons for the users allowed, too",
        )  # fmt: skip
