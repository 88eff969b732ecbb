"""Which run is looked at, and which feature of it; both stand in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app.components.shared import room
from app.words import legible
from core.scoring.runs import Run

RUN: Final = "run"
FEATURE: Final = "feature"


def chosen_run(found: Sequence[Run], champion: str) -> Run:
    """The run in the address, else the champion's newest that was no test. found: newest first, some with users."""
    scored = [run for run in found if run.users]
    ids = [run.id for run in scored]
    newest = next((run.id for run in scored if run.model == champion and not run.test), ids[0])
    at = st.query_params.get(RUN, newest)
    with room.field(260):
        picked = st.selectbox(
            "Run", scored, index=ids.index(at) if at in ids else ids.index(newest), key=f"monitor-{at}-{len(ids)}",
            format_func=lambda run: legible(f"{run.id} · {run.name}"),
        )  # fmt: skip
    if picked.id != at:
        st.query_params[RUN] = picked.id
    return picked


def chosen_feature(names: Sequence[str]) -> str:
    """The feature in the address; "" is the score."""
    text = st.query_params.get(FEATURE, "")
    return text if text in names else ""


def choose_feature(name: str) -> None:
    if name:
        st.query_params[FEATURE] = name
    else:
        st.query_params.pop(FEATURE, None)
