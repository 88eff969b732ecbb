"""The scoring of a file as its page sees it: how far it is, what stopped it, and the ways out."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from app import guard
from app.components.shared.heading import section
from app.queries import services
from app.words import count, plain
from core.errors import UnknownItemError
from core.home import Home
from core.jobs import Job
from core.scoring import score_job

#: In the address: the job whose scoring the page is about.
ADDRESS: Final = "job"
_ASKED: Final = "_job"
#: Seconds between two looks: a table is shown as soon as it can be.
_EVERY: Final = 0.05
#: Seconds that the table is given to be drawn before anything else is begun.
_TABLE: Final = 1.5


def run_opened() -> str | None:
    """The id of the run that the address names, itself or by the job that has made it.

    A job that this tab has just asked for is waited for: then the address becomes that of the run.
    """
    job = st.query_params.get(ADDRESS, "")
    if (run := st.query_params.get("run")) or not job.startswith(score_job.PREFIX):
        return run
    return None if st.session_state.get(_ASKED) == job else services.home().score_jobs.run_of(job)


def scoring(identity: str) -> str | None:
    """The run, once the job has made it; waits for that. None where it does not come to one, which is told."""
    job = _watched(identity)
    if run := services.home().score_jobs.run_of(identity):
        st.session_state.pop(_ASKED, None)
        services.home().shadow.soon()
        # The next file may come, but the table comes first.
        services.ready_to_score(after=_TABLE)
        return run
    if job is None or not identity.startswith(score_job.PREFIX):
        st.error(plain(str(UnknownItemError("job", identity))), icon=":material/error:")
    elif job.status == "cancelled":
        st.caption(plain(job.message))
        _discard(identity)
    else:
        services.home().score_jobs.seen(identity)
        _stopped(job)
    return None


def unfinished(besides: str | None) -> None:
    """What was begun and came to no run, but for one job: to look at, to score again, or to discard."""
    left = [job for job in services.home().score_jobs.left() if job.id != besides]
    if not left:
        return
    section("Not finished", "files that are stored and came to no run")
    for job in left:
        if job.over:
            _stopped(job)
            continue
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(plain(f"{job.title} is under way{_how_far(job, ' at')}."), width="stretch")
            st.button("Show", type="tertiary", key=f"show-{job.id}", on_click=_look_at, args=(job.id,))


def _watched(identity: str) -> Job | None:
    """The job once it is over or has made its run; until then its progress, with the way to stop it."""
    home, place = services.home(), st.empty()
    bar, shown = None, None
    while (job := home.jobs.look(identity)) is not None and not job.over and not _made(home, identity):
        if bar is None:
            with place.container():
                bar = st.empty()
                st.button(
                    "Cancel", icon=":material/close:", type="tertiary", key=f"cancel-{identity}",
                    on_click=home.jobs.cancel, args=(identity,),
                )  # fmt: skip
        if shown != (shown := (job.share, plain((job.message or job.title) + _how_far(job, " ·")))):
            bar.progress(*shown)
        time.sleep(_EVERY)
        # Where it asks the session something, the page learns that somebody has pressed a key or left.
        st.session_state.get(ADDRESS)
    place.empty()
    return job


def _made(home: Home, identity: str) -> bool:
    """Whether the run is there, a moment before the job is over."""
    return "run" in (home.jobs.result(identity) or {})


def _how_far(job: Job, before: str) -> str:
    return f"{before} {count(job.done)} of {count(job.of)} users" if job.of else ""


def _stopped(job: Job) -> None:
    """Why a job came to no run, and the ways out."""
    home = services.home()
    said = job.message
    if job.interrupted:
        said = f"{job.title} was interrupted{_how_far(job, ' at')}. The file is stored. Score it again, or discard it."
    st.error(plain(said), icon=":material/error:")
    absent = home.score_jobs.missing(job.id)
    with st.container(horizontal=True):
        if absent and home.score_jobs.can_again(job):
            shown = ", ".join(absent[:3]) + (f" and {len(absent) - 3} more" if len(absent) > 3 else "")
            _button(f"Go on with {plain(shown)} as missing", "go_on", job, allow_missing=True)
        elif home.score_jobs.can_again(job):
            _button("Score it again", f"again-{job.id}", job)
        st.button("Discard", type="tertiary", key=f"discard-{job.id}", on_click=_discard, args=(job.id,))


def _button(label: str, key: str, job: Job, *, allow_missing: bool | None = None) -> None:
    st.button(label, key=key, on_click=_again, args=(job.id,), kwargs={"allow_missing": allow_missing})


def _again(identity: str, *, allow_missing: bool | None) -> None:
    with guard.noted():
        services.home().score_jobs.again(identity, allow_missing=allow_missing)
        _look_at(identity)


def _look_at(identity: str) -> None:
    st.query_params[ADDRESS] = st.session_state[_ASKED] = identity


def _discard(identity: str) -> None:
    services.home().jobs.forget(identity)
    if st.query_params.get(ADDRESS) == identity:
        del st.query_params[ADDRESS]
