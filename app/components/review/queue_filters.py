"""Which cases of the queue to judge; strata can be chosen by leads only. What is chosen stands in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from app import guard, session
from app.components.lists import place
from app.components.review import key_guard
from app.queries import services
from app.words import label, legible, plain
from core.feedback.strata import STRATA
from core.policy.bands import BANDS
from core.review.case_list import PARAMS, CaseView
from core.review.cases import CaseFilters


def view_asked() -> CaseView:
    """What the address asks for; what it cannot mean is said, and everything shown."""
    with guard.shown() as failure:
        view = CaseView.of(place.params(), see_strata=session.may("see strata"))
    return view if failure.error is None else CaseView(CaseFilters())


def show(view: CaseView) -> None:
    """Show another view, on its first page."""
    place.show(view.params(), PARAMS)


def go(view: CaseView, **changes: Any) -> None:
    """Show what other filters let pass."""
    strata = changes.get("strata", view.filters.strata)
    show(replace(view, filters=replace(view.filters, **changes, unblinded=bool(strata))))


def queue_filters(view: CaseView) -> None:
    """The filters, in a popover. Without those that see strata, blind cases pass whatever is asked of the score."""
    own, set_to = view.filters, st.session_state
    with st.popover("Filters", icon=":material/tune:", **key_guard.watched("filters")):
        set_to["queue_bands"], set_to["queue_scores"] = list(own.bands), own.scores
        st.multiselect(
            "Bands", tuple(reversed(BANDS)), format_func=label, key="queue_bands",
            on_change=_changed(view, "queue_bands", lambda bands: {"bands": tuple(bands)}),
        )  # fmt: skip
        if kinds := services.categories():
            set_to["queue_categories"] = [each for each in own.categories if each in kinds]
            st.multiselect(
                "Categories", kinds, format_func=plain, key="queue_categories",
                on_change=_changed(view, "queue_categories", lambda chosen: {"categories": tuple(chosen)}),
            )  # fmt: skip
        st.slider(
            "Score", 0.0, 1.0, step=0.01, key="queue_scores",
            on_change=_changed(view, "queue_scores", lambda ends: {"scores": tuple(ends)}),
        )  # fmt: skip
        set_to["queue_age"], set_to["queue_text"] = own.min_age_hours, own.text
        st.number_input(
            "Waiting for at least, hours", 0.0, step=1.0, key="queue_age",
            on_change=_changed(view, "queue_age", lambda hours: {"min_age_hours": hours}),
        )  # fmt: skip
        st.text_input(
            "User or context contains", key="queue_text", max_chars=200,
            on_change=_changed(view, "queue_text", lambda text: {"text": text.strip()}),
        )  # fmt: skip
        set_to["queue_snoozed"] = own.snoozed
        st.toggle(
            "Snoozed", key="queue_snoozed", help="The cases of users who are snoozed, and no others",
            on_change=_changed(view, "queue_snoozed", lambda snoozed: {"snoozed": snoozed}),
        )  # fmt: skip
        if session.may("see strata"):
            set_to["queue_strata"] = list(own.strata)
            st.multiselect(
                "Strata", STRATA, key="queue_strata",
                on_change=_changed(view, "queue_strata", lambda strata: {"strata": tuple(strata)}),
            )  # fmt: skip
        _ranged(view)
        _segment(view)


def _changed(view: CaseView, key: str, meant: Callable[[Any], dict[str, Any]]) -> Callable[[], None]:
    """What is done when the widget of a key changes. meant: the filters that its value stands for."""
    return lambda: go(view, **meant(st.session_state[key]))


def _ranged(view: CaseView) -> None:
    names, own = services.schema().measures, view.filters
    st.session_state["queue_feature"] = own.feature if own.feature in names else None
    st.selectbox(
        "Feature", names, index=None, format_func=legible, key="queue_feature",
        on_change=_changed(view, "queue_feature", lambda name: {"feature": name, "within": None}),
    )  # fmt: skip
    if own.feature not in names:
        return
    keys = [f"queue_from_{own.feature}", f"queue_to_{own.feature}"]
    open_ends = (float("-inf"), float("inf"))

    def within(_: float | None) -> dict[str, Any]:
        ends = [
            end if (value := st.session_state[key]) is None else value for key, end in zip(keys, open_ends, strict=True)
        ]
        return {"within": None if tuple(ends) == open_ends else tuple(ends)}

    for word, key, value, end in zip(("From", "to"), keys, own.within or open_ends, open_ends, strict=True):
        st.session_state[key] = None if value == end else value
        st.number_input(word, value=None, key=key, on_change=_changed(view, key, within))


def _segment(view: CaseView) -> None:
    columns, own = services.schema().beside, view.filters
    if not columns:
        return
    st.session_state["queue_context"] = own.context if own.context in columns else None
    st.selectbox(
        "Context", columns, index=None, format_func=legible, key="queue_context",
        on_change=_changed(view, "queue_context", lambda name: {"context": name, "values": ()}),
    )  # fmt: skip
    if own.context in columns:
        key = f"queue_values_{own.context}"
        st.session_state[key] = list(own.values)
        st.multiselect(
            "is one of", list(own.values), accept_new_options=True, key=key, placeholder="Type a value, then Enter",
            on_change=_changed(view, key, lambda values: {"values": tuple(values)}),
        )  # fmt: skip
