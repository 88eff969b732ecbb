"""Assign chosen cases to somebody, and take the step back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import guard, session
from app.components.review import key_guard
from app.queries import services
from app.words import plain
from core.review.assigning import Assignment
from core.wording import count as counted

_LAST: Final = "_assigned"


def assign(name: str, chosen: Sequence[str]) -> None:
    """For leads: whom to offer the chosen cases first."""
    if not session.may("assign cases"):
        return
    with st.popover("Assign", icon=":material/person_add:", disabled=not chosen, **key_guard.watched("assign")):
        to = st.selectbox(
            "To", _reviewers(name), index=None, accept_new_options=services.home().accounts.local(), key="assign_to",
            placeholder="Nobody", format_func=str,
        )  # fmt: skip
        hours = services.guidance().assigned_hours
        st.caption(f"Offered to them first, and after {hours:g} h to everybody. Nobody: offered to everybody now.")
        st.button(
            f"Assign {counted(len(chosen), 'case')}", type="primary", key="assign_them", on_click=_assign,
            args=(name, list(chosen), to),
        )  # fmt: skip


def undo(name: str) -> None:
    """The way back from the last step of this tab, where there is one."""
    last: Assignment | None = st.session_state.get(_LAST)
    if session.may("assign cases") and last is not None and last.before:
        st.button(
            f"Undo assigning {counted(len(last.before), 'case')}", icon=":material/undo:", type="tertiary",
            key="undo_assign", on_click=_undo, args=(name, last),
        )  # fmt: skip


def _reviewers(name: str) -> list[str]:
    people = services.home().accounts.people()
    return [person.name for person in people if person.may("judge")] if people else [name]


def _assign(name: str, chosen: list[str], to: str | None) -> None:
    with guard.noted():
        step = services.home().assigning.assign(chosen, to, by=name, now=services.now())
        st.session_state[_LAST] = step
        whose = f"assigned to {plain(step.to)}" if step.to else "assigned to nobody"
        session.say(f"{counted(len(step.before), 'case')} {whose}")


def _undo(name: str, step: Assignment) -> None:
    with guard.noted():
        st.session_state.pop(_LAST, None)
        back = services.home().assigning.undo(step, by=name, now=services.now())
        session.say(f"{counted(back, 'case')} given back")
