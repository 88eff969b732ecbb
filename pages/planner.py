"""Planner: thresholds that fit the reviews that can be done and what mistakes cost, and what to expect of them."""

import streamlit as st

from app.components.planner.inputs import inputs
from app.components.planner.planned_on import planned_on
from app.components.planner.result import HEADLINE, as_draft, evidence, finding
from app.components.shared import room
from app.components.shared.heading import page_title
from app.components.shared.no_model import no_model
from app.queries import services
from core.policy import planner

with page_title("Planner", "planner") as actions:
    pass
model = services.champion()
if model is None:
    no_model()
elif (prepared := planned_on(model)) is not None:
    top = room.at_least(HEADLINE)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with thirds.cell():
        demand = inputs(len(prepared.rows.label), float(prepared.rows.label.mean()))
    if demand is not None:
        plan, policy = planner.plan(prepared.rehearsal, demand), services.policy()
        live = planner.outlook(prepared.rehearsal, demand, policy.review, policy.remove)
        with top:
            finding(plan, live)
        with actions:
            as_draft(prepared, plan, model.version)
        with thirds.cell(column_span=2):
            evidence(prepared, plan, live)
