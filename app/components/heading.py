"""Headings: of a page, with its buttons, and of a section, with its units and sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


@contextmanager
def page_title(title: str) -> Iterator[DeltaGenerator]:
    """The title row; what is drawn inside (at most three buttons, one of them primary) stands at its right.

    `title` is markdown: pass text from a file through `words.plain`.
    """
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.title(title, anchor=False, width="content")
    actions = row.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content")
    with actions:
        yield actions


def section(title: str, sub: str | None = None, *, width: Literal["content", "stretch"] = "content") -> None:
    """A bold heading and, in grey after it, units and sample. Both are markdown, as in `page_title`.

    Beside a button that is to stay in its line however long the heading, `width` is "stretch".
    """
    grey = f" &nbsp;:small[:gray[{sub}]]" if sub else ""
    st.markdown(f"**{title}**{grey}", width=width)
