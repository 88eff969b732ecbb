"""The way into a snooze of the user, in the title row; below it until when the user is snoozed, and the way out."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.shared import snooze
from app.queries import services
from core.review.cases import Case


def into_snooze(user: str) -> None:
    """A popover, unless the user is snoozed."""
    if not services.home().snoozing.standing([user], now=services.now()):
        snooze.snooze([user], "user")


def snoozing(user: str, cases: Sequence[Case]) -> None:
    """A line where the user is snoozed, or was a moment ago. cases: of this user.

    The reason is not told while one waits that is judged blind: it may say the score.
    """
    standing = services.home().snoozing.standing([user], now=services.now()).get(user)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if standing is not None:
            blind = any(case.blind and case.status == "open" for case in cases)
            st.markdown(snooze.badge(standing, why=not blind), width="content")
            snooze.wake([user], "user")
        snooze.undo([user])
