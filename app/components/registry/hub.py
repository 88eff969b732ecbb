"""The Hugging Face Hub: push the version on the page, or pull one. The work is a job; one at a time of a home."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import guard, session
from app.components.shared.job_progress import job_progress
from app.queries import services
from app.words import plain
from core.access.endpoints import Hub
from core.hub.places import MAIN, Source, Target
from core.registry.registry import MOST_WHY, Listed
from core.settings import TOKEN_VARIABLES

JOB: Final = "hub"
#: Whether this session has seen the job under way, so that it is told how it ended.
_SEEN: Final = "_hub_seen"
#: How often the popover was shut by doing something: with another key it is another one, and shut.
_CLOSED: Final = "_hub_closed"


def on_hub(listed: Listed | None) -> None:
    """The button for the title row, for those who may. `listed`: the version on the page, None where there is none."""
    if not session.may("promote"):
        return
    busy = (job := services.home().jobs.look(JOB)) is not None and not job.over
    with st.popover("Hub", icon=":material/cloud:", disabled=busy, key=f"hub-open-{_closed()}"):
        st.caption(_hub())
        ways = ["Pull a version"] if listed is None or listed.metadata is None else [f"Push {listed.version}", "Pull"]
        way = st.segmented_control(
            "What", ways, default=ways[0], required=True, label_visibility="collapsed", key="hub-way"
        )
        if way == ways[-1] or listed is None:
            _pull()
        else:
            _push(listed.version)


def under_way() -> None:
    """How far the job is, and, once, how it ended."""
    job = services.home().jobs.look(JOB)
    if job is None:
        return
    if not job.over:
        st.session_state[_SEEN] = True
        job_progress(JOB)
    elif st.session_state.get(_SEEN) and job.status == "done":
        st.session_state[_SEEN] = False
        st.toast(plain(f"{job.title} is done"), icon=":material/check_circle:")
    elif st.session_state.get(_SEEN):
        st.error(plain(job.message), icon=":material/error:")


def _push(version: str) -> None:
    with st.form("push", border=False):
        repo = st.text_input("Repo", max_chars=200, key="push-repo", placeholder="owner/name")
        public = st.toggle("Everybody may see it", key="push-public", help="Otherwise a new repo is private")
        users = st.toggle(
            "With users it was trained on", key="push-users",
            help="Up to 20,000 of them as rows, without ids, and fingerprints of all; otherwise figures only",
        )  # fmt: skip
        name = _name("push")
        if st.form_submit_button(f"Push {version}", type="primary", key="push-now"):
            with guard.shown() as failure:
                target = Target(repo.strip(), public=public, with_baseline=users)
            if failure.error is None:
                arguments = {"version": version, "repo": target.repo, "public": public, "with_baseline": users}
                _start("push", name, arguments, title=f"The push of {version} to {target.repo}")


def _pull() -> None:
    with st.form("pull", border=False):
        repo = st.text_input("Repo", max_chars=200, key="pull-repo", placeholder="owner/name")
        revision = st.text_input("Branch, tag or commit", value=MAIN, max_chars=200, key="pull-revision")
        why = st.text_area(
            "Why it is promoted at once", max_chars=MOST_WHY, height=80, key="pull-why",
            placeholder="Left empty, it is not promoted", help="Kept in the audit log",
        )  # fmt: skip
        name = _name("pull")
        if st.form_submit_button("Pull", type="primary", key="pull-now"):
            with guard.shown() as failure:
                source = Source(repo.strip(), revision.strip())
            if failure.error is None:
                arguments = {"repo": source.repo, "revision": source.revision, "why": why.strip()}
                _start("pull", name, arguments, title=f"The pull of {source.repo}")


def _name(form: str) -> str:
    here = session.person()
    return here.name if here else st.text_input("Your name", max_chars=80, key=f"{form}-name")


def _start(work: str, name: str, arguments: dict[str, Any], *, title: str) -> None:
    """Leave the work to a process, which asks anew whether this person may; it reads the token from its environment."""
    with guard.shown() as failure:
        session.come_in(name)
    if failure.error is None:
        services.home().jobs.start(
            work,
            arguments | {"by": name.strip()},
            title=title,
            identity=JOB,
        )
        st.session_state[_SEEN] = True
        st.session_state[_CLOSED] = _closed() + 1
        st.rerun()


def _closed() -> int:
    return int(st.session_state.get(_CLOSED, 0))


def _hub() -> str:
    hub = Hub.of()
    token = "with the token from" if hub.token else "without a token; to upload, or for what is private, set"
    return f"{plain(hub.name)}, {token} {TOKEN_VARIABLES[0]}"
