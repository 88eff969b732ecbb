"""When this home retrains by itself, and what may follow: the table `[learning]` of its settings."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app import guard, session
from app.queries import services
from app.words import plain
from core.access import accounts
from core.errors import TrustdeskError
from core.retraining.settings import Learning

MODES: Final = {"by_hand": "By hand", "automatic": "Automatic"}


def settings_form() -> None:
    """The form, in a popover."""
    with st.popover("Settings", icon=":material/tune:", key="learning-open"):
        try:
            now = services.home().learning.load()
        except TrustdeskError:  # told beside the button already; the form offers a way out
            now = Learning()
        with st.form("learning", border=False):
            values = _values(now)
            here = session.person()
            name = here.name if here else st.text_input("Your name", max_chars=80, key="learning_name")
            if st.form_submit_button("Save", type="primary", icon=":material/save:", key="learning-save"):
                with guard.shown() as failure:
                    session.come_in(name)
                    services.home().learning.save(
                        Learning(**values, promoter=accounts.named(name)),
                        by=name,
                        now=services.now(),
                    )
                if failure.error is None:
                    session.say("The settings are saved")
                    st.rerun()
        if now.automatic:
            st.caption(f"Versions are promoted in the name of {plain(now.promoter)}.")


def _values(now: Learning) -> dict[str, Any]:
    """What the widgets say, by the names of `Learning`."""
    return {
        "min_samples": int(st.number_input(
            "New verdicts before it is time", 1, value=now.min_samples, step=100, key="learning_min_samples"
        )),
        "retrain_interval": 60 * st.number_input(
            "Minutes between two retrainings", 0.0, value=now.retrain_interval / 60, step=10.0, key="learning_interval",
        ),
        "batch_size": int(st.number_input(
            "Trees added at a time", 1, 1000, now.batch_size, help="By a retraining on top of the live model"
        )),
        "learning_rate": st.number_input(
            "Learning rate", 0.001, 1.0, now.learning_rate, 0.01, format="%.3f",
            help="How much each of these trees counts",
        ),
        "promotion": st.segmented_control(
            "Promotion", list(MODES), format_func=MODES.__getitem__, default=now.promotion, required=True,
            key="learning_promotion",
            help="Automatic: a version that is surely better and passes every check takes over, in your name",
        ),
    }  # fmt: skip
