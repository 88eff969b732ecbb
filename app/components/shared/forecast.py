"""What the verdicts of the coming days will say, for whoever asks: it takes seconds where many users were scored."""

from __future__ import annotations

import streamlit as st

from app.queries import review


def forecast(key: str) -> None:
    """A switch, and once it is on, how wide the interval of recall gets with the reviews a day that are saved."""
    if not st.toggle("What the verdicts will tell", key=key):
        return
    with st.spinner("Looking ahead"):
        ahead = review.forecast()
    st.markdown(
        ahead.sentence
        if ahead
        else "There is nothing to look ahead to: nobody is scored by the model and policy in force, or no review a day "
        "is of a user drawn at random."
    )
