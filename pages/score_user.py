"""Score a user: one user's values, score, place, reasons, and what a change would do."""

import functools

import streamlit as st

from app.components.score_user.user_form import changed, reset, user_form, words
from app.components.score_user.user_result import ROOM, scored, user_result
from app.components.score_user.user_source import back_to_run, user_model, user_source
from app.components.score_user.user_text import without_struck
from app.components.shared import room
from app.components.shared.heading import page_title
from app.components.shared.model_notice import model_notice
from app.components.shared.no_model import no_model

with page_title("Score a user", "score_user"):
    back_to_run()
    place = st.empty()
model = user_model()
if model is None:
    no_model()
else:
    model_notice(model)
    start = user_source(model)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    left, right = thirds.cell(column_span=2), thirds.cell()
    # Both, so that their edges stand in line.
    result, right = room.at_least(ROOM, left), room.at_least(room.LINE, right)
    with right:
        before = functools.cache(functools.partial(scored, model, start.values, start.words))
        values = user_form(start, model, lambda: before().strongest)
    typed = scored(model, values, words(start, model, values)) if changed(start, values) else before()
    values, said = without_struck(start, values, typed.words, typed.reasons, model)
    now = typed if said == typed.words else scored(model, values, said)
    if changed(start, values):
        place.button("Reset", icon=":material/undo:", on_click=reset, args=(start,))
    with result:
        user_result(start, values, now, before(), model, typed)
