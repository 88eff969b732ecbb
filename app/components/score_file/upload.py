"""The way in for files: drop one, or take the demo. Gives each upload once, however often the page runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.components.files.said import TYPES
from app.components.files.understood import understood
from app.queries import services
from app.words import plain
from core.data.formats.options import NOTHING, Given
from core.schema.schema import Schema
from core.settings import DEMO_USERS

_KEY = "upload"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to score, read as was `given`."""

    name: str
    payload: bytes | Path
    given: Given = NOTHING


def upload(schema: Schema) -> Upload | None:
    """The uploader with its neighbours; a file once it is to be scored, else None."""
    file = st.file_uploader("Users to score", type=TYPES, key=_KEY, label_visibility="collapsed")
    with st.container(horizontal=True, vertical_alignment="center"):
        demo = services.demo_file(DEMO_USERS)
        use_demo = demo is not None and st.button("Use the demo file", icon=":material/science:", key="use_demo")
        _which_columns(schema)
    if use_demo and demo is not None:
        return Upload(demo.name, demo)
    if file is None or had(_KEY):
        return None
    content = file.getvalue()
    given = understood(_KEY, file.file_id, file.name, content, "Score")
    return None if given is None else Upload(file.name, content, given)


def had(key: str) -> bool:
    """Whether the upload in a box has been taken."""
    file = st.session_state.get(key)
    return file is not None and st.session_state.get(f"{key}_done") == file.file_id


def taken(key: str = _KEY) -> None:
    """Remember that the upload in a box has been stored, so that a rerun does not store it again.

    Its bytes are in the home by now: the server lets go of its own copy, which it would otherwise keep until the
    session ends.
    """
    file, context = st.session_state.get(key), get_script_run_ctx()
    if file is None or context is None:
        return
    st.session_state[f"{key}_done"] = file.file_id
    if isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def _which_columns(schema: Schema) -> None:
    with st.popover("Which columns?", icon=":material/help:", type="tertiary"):
        who = f"{plain(schema.id)}, the user's id," if schema.id else "no id, the row number serves,"
        st.markdown(
            f"One row a user: {who} and the {len(schema.names)} features of this workspace. Order, case and spaces "
            "around names do not matter. Any other column is kept and handed back. Missing values stay missing."
        )
        st.caption(plain(", ".join(schema.names)))
