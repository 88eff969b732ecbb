"""What waits for a person: each a sentence with its figure and the way there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation
from app.components.heading import section
from app.words import count, plain
from core.decision.runs import Run
from core.model.registry import Model


def needs_you(runs: Sequence[Run], model: Model) -> None:
    """runs: newest first. Says so when nothing waits."""
    section("Needs you")
    waiting = 0
    if model.metadata.notice:
        waiting += _line(f":material/warning: **{model.version}** is {plain(model.metadata.notice)}", "Model", "model")
    if runs and runs[0].rejected:
        text = f":material/warning: **{count(runs[0].rejected)} rows** of {plain(runs[0].name)} were rejected"
        waiting += _line(text, "Rows", "score_file", run=runs[0].id)
    if runs and runs[0].model != model.version:
        text = f":material/info: {runs[0].id} was scored by {runs[0].model}; {model.version} is in charge now"
        waiting += _line(text, "Score again", "score_file")
    if not waiting:
        st.caption("Nothing waits for you.")


def _line(text: str, button: str, page: str, **where: str) -> int:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(text, width="stretch")
        if st.button(
            button, icon=":material/arrow_forward:", icon_position="right", type="tertiary", key=f"go-{button}"
        ):
            navigation.go(page, **where)
    return 1
