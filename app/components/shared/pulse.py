"""What every page looks at while it is open: the jobs under way, and the theme that its charts were drawn in."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.components.shared.figure import theme
from app.components.shared.job_progress import bar
from app.queries import services

#: Seconds between two looks.
EVERY: Final = 2.0
#: Where a rerun could come between a key and what it judges, nothing is looked at by itself: the panel of that page on
#: which keys judge. There a chart has the new theme with the next case.
STILL: Final = {"review": "One by one"}
_DRAWN: Final = "_drawn_theme"


def pulse(page: str) -> None:
    """Drawn last, in the sidebar. `page`: its address.

    Charts are drawn in the theme that the server was told of at the last run; one that changes since then is noticed
    here, and the page drawn anew.
    """
    st.session_state[_DRAWN] = theme()
    with st.sidebar:
        st.fragment(_beat, run_every=None if _still(page) else EVERY)()


def _still(page: str) -> bool:
    return page in STILL and st.session_state.get(f"{page}_panel") == STILL[page]


def _beat() -> None:
    if theme() != st.session_state.get(_DRAWN):
        st.rerun()
    if under_way := services.jobs_under_way():
        with st.popover(f"Jobs ({len(under_way)})", icon=":material/pending_actions:", width="stretch"):
            for job in under_way:
                bar(job, key=f"jobs-{job.id}")
