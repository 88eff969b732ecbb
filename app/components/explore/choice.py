"""A choice made in one panel of the page that leads to another: which panel is open, and what its menus are at."""

from __future__ import annotations

import streamlit as st

from app.words import legible

_FRESH = "_fresh_address"


def lead(panel: str, **menus: str) -> None:
    """Open a panel with its menus (by their keys) at these values, in the address too; for callbacks.

    Menus that are not on the page yet start from the address, whatever the session says of them. Those on it
    may not be changed through the address.
    """
    elsewhere = st.session_state["panel"] != panel
    st.session_state["panel"] = panel
    for key, value in menus.items():
        st.session_state[key] = value
    if elsewhere and menus:
        st.query_params.update({key: legible(value) for key, value in menus.items()})
        st.session_state[_FRESH] = True


def arrive() -> None:
    """Run the page again after `lead`, once: a run knows the address as it was when the run began.

    To be called by a panel before it draws its menus.
    """
    if st.session_state.pop(_FRESH, False):
        st.rerun()
