"""All cases that wait, as a list: searched, sorted, a page at a time, one open beside, many judged in one step."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from app import guard, session
from app.components.lists import chips, place
from app.components.lists.chosen import Chosen, Ids
from app.components.lists.columns import columns
from app.components.lists.grid import Grid
from app.components.lists.pager import page_shown, pager
from app.components.lists.views import Choice, Views
from app.components.review import key_guard, queue_filters, triage_step, triage_table, triage_words
from app.components.review.case_panel import case_panel
from app.components.review.one_by_one import nothing_waits
from app.queries import services
from core.errors import BadOptionError
from core.review.case_list import KEYS, PARAMS, CaseSort, CaseView
from core.review.cases import CaseFilters, number_of
from core.wording import count as counted

KEY: Final = "cases"
#: Rows in sight: more are scrolled to.
_MOST: Final = 20


def triage(name: str, view: CaseView) -> None:
    key_guard.close_note()
    guard.told()
    session.said()
    found = services.home().cases.count(view.filters, now=services.now())
    _head(view, found)
    _narrowing(view)
    if not found:
        nothing_waits(view.filters)
        triage_step.ways_back(name)
        return
    _body(name, view, found)


def _head(view: CaseView, found: int) -> None:
    filters = triage_words.told(view.filters)
    matching = f" match {counted(len(filters), 'filter')}" if filters else " wait"
    views = Views("cases", KEY, PARAMS, view.params())
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            views.control([_choice("All", CaseView(CaseFilters())), *_snoozed(view), *_saved(views)])
            st.markdown(f"**{counted(found, 'case')}**{matching}", width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            views.menu()
            columns(
                KEY, triage_table.options(), view.columns or triage_table.usual(), triage_words.column_name,
                lambda keys: queue_filters.show(
                    replace(view, columns=None if keys == triage_table.usual() else keys)
                ),
            )  # fmt: skip


def _choice(name: str, view: CaseView) -> Choice:
    return Choice(name, services.home().cases.count(view.filters, now=services.now()), view.params())


def _snoozed(view: CaseView) -> list[Choice]:
    """What is put away, where anything is or it is what is shown."""
    away = _choice("Snoozed", CaseView(CaseFilters(snoozed=True)))
    return [away] if away.users or view.filters.snoozed else []


def _saved(views: Views) -> list[Choice]:
    """Those that mean something to who is here."""
    found = []
    for each in views.saved():
        with contextlib.suppress(BadOptionError):
            view = CaseView.of(each.params, see_strata=session.may("see strata"))
            found.append(_choice(views.named(each), view))
    return found


def _narrowing(view: CaseView) -> None:
    """The search, the order, and the filters that hold; more of them are at the top of the page."""
    told = triage_words.told(view.filters)
    orders = [CaseSort(by, descending).text for by in _keys() for descending in (False, True)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chips.search(KEY, view.filters.text, "Find a user", lambda text: queue_filters.go(view, text=text))
        chips.sort_by(
            KEY, orders, view.sort.text, triage_words.order_name,
            lambda text: queue_filters.show(replace(view, sort=CaseSort.of(text))),
        )  # fmt: skip
        chips.chips(KEY, told, lambda name: _off(view, name))
        if told:
            st.button(
                "Clear all", type="tertiary", key=f"clear-{KEY}",
                on_click=lambda: queue_filters.show(replace(view, filters=CaseFilters())),
            )  # fmt: skip


def _keys() -> tuple[str, ...]:
    return tuple(key for key in KEYS if key != "category" or services.categories())


def _off(view: CaseView, name: str) -> None:
    """Take the filter of a name off."""
    usual = CaseFilters()
    fields = {
        "q": ("text",), "bands": ("bands",), "score": ("scores",), "categories": ("categories",),
        "queue_age": ("min_age_hours",), "feature": ("feature", "within"), "context": ("context", "values"),
        "strata": ("strata",), "snoozed": ("snoozed",),
    }  # fmt: skip
    queue_filters.go(view, **{field: getattr(usual, field) for field in fields[name]})


def _body(name: str, view: CaseView, found: int) -> None:
    home, now, chosen = services.home(), services.now(), Chosen(KEY)
    page = page_shown(found, view.size)
    waiting = home.cases.listing(
        view.filters, now=now, most=view.size, skip=(page - 1) * view.size,
        order=view.sort.order(unblinded=view.filters.unblinded),
    )  # fmt: skip
    shown: Ids = np.array([number_of(case) for case in waiting.index], np.int64)
    grid = Grid(chosen, shown)
    if (clicked := grid.clicked()) is not None:
        place.put(open=clicked)
    opened = place.number(place.OPEN)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium")) if opened is not None else None
    with thirds.cell(column_span=2) if thirds else st.container():
        frame = _frame(waiting, shown, view)
        grid.draw(
            frame, triage_table.config(), opened=opened, most=_MOST,
            alt=f"Cases that wait, {triage_words.order_name(view.sort.text)}, page {page}",
        )  # fmt: skip
        pager(KEY, found, page, view.size, columns=frame.shape[1], boxes=True)
    if thirds and opened is not None:
        with thirds.cell():
            case_panel(name, opened, view)
    triage_step.bar(name, chosen, view, found)


def _frame(waiting: pd.DataFrame, shown: Ids, view: CaseView) -> pd.DataFrame:
    whole = {case.id: case for case in services.home().case_lists.several(shown.tolist())}
    usual = (
        *["snoozed"] * view.filters.snoozed, *triage_table.usual(),
        *["assigned"] * bool(waiting["assigned_to"].notna().any()),
    )  # fmt: skip
    return triage_table.frame(waiting, whole, view.columns or usual)
