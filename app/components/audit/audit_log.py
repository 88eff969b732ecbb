"""The audit log, newest first, and whether it is as it was written."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.components.shared.empty_state import empty_state
from app.components.shared.numbers import numbers
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, plain
from core.wording import count

MOST: Final = 1_000


def audit_log() -> None:
    checked = services.home().audit.verify()
    if checked.broken is not None:
        st.error(plain(f"The log was changed: {checked.broken}"), icon=":material/error:")
    elif not checked.rows:
        with empty_state("Nothing on record yet", "Queueing a run, a change of guidance or of accounts stands here."):
            pass
        return
    frame = services.home().audit.read(MOST)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        text = st.text_input("Find", placeholder="Find in the log", icon=":material/search:", width=260,
                             label_visibility="collapsed", key="find_in_log")  # fmt: skip
        numbers(frame, "audit")
    texts = frame[["who", "what", "about", "why", "details"]].agg(" ".join, axis=1)
    shown = frame[texts.str.contains(text.strip(), case=False, regex=False)]
    st.dataframe(
        safe(shown), hide_index=True, placeholder=UNKNOWN, row_height=32, alt="Who did what, newest first",
        column_config={
            "time": st.column_config.DatetimeColumn(
                "When", format="D MMM YYYY, HH:mm:ss", timezone=st.context.timezone
            ),
            "who": "Who", "what": "What", "about": "About", "details": "Details",
            "why": st.column_config.TextColumn("Why", width="large"),
        },
    )  # fmt: skip
    if checked.whole:
        st.caption(f"{count(checked.rows, 'line')}, chain unbroken; the last is {checked.head[:12]}.")
