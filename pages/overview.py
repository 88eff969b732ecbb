"""Overview: what is live, what was scored lately, what needs attention, what to do first."""

import streamlit as st

from app import navigation
from app.components.overview.api_down import api_down
from app.components.overview.first_hour import tour, wanted
from app.components.overview.first_steps import first_steps
from app.components.overview.lost_runs import lost_runs
from app.components.overview.model_figures import model_figures
from app.components.overview.recent_runs import key_figures, recent_runs
from app.components.overview.to_do import needs_you
from app.components.shared.heading import page_title
from app.components.shared.no_model import no_model
from app.components.shared.run_list import run_list
from app.queries import services

model, home = services.champion(), services.home()
latest = home.runs.recent(14, tests=False)
with page_title("Overview", "overview"):
    if st.button("Score a file", icon=":material/upload_file:", type="primary"):
        navigation.go("score_file")
lost_runs()
api_down()
if model is None:
    no_model()
else:
    opened = None
    if latest:
        key_figures(latest, model)
    else:
        first_steps(model, buttons=not wanted(latest))
    if wanted(latest):
        tour(model, latest)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with thirds.cell(column_span=2):
        recent_runs(latest)
        opened = run_list("Last runs", home.runs.recent(14))
        if not latest:
            needs_you(latest, model)
    with thirds.cell():
        if latest:
            needs_you(latest, model)
        model_figures(model)
    if opened:
        navigation.go("score_file", run=opened)
