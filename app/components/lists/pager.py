"""Which page of a list is shown, and how many rows a page has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from app.components.lists import place
from app.words import count
from core.scoring.listing.list_view import ListView
from core.scoring.listing.run_users import SIZES, pages

#: Columns that fit on every screen but a phone.
FIT: Final = 5


def page_shown(users: int, size: int) -> int:
    """The page in the address, as far as there is one."""
    return min(max(place.number(place.PAGE) or 1, 1), pages(users, size))


def pager(key: str, users: int, page: int, size: int, *, columns: int, boxes: bool = False) -> None:
    """Below the table: what is shown of how many, the pages, and rows a page. columns: how many the table has, which a
    narrow screen shows in part; boxes: whether rows have them.
    """
    begin, end = (page - 1) * size + 1, min(page * size, users)
    name, rows = f"page-{key}", f"size-{key}"
    st.session_state[name], st.session_state[rows] = page, size
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        how = " · click a row to open it, check boxes to act on several" * boxes
        wide = f" · {columns} columns: scroll sideways where they do not fit" * (columns > FIT)
        st.caption(f"{count(begin)} to {count(end)} of {count(users)}{how}{wide}", width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            if pages(users, size) > 1:
                st.pagination(
                    pages(users, size), max_visible_pages=5, key=name,
                    on_change=lambda: place.put(page=int(st.session_state[name])),
                )  # fmt: skip
            st.selectbox(
                "Rows a page", SIZES, key=rows, width=130, label_visibility="collapsed", format_func="{} a page".format,
                on_change=lambda: place.put(size=int(st.session_state[rows]), page=1),
            )  # fmt: skip


def previous_and_next(key: str, here: int | None, of: int, go: Callable[[int], None]) -> None:
    """Buttons from the row that is open to the ones beside it. here: its place from 0, None where it is not listed."""
    for word, icon, step in (("Previous", "chevron_left", -1), ("Next", "chevron_right", 1)):
        to = -1 if here is None else here + step
        st.button(
            word, icon=f":material/{icon}:", icon_position="left" if step < 0 else "right", type="tertiary",
            key=f"{word}-{key}", disabled=not 0 <= to < of, on_click=go, args=(to,),
        )  # fmt: skip


def first_of(view: ListView, place_of: int) -> int:
    """The page on which the one at a place, from 0, stands."""
    return place_of // view.size + 1
