"""The way in for predictions of other models: a file of them becomes a contender."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from app import guard, session
from app.components.files.controls import controls
from app.components.files.said import TYPES, Choices, choices
from app.components.shared.heading import section
from app.queries import services
from app.tables.cells import safe
from app.words import count, legible, plain, size
from core.comparison import external
from core.comparison.external import BY_ID, BY_ROW, Look, Predictions
from core.data.formats.options import NOTHING, Given
from core.wording import count as counted

_KEY = "predictions"
_SAYS: Final = {"probability": "probabilities", "score": "scores of any range", "label": "labels alone"}


def add_predictions() -> str | None:
    """A popover for the title row; the id of the file just given, once, else None."""
    with st.popover("Add predictions", icon=":material/upload_file:"):
        st.markdown(
            f"A file of what another model says: `{','.join(BY_ID)}` is compared with any model on the "
            f"users of the same ids; `{','.join(BY_ROW)}` only with another file of the very same y_test. Without "
            "probabilities give `y_score`, any numbers that are higher for spammers, or `y_pred` alone, 0 or 1."
        )
        file = st.file_uploader("Predictions", type=TYPES, key=_KEY, label_visibility="collapsed")
        if file is None or st.session_state.get("_given") == file.file_id:
            return None
        name, content = file.name, file.getvalue()
        with guard.shown() as failure:
            reading = _understood(choices(_KEY, file.file_id), name, content)
            if reading is None:
                return None
            st.session_state["_given"] = file.file_id
            given = services.home().prediction_files.put(name, content, now=services.now(), reading=reading)
        if failure.error is not None:
            return None
        session.say(f"{plain(given.name)} can be compared")
        return given.id


def _understood(chosen: Choices, name: str, content: bytes) -> Given | None:
    """How the file is to be read: at once for a plain one, else once somebody has pressed the button."""
    seen = external.look(external.base_name(name), content, chosen.given)
    if chosen.given == NOTHING and (seen.plain or (seen.refusal and not seen.comma and seen.options.plain)):
        return NOTHING  # whoever reads it says what is wrong with it
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section(plain(name), f"{size(len(content))} · {count(len(seen.header))} columns", width="stretch")
        ready = seen.predictions
        what = f"Add {counted(len(ready.label), 'prediction')}" if ready else "Add the file"
        pressed = st.button(
            what, icon=":material/play_arrow:", type="primary", key=f"{_KEY}-use", disabled=ready is None
        )  # fmt: skip
    if ready is not None:
        st.markdown(_told(ready))
    if seen.refusal is not None:
        st.error(plain(str(seen.refusal)), icon=":material/error:")
    st.caption(plain(seen.options.sentence))
    controls(_KEY, chosen, seen.options, header=False)
    if seen.comma:
        _comma(chosen)
    _first_rows(name, seen)
    return chosen.given if pressed else None


def _told(ready: Predictions) -> str:
    """What a file that can be used holds, in badges."""
    positives = int(ready.label.sum())
    whom = "by id" if ready.ids is not None else "row by row"
    return " ".join(
        f":gray-badge[{each}]"
        for each in (f":material/check_circle: {counted(len(ready.label), 'prediction')} {whom}",
                     counted(positives, "spammer"), _SAYS[ready.kind])
    )  # fmt: skip


def _comma(chosen: Choices) -> None:
    def accept() -> None:
        chosen.given = replace(chosen.given, decimal=",", thousands=None)

    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":material/decimal_increase: All of it can be read with a decimal comma.", width="stretch")
        st.button("Accept", key=f"{_KEY}-accept-comma", on_click=accept)


def _first_rows(name: str, seen: Look) -> None:
    """The first rows as they stand in the file."""
    wide = len(seen.header)
    rows = [row for row in seen.rows if len(row) == wide]
    if not rows:
        return
    section("First rows", count(len(rows)))
    titles = [external.apart(title or "column", seen.header[:at]) for at, title in enumerate(seen.header)]
    st.dataframe(
        safe(pd.DataFrame(rows, columns=titles)), hide_index=True, row_height=32, placeholder="missing",
        key=f"{_KEY}-rows", alt=f"The first rows of {legible(name)}.",
    )  # fmt: skip
