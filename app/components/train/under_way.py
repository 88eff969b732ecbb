"""Training runs that go on or wait: how far they are, their search as it goes, their log, and the way to stop them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import charts, session
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.train.run_words import trials
from app.queries import services
from app.words import plain
from core.jobs import Job
from core.training.training_runs import TrainingRun

#: Ids of the jobs of this page begin with this.
PREFIX: Final = "train-"
_EVERY: Final = 0.7
_LIVE: Final = "train_live"


def under_way(newest: TrainingRun | None) -> bool:
    """Jobs that are not over, and whether there are any; else how the last one ended, if not with a run."""
    listed = services.home().jobs.listed(PREFIX)
    live = tuple(job.id for job in listed if not job.over)
    if live:
        _watch(live)
    elif listed and listed[0].status in {"failed", "cancelled"}:
        _ended(listed[0], newest)
    return bool(live)


@st.fragment(run_every=_EVERY)
def _watch(ids: Sequence[str]) -> None:
    """Runs by itself until a job begins or ends; then the page runs again."""
    listed = services.home().jobs.listed(PREFIX)
    live = [job for job in reversed(listed) if not job.over]
    if {job.id for job in live} != set(ids):
        if any(job.id in ids and job.status == "done" for job in listed):
            st.query_params.pop("run", None)  # the result is the newest run, which is shown without an address
            session.say(f"{services.home().training_runs.listed()[0].id} is trained")
        st.rerun()
    ahead = next((job for job in live if job.of), live[0])  # a job that waits for its turn has no steps yet
    waiting = [job for job in live if job is not ahead]
    section("Under way", f"{len(waiting)} wait{'s' if len(waiting) == 1 else ''}" if waiting else None)
    _one(ahead)
    for job in waiting:
        _one(job)
    search = trials(services.home().training_runs.trials_so_far(ahead.id))
    if len(search):
        figure(charts.search(search, theme=theme()), key=f"search-{ahead.id}", table=search)
    _log(ahead)


def _one(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom" if job.of else "center"):
        message = f"{job.title} · {job.message}" if job.message else job.title
        if job.of:
            st.progress(job.share, plain(message))
        else:
            st.markdown(f":small[{plain(message)}]", width="stretch")
        st.button(
            "Cancel", icon=":material/close:", type="tertiary", key=f"cancel-{job.id}",
            on_click=services.home().jobs.cancel, args=(job.id,),
        )  # fmt: skip


def _ended(job: Job, newest: TrainingRun | None) -> None:
    """Told until a later run is there."""
    if newest is not None and newest.created.timestamp() > job.told:
        return
    if job.status == "cancelled":
        st.caption(plain(job.message))
    else:
        text = job.message if job.title in job.message else f"{job.title}: {job.message}"
        st.error(plain(text), icon=":material/error:")
        _log(job)


def _log(job: Job) -> None:
    """What the process wrote of its own accord, folded."""
    with st.expander("Log"):
        st.code(services.home().jobs.log(job.id) or "Nothing yet.", language=None, height=200)
