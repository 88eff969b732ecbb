"""What a page shows in a home without a champion."""

from __future__ import annotations

import streamlit as st

from app.components.shared.empty_state import empty_state


def no_model() -> None:

    command = "python3 -m app train users.csv --promote"
    with empty_state(
        "This workspace has no live model",
        "Scores need a model. Train one on labelled users of your own and promote it.",
    ):
        st.code(command, language="bash")
