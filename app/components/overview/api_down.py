"""What stands on Overview while an API that served has ended without being told to."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.queries import services
from app.words import plain
from core.access import api_service


def api_down() -> None:
    """That nobody answers the platform, until an API serves again or somebody says that it was meant."""
    since = services.home().api_service.down_since()
    if since is None:
        return
    st.error(plain(api_service.down(since)), icon=":material/error:")
    if session.may("manage accounts"):
        st.button("It was meant to end", key="api_meant", on_click=_meant)


def _meant() -> None:
    with guard.noted():
        here = session.person()
        by = here.name if here else "somebody"  # local mode: nobody has given a name in this tab
        services.home().api_service.meant(by=by, now=services.now())
