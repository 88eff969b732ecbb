"""Appeals, the simple way: a decided case is judged again, by somebody else."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.review import key_guard
from app.queries import services
from core.errors import UnknownItemError


def reopen(name: str) -> None:
    """A popover for those who may: the case or the user, and a note that says why."""
    if not session.may("reopen"):
        return
    place = st.popover("Reopen a case", icon=":material/gavel:", **key_guard.watched("reopen"))
    with place, st.form("reopen", border=False, clear_on_submit=True):
        st.markdown("After an appeal: somebody other than who decided judges the case again.")
        text = st.text_input("Case or user id", key="reopen_asked", placeholder="c-000001")
        note = st.text_area("Why", key="reopen_note", max_chars=1000, height=80)
        if st.form_submit_button("Reopen", type="primary"):
            with guard.shown() as failure:
                case = _reopen(name, text.strip(), note)
            if failure.error is None:
                st.success(f"{case} waits again, for anybody but who decided it.", icon=":material/check_circle:")


def _reopen(name: str, text: str, note: str) -> str:
    home, now = services.home(), services.now()
    home.accounts.authorise(name, "reopen")
    case = text if text.startswith("c-") else _last_of(text)
    home.queue.reopen(case, by=name, note=note, now=now)
    home.audit.note(who=name, what="reopen", about=case, why=note, now=now)
    return case


def _last_of(user: str) -> str:
    """The newest case of a user."""
    found = services.home().cases.of_user(user)
    if not found:
        raise UnknownItemError("case of user", user)
    return found[0].id
