"""Messages that wait and are nearly the one on the desk: listed, and judged together once all were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from app.components.review import case_session, key_guard
from app.components.review.case_session import Judgement
from app.components.shared.heading import section
from app.highlights import MASK, contacts
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, plain
from core.registry.registry import Model
from core.review.cases import Case
from core.review.near_same import Near
from core.text.shown import escaped
from core.wording import count

#: Listed beside the case; the preview has all.
_LISTED: Final = 4
#: Of a row that shows a message of usual length whole, px.
_WHOLE: Final = 64
_WHAT: Final[dict[str, Judgement]] = {"Legitimate": "legitimate", "Unsure": "unsure"}


def near_same(name: str, case: Case, model: Model) -> None:
    """Nothing where no message that waits is nearly the same."""
    found = services.near_same(case, tuple(model.texts), name)
    if not found:
        return
    section(f"{len(found):,} near-same waiting", "by shared words")
    _table(found[:_LISTED], f"near-{case.id}", row=32)
    with st.popover(f"Judge all {len(found):,}…", **key_guard.watched(f"near-{case.id}")):
        _preview(name, case, found)


def _preview(name: str, case: Case, found: Sequence[Near]) -> None:
    """All of them, and what to say of them: nothing is recorded before both were seen."""
    st.markdown(f"One verdict for each of these {len(found):,}; the message on the desk is judged on its own.")
    _table(found, f"near-all-{case.id}", row=_WHOLE)
    kinds = services.categories()
    said = st.pills(
        "What they are", [*(kinds or ("Spammer",)), *_WHAT], key=f"near-said-{case.id}",
        format_func=plain, wrap=True,
    )  # fmt: skip
    judgement = _WHAT.get(said or "", "spammer")
    st.button(
        f"Record {count(len(found), 'verdict')}", type="primary", disabled=said is None, key=f"near-record-{case.id}",
        on_click=case_session.judge_several, args=(name, [each.case for each in found], judgement),
        kwargs={"category": said if said in kinds else ""},
    )  # fmt: skip


def _table(found: Sequence[Near], key: str, *, row: int) -> None:
    """row: px of a row; text goes on in a second and third line where it has the room."""
    frame = pd.DataFrame(
        {
            "Alike": [each.alike for each in found],
            "Message": [masked(each.text) for each in found],
            "User": [each.user for each in found],
        }
    )
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=row,
        height="content" if len(found) < 9 else 320, key=key,
        alt="Messages that wait and are nearly the same",
        column_config={
            "Alike": st.column_config.NumberColumn(format="%.2f", width=56, help="1 has the very same words"),
            "Message": st.column_config.TextColumn(width=200 if row < _WHOLE else 300),
        },
    )  # fmt: skip


def masked(text: str) -> str:
    """The text on one line, without what one could be reached by."""
    for start, end in reversed(contacts(text)):
        text = text[:start] + MASK + text[end:]
    return " ".join(escaped(text).split())
