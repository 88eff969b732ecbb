"""What decisions cost: as the policy says, until something else is tried in the Planner; the same wherever costs are
counted.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import navigation
from app.components.shared import room
from app.queries import policy as queries
from core.evaluation.resample import Costs

#: Fields of what a policy is made for, with their names on screen and their steps.
FIELDS: Final = {
    "cost_removal": ("Wrong removal", 1.0), "cost_miss": ("Missed", 0.5), "cost_review": ("Review", 0.5)
}  # fmt: skip
_KEPT: Final = "_costs"


def cost(field: str) -> float:
    """The one that was tried in this tab, else that of the draft or of the policy in force. field: of FIELDS."""
    tried = st.session_state.get(_KEPT, {}).get(field)
    return float(getattr(queries.desk().policy.aims, field) if tried is None else tried)


def asked() -> dict[str, float]:
    """The fields of the Planner, beside each other; what was set stays when the page is left."""
    three = room.fields(3, min_column_width=70)
    for field, (word, step) in FIELDS.items():
        with three.cell():
            given = st.number_input(word, 0.0, value=cost(field), step=step, key=f"plan-{field}")
        if given != cost(field):
            st.session_state[_KEPT] = {**st.session_state.get(_KEPT, {}), field: given}
    return {field: cost(field) for field in FIELDS}


def at_review() -> Costs:
    """Of reviews and of spammers missed, as set."""
    return Costs.at_review(review=cost("cost_review"), missed=cost("cost_miss"))


def told(key: str) -> None:
    """Which costs are counted, and the way to where they are set. key: of the place that says so."""
    costs = at_review()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"Per 1,000 users: a review costs {costs.false_alarm:g}, a missed spammer {costs.missed:g}.",
            width="content",
        )
        if st.button("Change costs in Planner", icon=":material/tune:", type="tertiary", key=f"costs-{key}"):
            navigation.go("planner")
