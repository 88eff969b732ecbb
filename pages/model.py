"""Model: the version in charge, how good it is at each threshold, and what it was made from."""

import streamlit as st

from app import services
from app.components.heading import page_title
from app.components.model_notice import model_notice
from app.components.model_page import calibration, figures, judged_elsewhere, lineage, thresholds
from app.components.no_model import no_model

model = services.champion()
with page_title("Model"):
    pass
if model is None:
    no_model()
else:
    st.markdown(f"{model.version} is in charge. Its figures come from users it was never trained on.")
    model_notice(model)
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        figures(model)
    with halves.cell():
        calibration(model)
    thresholds(model)
    judged_elsewhere(model)
    lineage(model)
