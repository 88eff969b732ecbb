"""Headings: of a page, with its buttons, and of a section, with its units and sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TypedDict

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import guide


class Watched(TypedDict, total=False):
    """Options of a popover with which the server knows whether it is open: its key says so."""

    key: str
    on_change: Callable[[], None]


@contextmanager
def page_title(title: str, page: str = "", *, watched: Watched | None = None) -> Iterator[DeltaGenerator]:
    """The title row; what is drawn inside (at most three buttons, one of them primary) stands at its right.

    `page`, the name of its file, gives the sentence of purpose below the title and the help before the buttons.
    `title` is markdown: pass text from a file through `words.plain`. `watched`: for a page that must know whether its
    help is open.
    """
    told = guide.of(page) if page else None
    top = st.container(gap="xxsmall")
    row = top.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.title(title, anchor=False, width="content")
    actions = row.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content")
    if told is not None:
        top.caption(told.purpose)
        # First, so that the main button stays last even where a page draws its buttons later.
        options = watched or Watched()
        with actions.popover("Help", icon=":material/help:", type="tertiary", width="content", **options):
            st.markdown(told.help)
    with actions:
        yield actions


def section(title: str, sub: str | None = None, *, width: Literal["content", "stretch"] = "content") -> None:
    """A bold heading and, in grey after it, units and sample. Both are markdown, as in `page_title`.

    Beside a button that is to stay in its line however long the heading, `width` is "stretch".
    """
    grey = f" &nbsp;:small[:gray[{sub}]]" if sub else ""
    st.markdown(f"**{title}**{grey}", width=width)
