"""Learning from feedback: what has come in, the button that retrains, and how that goes and ended."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import guard, navigation, session
from app.components.learning.settings_form import settings_form
from app.components.shared.heading import section
from app.queries import services
from app.words import legible, moment, plain
from core.access import accounts
from core.errors import NotAllowedError
from core.jobs import Job
from core.retraining import scheduler
from core.retraining.schedule import Last

HOWS: Final = {"full": "In full", "warm": "On top of the live model"}
WORDS: Final = {"promote": "may be promoted", "hold": "a person has to decide", "reject": "must not be promoted"}
_EVERY: Final = 0.7


def retraining() -> None:
    """The section of the Train page; nothing in a home without a model, where there is no history to add to."""
    if services.home().registry.champion() is None:
        return
    section("Learn from feedback", "all history and the verdicts; nothing changes until a version is promoted")
    live = services.home().scheduler.under_way()
    with st.container(horizontal=True, vertical_alignment="center"):
        with guard.shown() as failure:
            due = services.home().schedule.due(now=services.now())
        if failure.error is None:
            st.markdown(plain(due.sentence), width="stretch")
        if session.may("retrain"):
            _button(live)
            settings_form()
    _refused()
    if live is not None:
        _watch(live.id)
    else:
        _ended(services.home().schedule.last())


def _button(live: Job | None) -> None:
    # Another one after each retraining: the one that started it would stand open until it is over, and then again.
    number = len(services.home().jobs.listed(scheduler.PREFIX))
    with (
        st.popover("Retrain", icon=":material/autorenew:", disabled=live is not None, key=f"retrain-open-{number}"),
        st.form("retrain", border=False),
    ):
        st.markdown("A candidate is made and held against the live model, which scores on meanwhile.")
        how = st.radio("How", list(HOWS), format_func=HOWS.__getitem__, key="retrain_how")
        here = session.person()
        name = here.name if here else st.text_input("Your name", max_chars=80, key="retrain_name")
        if st.form_submit_button("Retrain", type="primary", key="retrain-now"):
            with guard.shown() as failure:
                _start(str(how), accounts.named(name))
            if failure.error is None:
                st.rerun()


def _start(how: str, name: str) -> None:
    session.come_in(name)
    by = services.home().accounts.authorise(name, "retrain").name
    services.home().scheduler.start(services.policy().thresholds, how=how, by=by)


def _refused() -> None:
    person = session.person()
    if person is not None and not session.may("retrain"):
        st.caption(plain(str(NotAllowedError(person.name, person.role, "retrain"))))


@st.fragment(run_every=_EVERY)
def _watch(identity: str) -> None:
    """Runs by itself until the job is over; then the page runs again."""
    job = services.home().jobs.find(identity)
    if job.over:
        if job.status == "done":
            session.say("The retraining is done")
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(job.share, plain(f"{job.title} · {job.message}" if job.message else job.title))
        st.button(
            "Cancel", icon=":material/close:", type="tertiary", key=f"cancel-{identity}",
            on_click=services.home().jobs.cancel, args=(identity,),
        )  # fmt: skip


def _ended(last: Last) -> None:
    """What came of the last one: the verdict of the gate, or why there is none."""
    newest = next(iter(services.home().jobs.listed(scheduler.PREFIX)), None)
    if last.failed and last.at is not None:
        st.error(f"The retraining of {moment(last.at)} UTC failed: {plain(last.failed)}", icon=":material/error:")
    elif newest is not None and newest.status == "failed":
        st.error(plain(newest.message), icon=":material/error:")
    found = services.home().gate_reports.kept(last.version) if last.version else None
    if found is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f"**{found.candidate}**, {moment(found.at)} UTC: {WORDS[found.verdict]}. {plain(legible(found.sentence))}",
            width="stretch",
        )
        if st.button("Open in Registry", icon=":material/inventory_2:", key="retrained"):
            navigation.go("registry", version=found.candidate)
