"""Reviews a day, worked out of the hours there are and of how long a review takes."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.queries import planner
from core.feedback.handling import reviews_in
from core.wording import count

#: Minutes a review where nobody has measured any.
_GUESS: Final = 2.0


def from_hours(key: str) -> None:
    """A popover that sets the number of reviews under a key."""
    with st.popover("From hours", icon=":material/schedule:", type="tertiary"):
        measured = planner.minutes_a_review()
        hours = st.number_input("Hours of review a day", 0.0, 10_000.0, 4.0, 0.5, key="plan-hours")
        minutes = st.number_input(
            "Minutes a review", 0.01, 1_000.0, _GUESS if measured is None else max(measured, 0.01), 0.1,
            key=f"plan-minutes-{measured}",
        )  # fmt: skip
        told = "a guess: fewer than ten reviews were timed" if measured is None else "the median of the last 28 days"
        st.caption(f"Minutes a review: {told}.")
        reviews = reviews_in(hours, minutes)
        st.button(f"Use {count(reviews, 'review')} a day", type="primary", on_click=_use, args=(key, reviews))


def _use(key: str, reviews: int) -> None:
    st.session_state[key] = reviews
