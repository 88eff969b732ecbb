"""What the page has found: whether users are as in training, what else is wrong, and the figures of what is live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st

from app import guard, navigation, session
from app.queries import review, services
from app.words import count, hours, moment, percent, plain
from core.estimation.estimate import Estimate
from core.monitoring.drift import Drift
from core.monitoring.incidents import Incident
from core.monitoring.volume import Queue
from core.scoring.runs import Run

#: px of a figure with its name and what stands below it.
_CARD: Final = 78


def check_now() -> None:
    """The button that looks at all that is live, keeps what is wrong and tells of what is new."""
    if session.may("change guidance") and st.button("Check now", icon=":material/monitor_heart:", type="primary"):
        with guard.shown() as failure:
            done = services.home().rounds.go(now=services.now())
        if failure.error is None:
            session.say(plain(" ".join(done.news) or "Nothing new"))
            st.rerun()


def headline(found: Drift) -> None:
    st.header(plain(found.sentence), anchor=False)


def troubles(found: Sequence[Incident], run: Run) -> None:
    """Open incidents, each with the way to what it is about, but drift of the run that the headline is about."""
    for each in found:
        if each.finding.kind == "drift" and each.finding.address.get("run") == run.id:
            continue
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.badge(each.finding.kind, icon=":material/warning:", color="yellow")
            text = plain(each.finding.sentence)
            st.markdown(f"{text} :small[:gray[since {moment(each.opened)} UTC{_untold(each)}]]", width="stretch")
            here = each.finding.page == "monitor" and not each.finding.address
            if not here and st.button(
                "Open", icon=":material/arrow_forward:", icon_position="right", type="tertiary", key=f"open-{each.id}"
            ):
                navigation.go(each.finding.page, **each.finding.address)


def key_figures(run: Run, queue: Queue, judged: Run | None) -> None:
    """Volume, what the verdicts say, and the queue."""
    live = review.live_period(judged) if judged is not None else None
    figures = live.figures if live else None
    grid = st.grid(4, min_column_width=160)
    with grid.cell():
        flagged = percent(run.flagged / run.users, 2) if run.users else "nobody"
        _metric(f"Users of {run.id}", count(run.users), f"{flagged} flagged")
    told = (
        {"Precision": figures.precision, "Recall": figures.recall} if figures else {"Precision": None, "Recall": None}
    )
    for name, figure in told.items():
        with grid.cell():
            _metric(f"{name}, {live.name}" if live else name, *_told(figure))
    with grid.cell():
        oldest = f"{hours(queue.oldest_hours)} the first, {count(queue.late)} late" if queue.open else "nobody waits"
        _metric("Waiting for review", count(queue.open), oldest)
    if live and live.left_out.sentence:
        st.caption(f"Precision and recall. {live.left_out.sentence}")


def _metric(name: str, value: str, below: str) -> None:
    st.metric(name, value, below, delta_color="off", delta_arrow="off", height=_CARD)


def _told(figure: Estimate | None) -> tuple[str, str]:
    if figure is None:
        return "–", "no run was sent to review"
    if not figure.judged:
        return "–", "no verdict yet"
    ends = f"95 % {percent(figure.low)} to {percent(figure.high)}, n = {count(figure.judged)}"
    return (percent(figure.value), ends) if figure.enough and not np.isnan(figure.value) else ("too few", ends)


def _untold(each: Incident) -> str:
    return f", not told: {plain(each.failure)}" if each.failure else "" if each.told else ", not told yet"


def open_incidents() -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Those that are open and those that are over."""
    found = services.home().incidents.recent()
    return tuple(each for each in found if each.open), tuple(each for each in found if not each.open)
