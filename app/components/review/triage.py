"""Several cases at once: a table to choose from, the count before, one step to undo."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app import guard, session
from app.components.review import case_session, key_guard
from app.components.review.assign import assign
from app.components.review.case_session import Judgement
from app.components.review.one_by_one import nothing_waits
from app.components.review.verdict_bar import undo_button
from app.components.shared.heading import section
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, count, label, plain
from core.policy.bands import BANDS
from core.review.cases import CaseFilters
from core.wording import count as counted

MOST: Final = 200
_TABLE: Final = "triage"
_WORDS: Final[dict[Judgement, str]] = {"spammer": "spammer", "legitimate": "legitimate", "unsure": "unsure"}


@st.fragment
def triage(name: str, filters: CaseFilters) -> None:
    st.markdown("Choose cases and judge them in one step; each gets a verdict of its own, and the step can be undone.")
    key_guard.close_note()
    guard.told()
    session.said()
    waiting = services.home().cases.listing(filters, now=services.now(), most=MOST)
    if waiting.empty:
        nothing_waits(filters)
        undo_button(name)
        return
    total = services.home().cases.count(filters, now=services.now())
    section("Waiting", f"the first {count(len(waiting))} of {count(total)}, in the order of the queue")
    # The key changes with what is listed: a selection is kept by place, and must never slip to other cases.
    event = st.dataframe(
        safe(_table(waiting)), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height=420, key=f"{_TABLE}-{hash(tuple(waiting.index))}",
        on_select="rerun", selection_mode="multi-row", alt="Cases that wait, in the order of the queue",
        column_config={
            "Score": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", color="gray"),
            "Band": st.column_config.MultiselectColumn(
                options=[label(band) for band in reversed(BANDS)], color=["red", "orange", "blue", "gray"]
            ),
            "Waiting since": st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone),
        },
    )  # fmt: skip
    chosen = waiting.index[event["selection"]["rows"]].tolist()
    _step(name, chosen)


def _table(waiting: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "Case": waiting.index,
            "User": waiting["user"],
            "Score": waiting["score"],
            "Band": [[] if band is None or band != band else [label(band)] for band in waiting["band"]],  # noqa: PLR0124
            "Blind": waiting["blind"].map({True: "blind", False: ""}),
            "Waiting since": waiting["queued"],
            "Assigned to": waiting["assigned_to"].fillna(UNKNOWN),
            "With": waiting["claimed_by"].fillna(UNKNOWN),
        }
    )
    if services.categories():
        table.insert(3, "Category", waiting["category"].fillna(""))
    return table


def _step(name: str, chosen: list[str]) -> None:
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        for judgement, word in _WORDS.items():
            for category in (services.categories() if judgement == "spammer" else ()) or ("",):
                st.button(
                    f"{counted(len(chosen), 'case')}: {plain(category) or word}", disabled=not chosen,
                    key=f"triage-{judgement}{category and f'-{category}'}", on_click=case_session.judge_several,
                    args=(name, chosen, judgement), kwargs={"category": category},
                )  # fmt: skip
        assign(name, chosen)
        undo_button(name)
