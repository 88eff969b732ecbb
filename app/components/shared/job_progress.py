"""How far a job is, with the way to stop it; the page around it runs again when the job is over."""

from __future__ import annotations

import streamlit as st

from app.queries import services
from app.words import plain
from core.jobs import Job

_EVERY = 0.7


@st.fragment(run_every=_EVERY)
def job_progress(identity: str) -> None:
    """Shows a job until it is over."""
    job = services.home().jobs.look(identity)
    if job is None or job.over:
        st.rerun()
    bar(job, key=f"cancel-{identity}")


def bar(job: Job, *, key: str) -> None:
    """How far a job is and what it does, with a button of this key that cancels it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(job.share, plain(job.message or job.title))
        st.button(
            "Cancel", icon=":material/close:", type="tertiary", key=key,
            on_click=services.home().jobs.cancel, args=(job.id,),
        )  # fmt: skip
