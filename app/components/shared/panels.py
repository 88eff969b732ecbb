"""Which of the panels of a page is open; it stands in the address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def panel(key: str, panels: Sequence[str]) -> str:
    """The one that is open, the first where the address names none. key: its name in the address."""
    # Not bound to the address by Streamlit: a page cannot change an address that has such a name in it.
    asked = st.query_params.get(key, "")
    st.session_state[key] = at = asked if asked in panels else panels[0]

    def go() -> None:
        st.query_params[key] = st.session_state[key]

    st.segmented_control("Panel", panels, required=True, key=key, label_visibility="collapsed", on_change=go)
    return at
