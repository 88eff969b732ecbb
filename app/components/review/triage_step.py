"""What is done to the chosen cases in one step: a verdict with one reason and note, or who they are assigned to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st

from app.components.lists.chosen import Chosen
from app.components.review import assign as assigning
from app.components.review import case_session, key_guard
from app.components.review.case_session import Judgement
from app.components.review.side_panel import reason_pills
from app.components.review.verdict_bar import undo_button
from app.components.shared import foot, room, snooze
from app.components.shared.take_away import touched
from app.queries import services
from app.words import count, label, plain
from core.policy.bands import BANDS
from core.review.case_list import CaseView, ids
from core.wording import count as counted

_JUDGEMENTS: Final[tuple[Judgement, ...]] = ("spammer", "legitimate", "unsure")
KEY: Final = "triage"
REASON, NOTES = "triage_reason", "triage_notes"
#: Each is taken and judged on its own: more would take longer than anybody waits.
MOST_AT_ONCE: Final = 1_000
#: Users that the preview names.
_NAMED: Final = 8


def bar(name: str, chosen: Chosen, view: CaseView, found: int) -> None:
    """At the foot of the page: how many are chosen, and what can be done with them. found: cases listed."""
    cases = ids(chosen.ids.tolist())
    too_many = len(cases) > MOST_AT_ONCE
    if touched() and not cases:  # on a phone there is no room for buttons that do nothing
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            ways_back(name)
        return
    with foot.foot(idle=not cases):
        if cases:
            st.markdown(f"**{counted(len(cases), 'case')} selected**", width="content")
        else:
            st.caption("No case is selected", width="content")
        if cases and len(cases) < found:
            st.button(
                f"Select all {count(found)}", type="tertiary", key=f"all-{chosen.key}", on_click=_all,
                args=(chosen, view),
            )  # fmt: skip
        if cases:
            st.button("Clear", type="tertiary", key=f"none-{chosen.key}", on_click=chosen.clear)
        foot.apart()
        if too_many:
            st.caption(f"At most {count(MOST_AT_ONCE)} in one step: choose fewer.", width="content")
            return
        if cases:
            _saying(chosen.ids.tolist())
        for judgement in _JUDGEMENTS:
            for category in (services.categories() if judgement == "spammer" else ()) or ("",):
                word = _deed(len(cases), plain(category) or judgement)
                st.button(
                    word, disabled=not cases, width=room.width(word),
                    key=f"triage-{judgement}{category and f'-{category}'}", on_click=_judge,
                    args=(name, chosen, cases, judgement, category),
                )  # fmt: skip
        assigning.assign(name, cases)
        users = [case.user for case in services.home().case_lists.several(chosen.ids.tolist())]
        if view.filters.snoozed:
            snooze.wake(users, KEY)
        else:
            snooze.snooze(users, KEY, watch=key_guard.watched, then=chosen.clear)
        ways_back(name)


def ways_back(name: str) -> None:
    """From the last step of each kind."""
    assigning.undo(name)
    snooze.undo()
    undo_button(name)


def _deed(cases: int, word: str) -> str:
    return f"{counted(cases, 'case')}: {word}" if cases else word[:1].upper() + word[1:]


def _all(chosen: Chosen, view: CaseView) -> None:
    numbers = services.home().case_lists.numbers(view, now=services.now())
    chosen.only(np.union1d(chosen.ids, numbers))


def _saying(numbers: Sequence[int]) -> None:
    """Whom the verdict is for, and one reason and note for all of them; both optional."""
    with st.popover("Reason and note", icon=":material/edit_note:", **key_guard.watched("triage")):
        st.markdown(_preview(numbers))
        reason_pills(REASON)
        st.text_area("Note", key=NOTES, height=80, max_chars=4000, placeholder="Optional; kept with every verdict")


def _preview(numbers: Sequence[int]) -> str:
    """Who they are; of blind cases no band is told."""
    cases = services.home().case_lists.several(numbers)
    named = ", ".join(plain(case.user[:40]) for case in cases[:_NAMED])
    more = f" and {count(len(cases) - _NAMED)} more" if len(cases) > _NAMED else ""
    bands = [
        f"{count(number)} {label(band)}"
        for band in reversed(BANDS) if (number := sum(case.band == band for case in cases if not case.blind))
    ]  # fmt: skip
    blind = sum(case.blind for case in cases)
    parts = [*bands, *[f"{count(blind)} blind"] * bool(blind)]
    return f"One verdict for each of {counted(len(cases), 'case')}: {', '.join(parts)}.  \n{named}{more}."


def _judge(name: str, chosen: Chosen, cases: Sequence[str], judgement: Judgement, category: str) -> None:
    """Record what was said of all of them; nothing stays chosen or said for the next step."""

    def done() -> None:
        chosen.clear()
        st.session_state[REASON], st.session_state[NOTES] = None, ""

    case_session.judge_several(
        name, cases, judgement, category=category, reason=st.session_state.get(REASON),
        notes=str(st.session_state.get(NOTES) or "").strip(), then=done,
    )  # fmt: skip
