"""The bar at the foot of a page: one row however narrow the screen, scrolled sideways where it does not fit."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def foot(*, tight: bool = False, idle: bool = False) -> DeltaGenerator:
    """What is drawn in it stands from left to right, nearer to each other where it is `tight`; `apart` sends what
    follows to the right edge.

    idle: none of its buttons can be pressed. Then it takes more rows where it has to: keys scroll a row only where
    something in it can be reached by them.
    """
    with st.bottom:
        return st.container(horizontal=True, wrap=idle, vertical_alignment="center", gap="xsmall" if tight else "small")


def apart() -> None:
    """As much room as there is, none where there is none."""
    st.space("stretch")
