"""The labelled users to learn from: one of the stored datasets, or a new file."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import guard, session
from app.components.files.said import KINDS, TYPES
from app.components.files.understood import understood
from app.components.score_file.upload import had, taken
from app.components.shared import room
from app.queries import services
from app.words import count, legible, plain
from core.data.datasets import Dataset
from core.wording import count as counted

_CHOSEN: Final = "train_dataset"
_NEW: Final = "train_new"
_FILE: Final = "train_file"
_STORED: Final = "train_stored"


def labelled() -> Dataset | None:
    """The dataset chosen; None where this home has none."""
    services.demo_labelled()
    found = {each.id: each for each in services.home().datasets.labelled()}
    if not found:
        with room.field(320):
            st.selectbox("Labelled users", (), placeholder="None stored yet", disabled=True, key="no_dataset")
        return None
    # A widget may be given a value before it is drawn only.
    if (new := st.session_state.pop(_NEW, None)) in found:
        st.session_state[_CHOSEN] = new
    if st.session_state.get(_CHOSEN) not in found:
        st.session_state.pop(_CHOSEN, None)
    with room.field(320):
        chosen = st.selectbox("Labelled users", list(found), format_func=lambda name: _told(found[name]), key=_CHOSEN)
    return found[chosen]


def add_labelled() -> None:
    """A file read into the store; the page runs again with it chosen."""
    columns = services.schema()
    if columns.label is None:
        st.caption("data/schema.toml of this workspace names no label: nothing can be learnt.")
        return
    file = st.file_uploader("Labelled users", type=TYPES, key=_FILE, label_visibility="collapsed")
    st.caption(f"{KINDS}, with the columns of this workspace and the label in {plain(columns.label.column)}.")
    if file is None:
        return
    if had(_FILE):
        _came_of(services.home().datasets.find(st.session_state[_STORED]))
        return
    content = file.getvalue()
    given = understood(_FILE, file.file_id, file.name, content, "Use", need_label=True)
    if given is None:
        return
    with guard.shown(), st.spinner(plain(f"Reading {file.name}")):
        stored = services.home().storing.labelled(
            file.name, content, columns, now=services.now(), given=given, by=session.by()
        )
        taken(_FILE)
        st.session_state[_NEW] = st.session_state[_STORED] = stored.id
        st.rerun()


def _came_of(stored: Dataset) -> None:
    spammers = counted(stored.positives or 0, "spammer")
    st.caption(f"{plain(_told(stored))}, {spammers}{'' if stored.positives else ': nothing can be learnt from them'}.")
    if stored.rejected:
        st.download_button(
            f"{counted(stored.rejected, 'row')} rejected", lambda: services.rejected_file(stored.id),
            "rejected.csv", "text/csv", icon=":material/download:", type="tertiary", on_click="ignore",
        )  # fmt: skip


def _told(dataset: Dataset) -> str:
    return legible(f"{dataset.name} · {count(dataset.accepted)} users")
