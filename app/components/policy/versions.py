"""Which version is in force since when, those of before, and the way back."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import guard, session
from app.components.policy import drafting
from app.queries import services
from app.queries.policy import Desk
from app.tables.cells import safe
from app.words import UNKNOWN, moment
from core.policy import document


def versions(desk: Desk) -> None:
    """A popover: the version in force, its file, the history, and the roll-back."""
    current = desk.in_force.version
    with st.popover(f"{current} · live", icon=":material/history:"):
        st.download_button(
            "Download as TOML", document.dumps(desk.policy), f"{'draft' if desk.draft else current}.toml",
            "application/toml", icon=":material/download:", type="tertiary", on_click="ignore",
        )  # fmt: skip
        history = services.home().policies.history()
        if not history:
            st.caption("It is the policy a workspace begins with; nobody has changed it.")
            return
        frame = pd.DataFrame(
            {
                "Version": [each.version for each in history],
                "In force from": [f"{moment(each.at)} UTC" for each in history],
                "By": [each.by for each in history],
                "Comment": [each.comment for each in history],
            }
        )
        st.dataframe(
            safe(frame),
            hide_index=True,
            placeholder=UNKNOWN,
            row_height=32,
            width=520,
            alt="When which version came into force",
        )
        if drafting.may_change():
            _roll_back(current)


def _roll_back(current: str) -> None:
    before = services.home().policies.before()
    if before is None:
        return
    who = drafting.whose("back")
    if st.button(f"Roll back to {before.version}", icon=":material/undo:"):
        with guard.shown() as failure:
            services.home().policies.activate(
                before.version, comment=f"Rolled back from {current}", by=drafting.authorised(who), now=services.now()
            )
        if failure.error is None:
            session.say(f"{before.version} is in force again")
            st.rerun()
