"""One case a screen: what was seen, what is known, and the verdict; the next case follows by itself."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.lists import place
from app.components.review import key_guard, side_panel
from app.components.review.case_session import on_the_desk
from app.components.review.case_view import case_view, reasons
from app.components.review.fill_today import JOB
from app.components.review.near_same import near_same
from app.components.review.verdict_bar import note, undo_button, verdict_bar
from app.components.review.workload import bar, shift
from app.components.shared import snooze
from app.components.shared.empty_state import empty_state
from app.components.shared.job_progress import job_progress
from app.components.shared.send_to_review import FILLING
from app.queries import services
from core.review import evidence
from core.review.case_list import PARAMS
from core.review.cases import CaseFilters


@st.fragment
def one_by_one(name: str, filters: CaseFilters) -> None:
    """A fragment: a verdict draws the next case and nothing else anew."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(
            "Is this user a spammer? The next case opens by itself; every verdict can be undone.", width="content"
        )
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            done = shift(name)
            side_panel.guidelines()
    bar(done)
    case = on_the_desk(name, filters)
    guard.told()
    session.said()
    if case is None:
        key_guard.close_note()
        nothing_waits(filters)
        snooze.undo()
        undo_button(name)
        return
    if key_guard.note_is_open():
        note()
    model = services.model(case.model)
    told = reasons(case, model)
    earlier = services.verdicts_on(case.user)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with thirds.cell(column_span=2):
        case_view(case, model, told, len(earlier))
    with thirds.cell():
        side_panel.similar(services.similar(case, {each.feature: abs(each.contribution) for each in told}))
        near_same(name, case, model)
        side_panel.history(case, earlier)
        side_panel.notes(case)
        side_panel.said()
    verdict_bar(name, case.id, evidence.shown(case, told))
    key_guard.drawn()


def nothing_waits(filters: CaseFilters) -> None:
    """Why there is no case; while places are filled, that cases come by themselves."""
    if filling := [job for job in services.jobs_under_way() if job.title == FILLING]:
        with empty_state("The queue is being filled", "Cases come here by themselves as soon as it is done."):
            for job in filling:
                if job.id != JOB:  # the one of this page stands above
                    job_progress(job.id)
        return
    away = services.home().case_lists.put_away(now=services.now()).sentence
    if filters == CaseFilters(unblinded=filters.unblinded):
        sentence = "Users come here once somebody fills today's places or sends a scored file to review."
        if session.may("send to review"):
            sentence = "*Fill today's places* above, or *Send to review* on a scored file, brings users here."
        with empty_state("Nobody waits for a review", f"{away}  \n{sentence}" if away else sentence):
            if away and st.button("Show them", icon=":material/snooze:"):
                place.show({"review_panel": "Triage", "snoozed": "1"}, PARAMS)
                st.rerun()
    elif filters.snoozed:
        st.caption("No case of a snoozed user passes the filters. Take *Snoozed* off to see who waits.")
    else:
        st.caption(
            "No case that waits passes the filters, or all of them are assigned to others. Change the filters. " + away
        )
