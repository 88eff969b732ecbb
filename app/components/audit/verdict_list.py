"""All verdicts: who said what of whom, when, and what became of it; a row opens the page of its user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from app import guard, navigation
from app.components.lists import chips, place
from app.components.lists.pager import page_shown, pager
from app.components.shared.empty_state import empty_state
from app.components.shared.numbers import numbers
from app.queries import review
from app.tables.cells import safe
from app.words import UNKNOWN
from core.feedback import verdict_list
from core.feedback.verdict_list import JUDGEMENTS, KEYS, PARAMS, STATES, VerdictView
from core.wording import count

_KEY: Final = "verdicts"
_ORDERS: Final = {
    "time": ("Time", "newest first", "oldest first"), "user": ("User", "Z to A", "A to Z"),
    "reviewer": ("Reviewed by", "Z to A", "A to Z"), "verdict": ("Verdict", "Z to A", "A to Z"),
}  # fmt: skip


def verdicts() -> None:
    everything = review.verdicts()
    if everything.empty:
        with empty_state("Nobody was judged yet", "Verdicts given on *Review* stand here, each with who gave it."):
            pass
        return
    with guard.shown() as failure:
        view = VerdictView.of(place.params())
    view = view if failure.error is None else VerdictView()
    _narrowing(view, everything)
    found = verdict_list.found(everything, view)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{count(len(found), 'verdict')}** of {len(everything):,}", width="content")
        numbers(found, _KEY)
    if len(found):
        _table(found, view)


def _narrowing(view: VerdictView, everything: pd.DataFrame) -> None:
    orders = [f"{sign}{key}" for key in KEYS for sign in ("-", "")]
    people = sorted({*everything["reviewer"], *view.by}, key=str.casefold)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chips.search(_KEY, view.text, "Find a user, case or note", lambda text: _show(replace(view, text=text)))
        chips.sort_by(_KEY, orders, view.sort, _order_name, lambda text: _show(replace(view, sort=text)))
        _several(view, "By", "by", people, "Anybody")
        _several(view, "Verdict", "verdicts", JUDGEMENTS, "Any verdict")
        _several(view, "State", "states", STATES, "Any state")


def _several(view: VerdictView, word: str, field: str, options: Any, placeholder: str) -> None:
    key = f"{_KEY}-{field}"
    st.session_state[key] = list(getattr(view, field))

    def changed() -> None:
        chosen: Any = {field: tuple(st.session_state[key])}
        _show(replace(view, **chosen))

    st.multiselect(
        word, options, key=key, placeholder=placeholder, width=165, label_visibility="collapsed", on_change=changed
    )


def _show(view: VerdictView) -> None:
    place.show(view.params(), PARAMS)


def _order_name(text: str) -> str:
    name, falling, rising = _ORDERS[text.removeprefix("-")]
    return f"{name}, {falling if text.startswith('-') else rising}"


def _table(found: pd.DataFrame, view: VerdictView) -> None:
    page = page_shown(len(found), view.size)
    part = found.iloc[(page - 1) * view.size : page * view.size]
    shown = part.drop(columns=["id"] + ["category"] * (not part["category"].any()))
    shown = shown[[name for name in shown if name != "notes"] + ["notes"]]  # the widest last: what is cut is its end
    event = st.dataframe(
        safe(shown.assign(blind=shown["blind"].map({True: "blind"}).fillna(""))), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height="content", key=f"{_KEY}-{page}-{hash(tuple(part['id']))}", on_select="rerun",
        selection_mode="single-row", alt=f"Verdicts, {_order_name(view.sort)}, page {page}; a row opens its user",
        column_config={
            "time": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm", timezone=st.context.timezone),
            "user": "User", "verdict": "Verdict", "category": "Category", "reviewer": "Reviewed by", "state": "State",
            "case": "Case", "reason": "Reason", "blind": "Blind",
            "notes": st.column_config.TextColumn("Notes", width="large"),
        },
    )  # fmt: skip
    pager(_KEY, len(found), page, view.size, columns=shown.shape[1])
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(part):
        navigation.go("user", id=str(part["user"].iloc[rows[0]]))
