"""All users of a run: chart and filters above, a page of them in any order, one open beside, the chosen ones below."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import streamlit as st

from app import guard, session
from app.components.lists import chips, place
from app.components.lists.chosen import Chosen
from app.components.lists.columns import columns
from app.components.lists.grid import Grid
from app.components.lists.pager import page_shown, pager
from app.components.lists.views import Choice, Views
from app.components.score_file import list_deeds, list_words, users_filters, users_table
from app.components.score_file.user_panel import user_panel
from app.queries import users
from app.words import count
from core.errors import BadOptionError
from core.scoring.filters import Filters
from core.scoring.listing import run_users
from core.scoring.listing.list_view import PARAMS, ListView
from core.scoring.listing.sorting import COLUMN, Positions, Sort
from core.scoring.runs import Run
from core.wording import count as counted

#: Rows in sight: more are scrolled to.
_MOST = 20


def users_list(run: Run) -> None:
    """What the address asks for."""
    session.said()
    view = _view(run)
    with guard.shown() as failure:
        found = users.found(run, view)
    if failure.error is not None:
        view = ListView(Filters(users_filters.usual(run)))
        found = users.found(run, view)
    _head(run, view, len(found))
    users_filters.chart(run, view)
    _narrowing(run, view)
    if not len(found):
        st.caption("No user matches the filters. Take one off, or clear all.")
        return
    _body(run, view, found)


def _view(run: Run) -> ListView:
    """What the address asks for; what it cannot mean is said, and the usual view shown."""
    usual = users_filters.usual(run)
    with guard.shown() as failure:
        view = ListView.of(place.params(), usual=usual)
    return view if failure.error is None else ListView(Filters(usual))


def _head(run: Run, view: ListView, found: int) -> None:
    filters = list_words.told(view.filters)
    matching = f" match {counted(len(filters), 'filter')}" if filters else ""
    now = view.params()
    views = Views("users", run.id, PARAMS, now)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            views.control([*_built_in(run), *_saved(run, views)])
            st.markdown(f"**{count(found)} of {counted(run.users, 'user')}**{matching}", width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            views.menu()
            columns(
                run.id, users_table.options(run), view.columns or users_table.usual(run), list_words.column_name,
                lambda keys: _columns(run, view, keys),
            )  # fmt: skip


def _built_in(run: Run) -> list[Choice]:
    flagged, everyone = ListView(Filters("flagged")).params(), ListView(Filters("everyone")).params()
    return [Choice("Flagged", run.flagged, flagged), Choice("Everyone", run.users, everyone)]


def _saved(run: Run, views: Views) -> list[Choice]:
    """Those that mean something for the columns of this run."""
    found = []
    for each in views.saved():
        with contextlib.suppress(BadOptionError):
            view = ListView.of(each.params, usual="everyone")
            found.append(Choice(views.named(each), users.count(run, view.filters), view.params()))
    return found


def _narrowing(run: Run, view: ListView) -> None:
    """The search, the order, more filters, and those that hold. At the left: the table's own buttons come over the
    right.
    """
    told = list_words.told(view.filters)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chips.search(
            run.id, view.filters.text, "Find a user or feature", lambda text: users_filters.go(run, view, text=text)
        )
        chips.sort_by(
            run.id, _orders(run, view), view.sort.text, list_words.order_name,
            lambda text: users_filters.show(run, replace(view, sort=Sort.of(text))),
        )  # fmt: skip
        users_filters.more(run, view)
        chips.chips(run.id, told, lambda name: users_filters.off(run, view, name))
        if told:
            st.button(
                "Clear all", type="tertiary", key=f"clear-{run.id}",
                on_click=lambda: users_filters.show(run, replace(view, filters=Filters(users_filters.usual(run)))),
            )  # fmt: skip


def _orders(run: Run, view: ListView) -> list[str]:
    """All orders, also by the columns of the file that are shown."""
    shown = [key for key in (view.columns or users_table.usual(run)) if key.startswith(COLUMN)]
    found = [Sort(by, descending).text for by in (*users.keys(run), *shown) for descending in (True, False)]
    return found if view.sort.text in found else [*found, view.sort.text]


def _columns(run: Run, view: ListView, keys: tuple[str, ...] | None) -> None:
    users_filters.show(run, replace(view, columns=None if keys == users_table.usual(run) else keys))


def _body(run: Run, view: ListView, found: Positions) -> None:
    listed, chosen = users.listed(run), Chosen(f"users-{run.id}")
    page = page_shown(len(found), view.size)
    at = run_users.page(found, page, view.size)
    rows = listed.users.index.to_numpy(np.int64)
    grid = Grid(chosen, rows[at])
    if (clicked := grid.clicked()) is not None:
        place.put(open=clicked)
    opened = place.number(place.OPEN)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium")) if opened is not None else None
    with thirds.cell(column_span=2) if thirds else st.container():
        frame = users_table.frame(run, at, view.columns or users_table.usual(run, beside=opened is not None))
        grid.draw(
            frame, users_table.config(run, frame), opened=opened, most=_MOST,
            alt=f"Users of {run.id}, {list_words.order_name(view.sort.text)}, page {page}",
        )  # fmt: skip
        pager(run.id, len(found), page, view.size, columns=frame.shape[1], boxes=True)
    if thirds and opened is not None:
        with thirds.cell():
            user_panel(run, opened, view, found)
    list_deeds.bar(run, chosen, rows[found])
