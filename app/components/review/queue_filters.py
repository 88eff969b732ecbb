"""Which cases of the queue to judge; strata can be chosen by leads only."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import session
from app.components.review import key_guard
from app.queries import services
from app.words import label, legible, plain
from core.feedback.strata import STRATA
from core.policy.bands import BANDS
from core.review.cases import CaseFilters


def queue_filters() -> CaseFilters:
    """The filters, in a popover. Without those that see strata, blind cases pass whatever is asked of the score."""
    with st.popover("Filters", icon=":material/tune:", **key_guard.watched("filters")):
        bands = st.multiselect("Bands", tuple(reversed(BANDS)), format_func=label, key="queue_bands")
        kinds = services.categories()
        categories = st.multiselect("Categories", kinds, format_func=plain, key="queue_categories") if kinds else []
        low, high = st.slider("Score", 0.0, 1.0, (0.0, 1.0), 0.01, key="queue_scores")
        hours = st.number_input(
            "Waiting for at least, hours", 0.0, value=0.0, step=1.0, key="queue_age", bind="query-params"
        )
        text = st.text_input("User or context contains", key="queue_text")
        unblinded = session.may("see strata")
        strata = st.multiselect("Strata", STRATA, key="queue_strata") if unblinded else []
        return CaseFilters(
            bands=tuple(bands), scores=(low, high), min_age_hours=hours, text=text, strata=tuple(strata),
            unblinded=unblinded and bool(strata), categories=tuple(categories), **_ranged(), **_segment(),
        )  # fmt: skip


def _ranged() -> dict[str, Any]:
    feature = st.selectbox("Feature", services.schema().measures, index=None, format_func=legible, key="queue_feature")
    if feature is None:
        return {}
    low = st.number_input("From", value=None, key=f"queue_from_{feature}")
    high = st.number_input("to", value=None, key=f"queue_to_{feature}")
    if low is None and high is None:
        return {}
    ends = (float("-inf") if low is None else low, float("inf") if high is None else high)
    return {"feature": feature, "within": ends}


def _segment() -> dict[str, Any]:
    columns = services.schema().beside
    context = (
        st.selectbox("Context", columns, index=None, format_func=legible, key="queue_context") if columns else None
    )
    if context is None:
        return {}
    values = st.multiselect(
        "is one of", [], accept_new_options=True, key=f"queue_values_{context}", placeholder="Type a value, then Enter"
    )
    return {"context": context, "values": tuple(values)}
