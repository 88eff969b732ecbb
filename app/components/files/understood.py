"""A dropped file as it is understood, before anything is done with it; a plain one needs no look."""

from __future__ import annotations

import streamlit as st

from app import guard, session
from app.components.files.checks import badges, columns, first_rows, rejected
from app.components.files.controls import controls
from app.components.files.proposals import kept_as, missing, proposals
from app.components.files.said import Choices, as_detected, choices
from app.components.shared.heading import section
from app.queries import services
from app.words import count, plain, size
from core.data.formats.options import NOTHING, Given
from core.data.understanding.mappings import Mapping
from core.data.understanding.preview import Preview
from core.errors import FileProblemError
from core.wording import count as counted


def understood(
    box: str, file: str, name: str, content: bytes, verb: str, *, need_label: bool = False
) -> Given | None:  # fmt: skip
    """How the file in a box is to be read: at once for a plain one, else once somebody has pressed the button.

    `verb`: what the button does with the users. What makes of a file no table at all is left to whoever reads it.
    """
    chosen, given = choices(box, file), None
    with guard.shown() as failure:
        try:
            seen = _seen(chosen, file, name, content, need_label=need_label)
        except FileProblemError:
            return NOTHING  # whoever reads it says why it is no table
        given = _taken(box, chosen, seen, content, verb)
    if failure.error is not None:
        st.button("As detected", icon=":material/undo:", key=f"{box}-back", on_click=as_detected, args=(chosen,))
    return given


def _taken(box: str, chosen: Choices, seen: Preview, content: bytes, verb: str) -> Given | None:
    if seen.refusal is not None:
        if not seen.can_be_mended:
            return NOTHING
        st.error(plain(str(seen.refusal)), icon=":material/error:")
    if chosen.given == NOTHING and seen.plain and seen.fitting is None:
        return NOTHING
    return _looked_at(box, chosen, seen, content, verb)


def _seen(chosen: Choices, file: str, name: str, content: bytes, *, need_label: bool) -> Preview:
    """The preview under what was said; at first what a kept mapping says is taken to be said."""
    seen = services.preview(file, name, content, chosen.given, need_label=need_label)
    if chosen.began is None:
        chosen.began = NOTHING
        if seen.fitting is not None:
            chosen.began = chosen.given = seen.fitting.given(NOTHING)
            seen = services.preview(file, name, content, chosen.given, need_label=need_label)
    return seen


def _looked_at(box: str, chosen: Choices, seen: Preview, content: bytes, verb: str) -> Given | None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        about = "" if seen.whole else "about "
        facts = f"{size(len(content))} · {about}{count(seen.rows)} rows · {count(len(seen.header))} columns"
        section(plain(seen.name), facts, width="stretch")
        pressed = st.button(_what(seen, verb), icon=":material/play_arrow:", type="primary", key=f"{box}-use")
    badges(seen)
    st.caption(plain(seen.options.sentence))
    controls(box, chosen, seen.options)
    proposals(box, chosen, seen)
    missing(box, chosen, seen)
    name = kept_as(box, chosen, seen)
    grid = st.grid(2, min_column_width=420, gap=("small", "medium"))
    with grid.cell():
        columns(box, seen)
    with grid.cell():
        first_rows(box, seen)
        rejected(box, seen)
    if not pressed:
        return None
    if name:
        _keep(name, chosen.given, seen)
    return chosen.given


def _what(seen: Preview, verb: str) -> str:
    """What the button does: with how many users, where all were looked at."""
    accepted = None if seen.checks is None else seen.checks.accepted
    return f"{verb} {counted(accepted, 'user')}" if accepted and seen.whole else f"{verb} the file"


def _keep(name: str, given: Given, seen: Preview) -> None:
    """Keep what was agreed on for the next file with this header."""
    who = session.person()
    mapping = Mapping(
        name, seen.header, given.columns, who.name if who else "", services.now(), given.decimal,
        given.thousands or None,
    )  # fmt: skip
    services.home().mappings.keep(mapping, again=True)
