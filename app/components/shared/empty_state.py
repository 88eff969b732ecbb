"""What stands where there is nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


@contextmanager
def empty_state(fact: str, sentence: str) -> Iterator[DeltaGenerator]:
    """A box with the fact in bold and one sentence on what to do; the ways out are drawn inside.

    Both texts are markdown: pass text from a file through `words.plain`.
    """
    box = st.container(border=True)
    box.markdown(f"**{fact}**  \n{sentence}")
    with box:
        yield box
