"""Review: judge the users that wait, and see what the verdicts say of the live model."""

import streamlit as st

from app import session
from app.components.audit.verdict_list import verdicts
from app.components.review import key_guard
from app.components.review.figures import figures
from app.components.review.fill_today import fill_today, filled_today
from app.components.review.guidance_form import guidance_form
from app.components.review.one_by_one import one_by_one
from app.components.review.queue_filters import queue_filters, view_asked
from app.components.review.reopen import reopen
from app.components.review.triage import triage
from app.components.shared.heading import page_title
from app.components.shared.panels import opened, panel
from app.components.shared.who import who
from app.words import plain
from core.feedback import verdict_list
from core.review import case_list

PANELS = ("One by one", "Triage", "Done", "Figures", "Guidance")
QUEUES = ("One by one", "Triage")
LISTS = {"One by one": case_list.PARAMS, "Triage": case_list.PARAMS, "Done": verdict_list.PARAMS}

at, here = opened("review_panel", PANELS), session.person()
with page_title("Review", "review", watched=key_guard.watched("help")):
    # Drawn with the title, not once it is there: on a phone they take lines of their own.
    if here is not None and at in QUEUES and session.may("judge"):
        fill_today()
        reopen(here.name)
        view = view_asked()
        queue_filters(view)
person = who("Your name stands on every verdict, so that it can be undone and asked about.")
if person is not None:
    panel("review_panel", PANELS, LISTS)
    if at == "Done":
        verdicts()
    elif at == "Figures":
        figures()
    elif at == "Guidance":
        guidance_form(person.name)
    elif not session.may("judge"):
        st.caption(f"{plain(person.name)} is {person.role} here, a role that judges nobody. Ask an admin for another.")
    else:
        filled_today()
        if at == "One by one":
            one_by_one(person.name, view.filters)
        else:
            triage(person.name, view)
