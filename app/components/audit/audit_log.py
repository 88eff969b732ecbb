"""The audit log, newest first, by person, action and day, and whether it is as it was written."""

from __future__ import annotations

from datetime import date
from typing import Final

import pandas as pd
import streamlit as st

from app.components.lists import place
from app.components.lists.pager import page_shown, pager
from app.components.shared.empty_state import empty_state
from app.components.shared.numbers import numbers
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, plain
from core.scoring.listing.run_users import SIZES
from core.wording import count

#: Lines that are looked through.
MOST: Final = 100_000
_TEXTS: Final = ["who", "what", "about", "why", "details"]


def audit_log() -> None:
    checked = services.home().audit.verify()
    if checked.broken is not None:
        st.error(plain(f"The log was changed: {checked.broken}"), icon=":material/error:")
    elif not checked.rows:
        with empty_state("Nothing on record yet", "Queueing a run, a change of guidance or of accounts stands here."):
            pass
        return
    frame = services.home().audit.read(MOST)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = _chosen(frame)
        numbers(shown, "audit")
    _lines(shown)
    st.caption("Select a line to read it whole.")
    if checked.whole:
        st.caption(f"{count(checked.rows, 'line')}, chain unbroken; the last is {checked.head[:12]}.")


def _chosen(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines that pass the controls, which live in the address."""
    text = st.text_input(
        "Find", placeholder="Find in the log", icon=":material/search:", width=220, key="find_in_log",
        bind="query-params",
    )  # fmt: skip
    who = st.multiselect("By", _known(frame["who"]), key="audit_by", bind="query-params", placeholder="Anybody")
    what = st.multiselect("Action", _known(frame["what"]), key="audit_action", bind="query-params", placeholder="Any")
    since = st.date_input("Since", None, key="audit_since", width=140, bind="query-params")
    texts = frame[_TEXTS].agg(" ".join, axis=1)
    passes = texts.str.contains(text.strip(), case=False, regex=False)
    for name, wanted in (("who", who), ("what", what)):
        if wanted:
            passes &= frame[name].isin(wanted)
    if isinstance(since, date):
        begin = pd.Timestamp(since).tz_localize(st.context.timezone or "UTC")
        passes &= pd.to_datetime(frame["time"], utc=True) >= begin
    return frame[passes].reset_index(drop=True)


def _known(values: pd.Series[str]) -> list[str]:
    return sorted(values.unique().tolist(), key=str.casefold)


def _lines(shown: pd.DataFrame) -> None:
    size = next((each for each in SIZES if each == place.number("size")), SIZES[0])
    page = page_shown(len(shown), size)
    part = shown.iloc[(page - 1) * size : page * size].reset_index(drop=True)
    event = st.dataframe(
        safe(part), hide_index=True, placeholder=UNKNOWN, row_height=32, height="content", key=f"audit-{page}",
        on_select="rerun", selection_mode="single-row", alt="Who did what, newest first; a row opens it whole",
        column_config={
            "time": st.column_config.DatetimeColumn(
                "When", format="D MMM YYYY, HH:mm:ss", timezone=st.context.timezone
            ),
            "who": "Who", "what": "What", "about": "About", "details": "Details",
            "why": st.column_config.TextColumn("Why", width="large"),
        },
    )  # fmt: skip
    if len(shown) > SIZES[0]:
        pager("audit", len(shown), page, size, columns=part.shape[1])
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(part):
        line = part.iloc[rows[0]]
        st.markdown(f"**{plain(line['who'])}**: {plain(line['what'])} · {plain(line['about'])}")
        for name in ("why", "details"):
            if line[name]:
                st.markdown(plain(line[name]))
