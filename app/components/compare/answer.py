"""The answer in three sentences, what the tests say, and what speaks against believing it."""

from __future__ import annotations

import streamlit as st

from app.components.shared.heading import section
from app.queries import compare
from app.queries.compare import View
from app.tables import comparison as tables
from app.words import plain


def finding(view: View) -> None:
    """Ranking as the header, calibration and equal capacity below, the tests in one grey line, then cautions."""
    lead = compare.lead(view)
    ranking, *others = lead.sentences
    with st.container(gap="xxsmall"):
        st.header(plain(ranking), anchor=False)
        for sentence in others:
            st.markdown(plain(sentence))
        if tests := tables.tests(view.found, lead):
            st.markdown(f":gray[{plain(tests)}]")
    notes = [*lead.left_out, *tables.apart(lead)]
    if notes or view.found.cautions:
        with st.container(gap="xxsmall"):
            for note in notes:
                st.markdown(f":material/info: {plain(note)}")
            for caution in view.found.cautions:
                st.markdown(f":material/warning: {plain(tables.spoken(caution))}")


def equal_capacity(view: View) -> None:
    """What each catches of the same number of flagged users, with intervals."""
    section("At equal capacity", "95\u202f% intervals")
    frame = tables.held(compare.lead(view))
    frame["Model"] = frame["Model"].map(plain)
    st.table(frame, border="horizontal", hide_index=True)
