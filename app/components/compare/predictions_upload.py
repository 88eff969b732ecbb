"""The way in for predictions of other models: a file of them becomes a contender."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.files.said import TYPES
from app.queries import services
from app.words import plain
from core.comparison.external import BY_ID, BY_ROW

_KEY = "predictions"


def add_predictions() -> str | None:
    """A popover for the title row; the id of the file just given, once, else None."""
    with st.popover("Add predictions", icon=":material/upload_file:"):
        st.markdown(
            f"A file of what another model says: `{','.join(BY_ID)}` is compared with any model on the "
            f"users of the same ids; `{','.join(BY_ROW)}` only with another file of the very same y_test. Without "
            "probabilities give `y_score`, any numbers that are higher for spammers, or `y_pred` alone, 0 or 1."
        )
        file = st.file_uploader("Predictions", type=TYPES, key=_KEY, label_visibility="collapsed")
        if file is None or st.session_state.get("_given") == file.file_id:
            return None
        st.session_state["_given"] = file.file_id
        with guard.shown() as failure:
            given = services.home().prediction_files.put(file.name, file.getvalue(), now=services.now())
        if failure.error is not None:
            return None
        session.say(f"{plain(given.name)} can be compared")
        return given.id
