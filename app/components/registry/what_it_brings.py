"""Lift and cost of a version, on labelled users that it did not learn from."""

from __future__ import annotations

import streamlit as st

from app import charts, guard
from app.components.shared import costs
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.queries import planner, services
from app.words import plain
from core.registry.registry import Model


def what_it_brings(model: Model) -> None:
    """Two curves, drawn when they are asked for: scoring many users takes a while."""
    found = planner.labelled()
    if not found:
        return
    part = st.expander("Lift and cost", on_change="rerun", key=f"brings-{model.version}")
    if not part.open:
        return
    with part:
        with guard.shown() as failure, st.spinner("Scoring the labelled users"):
            dataset = found[0]
            held_out = planner.prepared(dataset, model).rows.sentence
            lift = planner.lift(dataset, model)
            cost = planner.expected_cost(dataset, model, costs.at_review())
        if failure.error is not None:
            return
        section("What it brings", plain(held_out))
        thresholds, names = list(services.policy().thresholds.values()), (model.version,)
        halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
        with halves.cell():
            figure(charts.lift(lift, names=names, theme=theme()), key="lift", of=model.version, table=lift)
        with halves.cell():
            drawn = charts.expected_cost(cost, names=names, thresholds=thresholds, theme=theme())
            figure(drawn, key="cost", of=model.version, table=cost)
            costs.told("registry")
