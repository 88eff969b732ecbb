"""One case beside the list: as it is judged, and its history; blind where it is judged blind."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import guard
from app.components.lists import pager, place
from app.components.review import case_session, side_panel
from app.components.review.case_view import case_view
from app.queries import review, services
from app.words import count
from core.review.case_list import CaseView
from core.review.cases import Case, id_of


def case_panel(name: str, number: int, view: CaseView) -> None:
    """name: of who is here; number: of the case."""
    numbers = services.home().case_lists.numbers(view, now=services.now())
    at = np.flatnonzero(numbers == number)
    here = int(at[0]) if len(at) else None
    found = services.home().case_lists.several([number])
    with st.container(border=True):
        _ways(name, number, view, numbers.tolist(), here)
        if not found:
            st.caption(f"There is no case {id_of(number)}.")
            return
        (case,) = found
        st.caption(f"{case.id} · {_where(case, here, len(numbers))}")
        with guard.shown():
            _shown(case)


def _shown(case: Case) -> None:
    earlier = services.verdicts_on(case.user)
    case_view(case, services.model(case.model), review.reasons(case), len(earlier))
    side_panel.history(case, earlier)
    side_panel.notes(case)


def _where(case: Case, here: int | None, cases: int) -> str:
    if here is not None:
        return f"{count(here + 1)} of {count(cases)}"
    return "not in this list" if case.status == "open" else "judged"


def _ways(name: str, number: int, view: CaseView, numbers: list[int], here: int | None) -> None:
    def go(to: int) -> None:
        page = to // view.size + 1
        place.put(open=numbers[to], page=page if page > 1 else None)

    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, width="content", gap="small"):
            pager.previous_and_next("case", here, len(numbers), go)
        with st.container(horizontal=True, width="content", gap="small"):
            st.button(
                "Judge it", icon=":material/gavel:", type="tertiary", key="judge-case", disabled=here is None,
                on_click=_judge, args=(name, number),
            )  # fmt: skip
            st.button(
                "Close", icon=":material/close:", type="tertiary", key="close-case",
                on_click=lambda: place.put(open=None),
            )  # fmt: skip


def _judge(name: str, number: int) -> None:
    """Have the case on the desk."""
    case_session.let_go(name)
    place.put(review_panel="One by one", open=None, **{case_session.ADDRESS: id_of(number)})
