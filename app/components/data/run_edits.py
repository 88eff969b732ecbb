"""One run: what it is called, a note, whether it was a test; and how to be rid of it."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.data.whose import whose
from app.queries import services
from app.words import plain
from core.access.accounts import named
from core.catalog.run_edits import MOST_NAME, MOST_NOTE
from core.scoring.runs import Run


def change(run: Run) -> None:
    if not session.may("score"):
        return
    key = f"{run.id}-{hash((run.name, run.note, run.test))}"
    with (
        st.form(f"run-{key}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input("Name", run.name, max_chars=MOST_NAME, width=240)
        note = st.text_input(
            "Note", run.note, max_chars=MOST_NOTE, placeholder="For whoever looks next", width="stretch"
        )
        test = st.checkbox("A test", run.test, help="Left out of the figures of *Overview* and *Monitor* over time")
        who = whose(f"run-{run.id}")
        if st.form_submit_button("Save"):
            with guard.shown() as failure:
                by = named(who)
                session.come_in(by)
                services.home().run_edits.change(run.id, name=name, note=note, test=test, by=by, now=services.now())
            if failure.error is None:
                session.say("Saved")
                st.rerun()


def delete(run: Run) -> None:
    """A popover that says what goes and what stays before anything does."""
    if not session.may("delete data"):
        return
    with st.popover("Delete", icon=":material/delete:", type="tertiary"):
        found = services.home().holdings.of_run(run, now=services.now())
        st.markdown(plain(found.sentence))
        if found.keeps:
            return
        who = whose(f"delete-{run.id}")
        if st.button("Delete it for good", key=f"delete-{run.id}"):
            with guard.shown() as failure:
                by = named(who)
                session.come_in(by)
                services.home().holdings.delete_run(run.id, by=by, now=services.now())
            if failure.error is None:
                session.say(f"{run.id} is deleted")
                st.rerun()
