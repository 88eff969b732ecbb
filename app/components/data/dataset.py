"""One dataset: what was read, what depends on it, a note, and how to take it away or to be rid of it."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.data.whose import whose
from app.queries import services
from app.words import count, plain
from core.access.accounts import named
from core.catalog.holdings import Holding
from core.scoring import export


def dataset(found: Holding) -> None:
    about = found.dataset
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            labels = "" if about.positives is None else f", {count(about.positives)} of them spammers"
            st.markdown(
                f"**{plain(about.name)}** &nbsp;:small[:gray[{found.id}]]  \n{count(about.received)} rows received, "
                f"{count(about.accepted)} accepted{labels}, {count(about.rejected)} rejected; brought by: "
                f"{plain(found.by)}",
                width="content",
            )
            with st.container(horizontal=True, width="content"):
                _download(found)
                _delete(found)
        for problem in about.problems:
            st.caption(plain(problem.sentence))
        if found.uses:
            uses = [f"{use.kind} {use.id}" + (f", which {use.keeps}" if use.keeps else "") for use in found.uses]
            st.markdown("Used by " + "; ".join(map(plain, uses)) + ".")
        _note(found)


def _download(found: Holding) -> None:
    def rows() -> bytes:
        return export.as_bytes(services.home().holdings.rows(found), ".csv")

    st.download_button(
        "Download", rows, f"{found.id}.csv", "text/csv", icon=":material/download:", type="tertiary",
        on_click="ignore", help="The accepted rows as they are stored, as CSV", key=f"rows-{found.id}",
    )  # fmt: skip


def _delete(found: Holding) -> None:
    if not session.may("delete data"):
        return
    with st.popover("Delete", icon=":material/delete:", type="tertiary"):
        st.markdown(plain(found.sentence))
        if found.kept_by:
            return
        name = whose(f"delete-{found.id}")
        if st.button("Delete it for good", key=f"delete-{found.id}"):
            with guard.shown() as failure:
                by = named(name)
                session.come_in(by)
                services.home().holdings.delete(found, by=by, now=services.now(), runs=found.runs)
            if failure.error is None:
                session.say(f"{plain(found.dataset.name)} is deleted")
                st.rerun()


def _note(found: Holding) -> None:
    with st.form(f"note-{found.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Note", found.note, max_chars=1_000, placeholder="For whoever looks next", width="stretch")
        name = whose(f"note-{found.id}")
        if st.form_submit_button("Save"):
            with guard.shown() as failure:
                by = named(name)
                session.come_in(by)
                services.home().holdings.note(found, text, by=by, now=services.now())
            if failure.error is None:
                session.say("Saved")
                st.rerun()
