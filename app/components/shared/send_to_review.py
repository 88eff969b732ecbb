"""Send to review: today's places by the plan of the day, or users by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

from app import guard, navigation, session
from app.components.shared.forecast import forecast
from app.components.shared.job_progress import job_progress
from app.queries import review, services
from app.words import count, plain
from core.access import accounts
from core.data.datasets import Dataset
from core.jobs import Job
from core.planning.sending import MOST_AT_ONCE
from core.review.enqueue import Queued
from core.scoring.runs import Run
from core.wording import count as counted

#: What a job is called that fills places.
FILLING: Final = "Filling today's places"


def send_run(run: Run) -> None:
    """A popover for the title row: who is reviewed today, and the button that fills today's places."""
    if not session.may("send to review"):
        return
    # Another one once it has been used: that would stand open before what came of it.
    key = f"plan-open-{run.id}-{services.home().jobs.look(f'queue-{run.id}') is not None}"
    place = st.popover("Send to review", icon=":material/rate_review:", key=key, on_change="rerun")
    if place.open:
        with place:
            fill_places(f"queue-{run.id}", run.id, "Queue them")


def queued(run: Run) -> None:
    """How far the queueing is; once done, what came of it and the way to the queue."""
    job = services.home().jobs.look(f"queue-{run.id}")
    outcome(job)
    if (job is None or job.over) and (plan := services.home().runs.plan(run.id)) is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{count(plan['chosen'].sum())} users of this run are planned for review.", width="content")
            if st.button("Review", icon=":material/arrow_forward:", icon_position="right", type="tertiary"):
                navigation.go("review")


def fill_places(identity: str, run: str, deed: str) -> None:
    """Who is reviewed today if its places are filled, and the button that has a job of this identity do it."""
    with st.spinner("Looking at who waits"):
        outlook = review.outlook()
    st.markdown(outlook.sentence)
    st.caption(
        "The flagged users of all scored files are reviewed, the highest risks first. Only those drawn at random "
        "can tell what the model misses."
    )
    forecast(f"forecast-{run or identity}")
    name = _name(f"plan-{run or identity}")
    if st.button(deed, type="primary", key=identity, disabled=outlook.full):
        with guard.shown():
            name = accounts.named(name)
            session.come_in(name)
            services.home().jobs.start("queue_run", {"run": run, "by": name}, title=FILLING, identity=identity)
            st.rerun()


def outcome(job: Job | None) -> None:
    """How far a job is that fills places, and what came of it."""
    if job is None:
        return
    if not job.over:
        job_progress(job.id)
    elif job.status == "failed":
        st.error(plain(job.message), icon=":material/error:")
    elif job.message:
        st.caption(plain(job.message))


def send_users(
    run: Run, rows: Sequence[int], word: str = "Send to review",
    kind: Literal["primary", "secondary", "tertiary"] = "secondary",
) -> None:  # fmt: skip
    """A popover for chosen users of a run: queued as certain to be judged, the count shown before."""
    if not session.may("send to review"):
        return
    users, key = counted(len(rows), "user"), f"{run.id}-{hash(tuple(rows))}"
    with st.popover(word, icon=":material/rate_review:", type=kind):
        st.markdown(f"{users} will wait in the queue until somebody has judged them, whatever the plan draws.")
        if len(rows) > MOST_AT_ONCE:
            st.caption(f"At most {count(MOST_AT_ONCE)} are sent at once: choose fewer.")
            return
        name = _name(f"users-{key}")
        if st.button(f"Queue {users}", type="primary", key=f"send-{key}"):
            with guard.shown() as failure:
                name = accounts.named(name)
                session.come_in(name)
                done = services.home().sending.send(run.id, rows, by=name, now=services.now())
            if failure.error is None:
                st.toast(_became(done), icon=":material/check_circle:")


def send_flips(dataset: Dataset, rows: Sequence[int], models: Sequence[str]) -> None:
    """A popover for users whose band differs between models; `models`: the versions, the one that is judged first."""
    if not session.may("send to review"):
        return
    users, key = counted(len(rows), "user"), f"flips-{dataset.id[:12]}-{hash(tuple(rows))}"
    with st.popover("Send to review", icon=":material/rate_review:", type="tertiary", disabled=not rows):
        st.markdown(
            f"{users} will wait in the queue, with the scores of the latest run of {plain(dataset.name)} by "
            f"{' or '.join(models)}; where there is none, {models[0]} scores the file first. Verdicts on them show "
            "which model is right; they count in no estimate, for nobody drew these users."
        )
        name = _name(key)
        if st.button(f"Queue {users}", type="primary", key=f"send-{key}"):
            with guard.shown() as failure, st.spinner("Queueing"):
                name = accounts.named(name)
                session.come_in(name)
                run, done = services.home().sending.send_flips(
                    dataset.id, rows, models=models, policy=services.home().policies.in_force(), by=name,
                    now=services.now(),
                )  # fmt: skip
            if failure.error is None:
                st.toast(f"{_became(done)}, as users of {run.id}", icon=":material/check_circle:")


def _became(done: Queued) -> str:
    left = done.known + done.skipped
    text = f"{count(done.new + done.updated)} queued"
    return text + (f", {count(left)} wait already or were judged on the same values" if left else "")


def _name(key: str) -> str:
    """Who sends; asked for when nobody has said so yet. What is no name is refused once it is used."""
    person = session.person()
    return person.name if person else st.text_input("Your name", max_chars=80, key=f"name-{key}")
