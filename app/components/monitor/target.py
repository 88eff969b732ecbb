"""What is asked of the live model: below it, for sure, is an incident."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.queries import services
from core.monitoring.targets import Targets


def target() -> None:
    """The form, in a popover, for who may change it."""
    if not session.may("change guidance"):
        return
    with st.popover("Target", icon=":material/flag:", key="target-open"):
        with guard.shown() as failure:
            now = services.home().targets.load()
        if failure.error is None:
            _form(now)


def _form(now: Targets) -> None:
    with st.form("target", border=False):
        value = st.number_input(
            "Precision, %", 0.0, 100.0, 100 * now.precision, 5.0, format="%.1f", key="target_precision",
            help="At least so many of the users flagged for review should be spammers",
        )  # fmt: skip
        here = session.person()
        name = here.name if here else st.text_input("Your name", max_chars=80, key="target_name")
        if st.form_submit_button("Save", type="primary", icon=":material/save:", key="target-save"):
            with guard.shown() as failure:
                session.come_in(name)
                # In steps of what the field shows: 55 % is .55, not the next number to it.
                services.home().targets.save(Targets(round(value / 100, 3)), by=name, now=services.now())
            if failure.error is None:
                session.say("The target is saved")
                st.rerun()
