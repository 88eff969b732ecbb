"""The filters that hold, a chip each: a click takes one off. Then the order, and the field to search in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st


def chips(key: str, told: Mapping[str, str], off: Callable[[str], None]) -> None:
    """told: what each filter says, by its name, as plain text; off: takes the filter of a name off."""
    if not told:
        return
    # The key changes with the chips: one that was clicked would stay, grey.
    name, all_of_them = f"chips-{key}-{hash(tuple(told.items()))}", list(told)

    def clicked() -> None:
        for each in set(told).difference(st.session_state[name]):
            off(each)

    st.pills(
        "Filters", all_of_them, selection_mode="multi", default=all_of_them, wrap=True, key=name,
        format_func=lambda each: f"{told[each]} :material/close:", label_visibility="collapsed", width="content",
        on_change=clicked,
    )  # fmt: skip


def sort_by(
    key: str, options: Sequence[str], at: str, words: Callable[[str], str], sort: Callable[[str], None]
) -> None:
    """The order over all rows. options: as `Sort.text`; at: the one that holds."""
    name = f"sort-{key}"
    st.session_state[name] = at
    st.selectbox(
        "Order", options, key=name, format_func=words, icon=":material/swap_vert:", width=240,
        label_visibility="collapsed", on_change=lambda: sort(st.session_state[name]),
    )  # fmt: skip


def search(key: str, text: str, placeholder: str, find: Callable[[str], None]) -> None:
    name = f"text-{key}"
    st.session_state[name] = text
    st.text_input(
        "Search", key=name, placeholder=placeholder, icon=":material/search:", width=230, max_chars=200,
        label_visibility="collapsed", on_change=lambda: find(st.session_state[name].strip()),
    )  # fmt: skip
