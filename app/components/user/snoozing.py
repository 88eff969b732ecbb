"""Whether the user is snoozed, until when and by whom; the way into the snooze, and out of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.shared import snooze
from app.queries import services
from core.review.cases import Case


def snoozing(user: str, cases: Sequence[Case]) -> None:
    """cases: of this user. The reason is not told while one waits that is judged blind: it may say the score."""
    standing = services.home().snoozing.standing([user], now=services.now()).get(user)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if standing is None:
            snooze.snooze([user], "user")
        else:
            blind = any(case.blind and case.status == "open" for case in cases)
            st.markdown(snooze.badge(standing, why=not blind), width="content")
            snooze.wake([user], "user")
        snooze.undo([user])
