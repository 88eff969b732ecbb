"""The verdicts: buttons that weigh the same, each with its key; at the foot of the page, so they never scroll away.

Where violations have categories, each of them is a verdict in place of "Spammer".
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.components.review import case_session, key_guard
from app.components.review.case_session import Judgement
from app.components.review.side_panel import reason_pills
from app.components.review.workload import shift_began
from app.components.shared import foot, room
from app.components.shared.take_away import touched
from app.queries import services
from app.words import plain

#: Categories that have a key, the digits from 1 on.
_KEYS: Final = 9
#: px of a verdict; on a phone all three are in sight, without their icons, and the edge of what is scrolled to.
_WIDE: Final = 150
_SMALL: Final = 104
#: C and R are Streamlit's own.
_VERDICTS: Final[tuple[tuple[Judgement, str, str, str], ...]] = (
    ("spammer", "Spammer", "gpp_bad", "S"),
    ("legitimate", "Legitimate", "verified_user", "L"),
    ("unsure", "Unsure", "help", "U"),
)


def verdict_bar(name: str, case: str, reasons: str) -> None:
    """A button is its case's own, so that a click on its way while the next case comes judges nobody."""
    kinds, small = services.categories(), touched()
    with foot.foot(tight=small):
        for number, category in enumerate(kinds, 1):
            st.button(
                plain(category), icon=":material/gpp_bad:", shortcut=str(number) if number <= _KEYS else None,
                key=f"verdict-{number}-{case}", on_click=case_session.judge,
                args=(name, case, "spammer", reasons, category),
            )  # fmt: skip
        for judgement, word, icon, key in _VERDICTS[bool(kinds) :]:
            st.button(
                word, icon=None if small else f":material/{icon}:", shortcut=key, key=f"verdict-{judgement}-{case}",
                width="content" if kinds else _SMALL if small else _WIDE, on_click=case_session.judge,
                args=(name, case, judgement, reasons),
            )  # fmt: skip
        st.button(
            "Note", icon=":material/edit_note:", shortcut="N", type="tertiary", key=key_guard.NOTE,
            width=room.width("Note N", icon=True),
            on_click=key_guard.open_note,
        )  # fmt: skip
        undo_button(name, on_desk=True)
        st.button(
            "Skip", icon=":material/arrow_forward:", shortcut="Right", type="tertiary", key=f"skip-{case}",
            width=room.width("Skip right", icon=True),
            on_click=case_session.skip, args=(name, case),
        )  # fmt: skip


@st.dialog("Note and reason", dismissible=False)
def note() -> None:
    """The same as beside the case, for the keyboard: Tab leads into the field, Ctrl+Enter keeps it, Esc does not.

    It closes by its own buttons alone, so that the server always knows whether it is open.
    """
    with st.form("note_form", border=False):
        st.text_area(
            "Notes", st.session_state.get("notes") or "", key="note_typed", max_chars=4000,
            placeholder="Press Tab to write",
        )  # fmt: skip
        reason_pills("note_reason", st.session_state.get("reason"))
        with st.container(horizontal=True):
            kept = st.form_submit_button("Keep", type="primary", on_click=_keep)
            left = st.form_submit_button("Cancel", shortcut="Escape", on_click=key_guard.close_note)
    if kept or left:
        st.rerun()


def _keep() -> None:
    st.session_state["notes"] = st.session_state["note_typed"]
    st.session_state["reason"] = st.session_state["note_reason"]
    key_guard.close_note()


def undo_button(name: str, *, on_desk: bool = False) -> None:
    """Takes back the last step of the shift that stands, whichever tab it was made in; pressed again, the one before.

    on_desk: below a case, where the key counts once the case is in sight. Elsewhere each step has a button of its own,
    so that a second click is not for the step before.
    """
    last = services.home().verdicts.last_step(name, since=shift_began())
    word = f"Undo last {len(last)}" if len(last) > 1 else "Undo last"
    told = f"{plain(last[0].user)}: {last[0].verdict}" if len(last) == 1 else None
    st.button(
        word, icon=":material/undo:", shortcut="Z", type="tertiary", disabled=not last, help=told,
        key="undo" if on_desk or not last else f"undo-{last[0].id}", width=room.width(f"{word} Z", icon=True),
        on_click=case_session.undo, args=(name, [verdict.id for verdict in last]), kwargs={"on_desk": on_desk},
    )  # fmt: skip
