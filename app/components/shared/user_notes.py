"""What people have noted of a user, and the way to note more."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import guard, session
from app.components.shared.heading import section
from app.queries import services
from app.words import moment, plain
from core.access.accounts import named
from core.feedback.user_notes import MOST, UserNote
from core.review.cases import Case


def user_notes(user: str, cases: Sequence[Case]) -> None:
    """On the page of a user. Notes may tell a score: while a blind case waits they are hidden, as scores are."""
    found = services.home().user_notes.of(user)
    if not found and not session.may("judge"):
        return
    section("Notes", f"{len(found):,}, newest first" if found else "none yet; no model reads them")
    if found and any(case.blind and case.status == "open" for case in cases):
        st.caption("Notes are hidden: this user waits in review, to be judged without them.")
    else:
        listed(found)
    if session.may("judge"):
        _form(user)


def listed(found: Sequence[UserNote]) -> None:
    for note in found:
        st.markdown(f"{plain(note.text)}  \n:small[:gray[{plain(note.by)}, {moment(note.at)} UTC]]")


def _form(user: str) -> None:
    with st.form("note-on-user", border=False, clear_on_submit=True):
        text = st.text_area(
            "Note", max_chars=MOST, height=80, placeholder="For whoever looks next; it stays as written"
        )
        person = session.person()
        name = person.name if person else st.text_input("Your name", max_chars=80, width=220)
        if st.form_submit_button("Add note"):
            with guard.shown() as failure:
                by = named(name)
                session.come_in(by)
                services.home().user_notes.add(user, text, by=by, now=services.now())
            if failure.error is None:
                session.say("Noted")
                st.rerun()
