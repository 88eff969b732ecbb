"""Fill today's places: who is reviewed today and who waits, said before the button that does it."""

from __future__ import annotations

import streamlit as st

from app import session
from app.components.review import key_guard
from app.components.shared.send_to_review import fill_places, outcome
from app.queries import services

JOB = "fill-today"


def fill_today() -> None:
    """A popover for the title row of the queue."""
    if not session.may("send to review"):
        return
    # Another one each time it was used: that would stand open before what came of it.
    job = services.home().jobs.look(JOB)
    name = f"places-{job.asked:.0f}" if job else "places"
    place = st.popover("Fill today's places", icon=":material/event_upcoming:", **key_guard.watched(name))
    if place.open:
        with place:
            fill_places(JOB, "", "Fill them")


def filled_today() -> None:
    """How far the filling is, and what came of it."""
    outcome(services.home().jobs.look(JOB))
