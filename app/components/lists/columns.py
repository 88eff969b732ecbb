"""Which columns a list shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st


def columns(
    key: str, options: Sequence[str], shown: Sequence[str], words: Callable[[str], str],
    show: Callable[[tuple[str, ...] | None], None],
) -> None:  # fmt: skip
    """A popover. options: keys of all columns there are; show: called with those chosen, None for the default ones."""
    name = f"columns-{key}"
    st.session_state[name] = [each for each in shown if each in options]
    with st.popover("Columns", icon=":material/view_column:"):
        st.multiselect(
            "Columns, in this order", options, key=name, format_func=words, width=320,
            on_change=lambda: show(tuple(st.session_state[name])),
        )  # fmt: skip
        st.button("Default columns", type="tertiary", key=f"usual-{name}", on_click=show, args=(None,))
