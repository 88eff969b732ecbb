"""On which labelled users a plan is made, chosen in the address."""

from __future__ import annotations

import streamlit as st

from app import guard, navigation
from app.components.shared import room
from app.components.shared.empty_state import empty_state
from app.queries import planner
from app.words import count, legible, plain
from core.data.datasets import Dataset
from core.estimation.plan_rows import Prepared
from core.registry.registry import Model


def planned_on(model: Model) -> Prepared | None:
    """What plans are made of; None where there are no labelled users, or too few, which is said."""
    found = {each.id: each for each in planner.labelled()}
    if not found:
        with empty_state("No labelled users here yet", "A plan is made on users whose label is known."):
            if st.button("Train", icon=":material/model_training:"):
                navigation.go("train")
        return None
    given = st.query_params.get("on", "")
    # The address leads and is written when somebody chooses: written unasked, it would be a page more to go back over.
    st.session_state["planned-on"] = given if given in found else next(iter(found))
    with room.field():
        chosen = st.selectbox(
            "Planned on", list(found), width=320, format_func=lambda identity: _named(found[identity]),
            key="planned-on", on_change=lambda: st.query_params.update({"on": st.session_state["planned-on"]}),
        )  # fmt: skip
    with guard.shown() as failure, st.spinner("Scoring the labelled users"):
        prepared = planner.prepared(found[chosen], model)
        st.caption(f"{plain(prepared.rows.sentence)} Scored by {model.version}.")
    return prepared if failure.error is None else None


def _named(dataset: Dataset) -> str:
    return legible(f"{dataset.name} · {count(dataset.accepted)} users")
