"""Who is here: asked once, shown in the sidebar where a team shares the home."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import page_title
from app.queries import services
from app.words import plain
from core.access.accounts import Person


def who(why: str) -> Person | None:
    """The person here; None after asking for a name, with the reason to give one."""
    person = session.person()
    if person is not None:
        session.remember()
        return person
    with empty_state("Who are you?", why), st.form("who", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Your name", max_chars=80, width=260)
            given = st.form_submit_button("Continue", type="primary")
        if given:
            with guard.shown() as failure:
                session.come_in(name)
            if failure.error is None:
                st.rerun()
    return None


def sign_in() -> None:
    """The page that stands before every other in a home with accounts."""
    with page_title("Sign in"):
        pass
    st.markdown("This workspace is shared by a team: give the name and password of your account.")
    with st.form("sign_in", width=360):
        name = st.text_input("Name", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        if st.form_submit_button("Sign in", type="primary"):
            with guard.shown() as failure:
                session.sign_in(name, password)
            if failure.error is None:
                st.rerun()


def signed_in() -> None:
    """Who is here and the way out, in the sidebar; the role where a team shares the home."""
    person = session.person()
    if person is None:
        return
    alone = services.home().accounts.local()
    with st.sidebar:
        st.caption(plain(person.name) if alone else f"{plain(person.name)} · {person.role}")
        word = "Change name" if alone else "Sign out"
        st.button(word, icon=":material/logout:", type="tertiary", on_click=session.leave)
