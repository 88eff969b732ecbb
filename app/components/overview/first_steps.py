"""What to do first in a home where nothing has been scored yet."""

from __future__ import annotations

import streamlit as st

from app import navigation
from app.components.shared.empty_state import empty_state
from core.registry.registry import Model


def first_steps(model: Model, *, buttons: bool) -> None:
    """The sentence, and with `buttons` the ways to begin."""
    st.markdown(f"{model.version} is live and ready to score; nothing has been scored yet.")
    if not buttons:
        return
    with (
        empty_state("Start here", "Score a file, look at one user, see what the model is worth."),
        st.container(horizontal=True),
    ):
        for text, icon, page in (
            ("Score a file", "upload_file", "score_file"),
            ("Score a user", "person", "score_user"),
            ("Explore", "query_stats", "explore"),
            ("See the model", "inventory_2", "registry"),
        ):
            if st.button(text, icon=f":material/{icon}:", key=f"first-{page}"):
                navigation.go(page)
