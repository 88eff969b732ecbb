"""The answer in a sentence, what the tests say, and what speaks against believing it."""

from __future__ import annotations

import streamlit as st

from app.queries.compare import View
from app.tables import comparison as tables
from app.words import plain


def finding(view: View) -> None:
    """Header, the tests in one grey line, cautions below."""
    comparison = view.found.comparison
    with st.container(gap="xxsmall"):
        st.header(plain(comparison.sentence), anchor=False)
        st.markdown(f":gray[{plain(tables.tests(view.found))}]")
    if view.found.cautions:
        with st.container(gap="xxsmall"):
            for caution in view.found.cautions:
                st.markdown(f":material/warning: {plain(tables.spoken(caution))}")
