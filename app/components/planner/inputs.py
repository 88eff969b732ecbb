"""What a lead asks of a plan: capacity, users, costs and floors."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import guard
from app.components.planner.hours import from_hours
from app.components.shared import costs, room
from app.components.shared.heading import section
from app.queries import policy as queries
from app.queries import services
from app.words import count
from core.policy.thresholds.aims import MOST_REVIEWS
from core.policy.thresholds.demand import Demand

REVIEWS: Final = "plan-reviews"
RECALL: Final = "plan-recall"
PRECISION: Final = "plan-precision"


def inputs(users: int, prevalence: float) -> Demand | None:
    """The form; None where what is asked for cannot be, which is said. users, prevalence: of those planned on."""
    policy, aims, queue = services.policy(), queries.desk().policy.aims, services.guidance().capacity
    with st.container(border=True):
        section("Capacity")
        wanted = queue if aims.reviews_a_day is None else aims.reviews_a_day
        with room.field():
            reviews = st.number_input("Reviews a day", 0, MOST_REVIEWS, value=wanted, step=10, key=REVIEWS)
        if queue != wanted:
            st.caption(f"The queue has {count(queue)} places a day at present, as set in *Triage*.")
        from_hours(REVIEWS)
        pair = room.fields(2)
        with pair.cell():
            a_day = st.number_input("Users a day", 1, value=max(users, 1), key=f"plan-users-{users}")
        with pair.cell():
            spammers = st.number_input(
                "Spammers, %", 0.01, 99.99, 100 * prevalence, 0.1, key=f"plan-spammers-{users}",
                help="Of the users to come; another share than among the labelled users counts these accordingly",
            )  # fmt: skip
        with room.field():
            days = st.number_input("Predict for days", 1, 366, 1, key="plan-days")
        section("Costs", "in any one unit")
        prices = costs.asked()
        section("Floors", "0: none")
        with room.slider():
            recall = st.slider("Recall, at least, %", 0, 100, _floor(aims.min_recall), key=RECALL)
        with room.slider():
            precision = st.slider(
                "Precision of auto-remove, at least, %", 0, 100, _floor(aims.min_precision), key=PRECISION
            )
        armed = st.toggle("Automation removes", policy.armed, key="plan-armed", help="Else people see these users, too")
    with guard.shown() as failure:
        demand = Demand(
            float(a_day), float(reviews), int(days), min_recall=recall / 100 or None,
            min_precision=precision / 100 or None, armed=armed, monitor=policy.monitor,
            prevalence=None if abs(spammers / 100 - prevalence) < 1e-9 else spammers / 100, **prices,
        )  # fmt: skip
    return demand if failure.error is None else None


def _floor(share: float | None) -> int:
    return round(100 * (share or 0))
