"""The field "Find a user" in the sidebar of every page."""

from __future__ import annotations

import streamlit as st

from app import navigation

_KEY, _ASKED = "find_user", "_asked_for"


def find_user() -> None:
    """Leads to all that is known of the user whose id somebody typed."""
    st.sidebar.text_input(
        "Find a user", placeholder="Find a user by id", icon=":material/person_search:", key=_KEY, on_change=_keep,
        max_chars=200, label_visibility="collapsed",
    )  # fmt: skip
    if asked := st.session_state.pop(_ASKED, ""):
        navigation.go("user", id=asked)


def _keep() -> None:
    """A callback cannot leave the page; it keeps the id, and leaves the field empty for the next one."""
    st.session_state[_ASKED] = st.session_state[_KEY].strip()
    st.session_state[_KEY] = ""
