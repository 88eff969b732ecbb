"""What stands first on Overview when the database of this home does not know all of its runs."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.queries import services
from app.words import plain
from core.scoring.lost_runs import Loss


def lost_runs() -> None:
    """The loss and what to do, until somebody acknowledges it; nothing where nothing was lost."""
    guard.told()
    loss = services.home().lost_runs.look()
    if loss is None:
        return
    st.error(plain(loss.sentence), icon=":material/error:")
    if session.may("manage accounts"):
        st.button("Acknowledge the loss", key="acknowledge_loss", on_click=_acknowledge, args=(loss,))


def _acknowledge(loss: Loss) -> None:
    with guard.noted():
        here = session.person()
        by = here.name if here else "somebody"  # local mode: nobody has given a name in this tab
        services.home().lost_runs.acknowledge(loss, by=by, now=services.now())
