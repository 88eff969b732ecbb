"""Explore: understand the users before trusting a score."""

import streamlit as st

from app.components.explore.contributions import contributions
from app.components.explore.feature_pairs import correlations, two_features
from app.components.explore.feature_table import feature_table
from app.components.explore.groups import compare, segments
from app.components.explore.one_feature import one_feature
from app.components.explore.report import export_button
from app.components.explore.source import filtered, source
from app.components.explore.summary import glance
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import page_title
from app.queries import explore, services

PANELS = ("One feature", "Two features", "Correlations", "Segments", "Compare")

with page_title("Explore", "explore") as buttons:
    view = source()
if view is None:
    with empty_state("Nothing to explore yet", "Score a file first; its users can then be explored here."):
        pass
else:
    model = explore.usable(view, services.champion())
    with buttons:
        view = filtered(view)
        export_button(view, model)
    glance(view)
    st.session_state.setdefault("panel", PANELS[0])
    panel = st.segmented_control(
        "Panel",
        PANELS,
        required=True,
        key="panel",
        bind="query-params",
        label_visibility="collapsed",
    )
    if panel == "One feature":
        halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
        with halves.cell():
            feature_table(view, model)
            if model is not None:
                contributions(view, model)
        with halves.cell():
            one_feature(view, model)
    elif panel == "Two features":
        two_features(view, model)
    elif panel == "Correlations":
        correlations(view)
    elif panel == "Segments":
        segments(view)
    else:
        compare(view, model)
