"""Compare: whether one model is better than another, and whose treatment would change."""

import streamlit as st

from app import session
from app.components.compare.answer import equal_capacity, finding
from app.components.compare.categories import categories
from app.components.compare.changed import bands, changed
from app.components.compare.choice import choice, contenders
from app.components.compare.comparison import made
from app.components.compare.diagnostics import deeper
from app.components.compare.evidence import curves, differences
from app.components.compare.export import ways_on
from app.components.compare.figures import figures
from app.components.compare.groups import groups
from app.components.compare.predictions_upload import add_predictions
from app.components.compare.threshold import threshold
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import page_title
from app.words import plain

with page_title("Compare models", "compare") as actions:
    if given := add_predictions():
        st.query_params["b"] = given
    session.said()
told, found = st.container(), contenders()
if len(found) < 2:
    with empty_state("Nothing to compare with yet", "Train a second version, or add the predictions of another model."):
        pass
elif (asked := choice(found)) is None:
    with empty_state("Nobody to compare on yet", "Score a file that has labels; its users can then be chosen here."):
        pass
elif (view := made(asked)) is not None:
    told.markdown(plain(view.found.rows))
    with actions:
        ways_on(view)
    finding(view)
    comparison = view.found.comparison
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    if comparison.ranked:
        with halves.cell():
            differences(view)
        with halves.cell():
            curves(view)
    if comparison.by_probability:
        with halves.cell():
            bands(view)
        with halves.cell():
            changed(view)
    equal_capacity(view)
    if comparison.ranked:
        threshold(view)
        figures(view)
    categories(view)
    groups(view)
    if view.versions and view.dataset is not None:
        deeper(view.versions[0], view.dataset)
