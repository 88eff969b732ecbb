"""A scored file: what it is, its problems, its scores, and all its users."""

from __future__ import annotations

import streamlit as st

from app.components.score_file.users_list import users_list
from app.components.shared.job_progress import job_progress
from app.components.shared.model_notice import model_notice
from app.components.shared.problem_strip import problems
from app.components.shared.send_to_review import queued
from app.queries import review, services
from app.words import NARROW, count, plain
from core.scoring.runs import Run
from core.wording import count as counted


def file_result(run: Run) -> None:
    """Everything about a run."""
    st.markdown(
        f"**{plain(run.name)}** · {count(run.received)} users received, {count(run.users)} scored, "
        f"{count(run.rejected)} rejected · {run.model} under {run.policy.version} · {run.id} · "
        f"{run.seconds:.1f}{NARROW}s"
    )
    if run.test or run.note:
        st.markdown((":gray-badge[test] " if run.test else "") + f":gray[{plain(run.note)}]" * bool(run.note))
    model_notice(services.model(run.model))
    problems(services.home().datasets.find(run.dataset))
    if not run.users:
        st.warning("No row of this file could be scored: every one was rejected. The rejected rows say why.")
        return
    if nobody := review.nobody_flagged(run):
        st.info(nobody)
    queued(run)
    to_review = run.counts["auto_remove"]
    if to_review and not run.policy.armed:
        verb = "goes" if to_review == 1 else "go"
        st.caption(f"Auto-remove is not armed: its {counted(to_review, 'user')} {verb} to human review.")
    users_list(run)
    _reasons_missing(run)


def _reasons_missing(run: Run) -> None:
    """A way to add the reasons of a run that was stored without those of all its users, and how far that is."""
    job, known = services.reasons_job(run), services.reasons(run)
    if job is not None and not job.over:
        job_progress(job.id)
    elif known is None or len(known) < run.users:
        if job is not None and job.message:
            st.caption(plain(job.message))
        st.button("Explain everyone", icon=":material/search:", on_click=services.explain_in_background, args=(run,))
