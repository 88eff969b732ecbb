"""What to do first in a home where nothing has been scored yet."""

from __future__ import annotations

import streamlit as st

from app import navigation
from app.components.empty_state import empty_state
from core.model.registry import Model


def first_steps(model: Model) -> None:
    st.markdown(f"{model.version} is in charge and ready to score; nothing has been scored yet.")
    with (
        empty_state("Start here", "Score the demo file, look at one user, then bring a file of your own."),
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
