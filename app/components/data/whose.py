"""Who does something to what a home holds."""

from __future__ import annotations

import streamlit as st

from app import session


def whose(key: str) -> str:
    """The name of who is here; asked for when nobody has said so yet."""
    person = session.person()
    return person.name if person else st.text_input("Your name", max_chars=80, key=f"name-{key}", width=220)
