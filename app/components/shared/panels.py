"""Which of the panels of a page is open; it stands in the address."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import streamlit as st

from app.components.lists import place
from app.components.shared import room

_NO_LISTS: Final[Mapping[str, Collection[str]]] = MappingProxyType({})


def opened(key: str, panels: Sequence[str]) -> str:
    """What `panel` will give, for what is drawn above it."""
    # Not bound to the address by Streamlit: a page cannot change an address that has such a name in it.
    asked = st.query_params.get(key, "")
    return asked if asked in panels else panels[0]


def panel(key: str, panels: Sequence[str], lists: Mapping[str, Collection[str]] = _NO_LISTS) -> str:
    """The one that is open, the first where the address names none. key: its name in the address.

    lists: names that the views of a panel with a list have there; they mean nothing to another list.
    """
    st.session_state[key] = at = opened(key, panels)

    def go() -> None:
        to = st.session_state[key]
        if at in lists and to in lists and lists[at] != lists[to]:
            for name in {*lists[at], place.PAGE, place.OPEN} & {*st.query_params}:
                del st.query_params[name]
        st.query_params[key] = to

    with room.line():
        st.segmented_control("Panel", panels, required=True, key=key, label_visibility="collapsed", on_change=go)
    return at
