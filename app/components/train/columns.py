"""The columns of a home that has none yet: proposed from a file of labelled users, each with one control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd
import streamlit as st

from app import guard, session
from app.components.files.said import TYPES
from app.components.shared.empty_state import empty_state
from app.queries import services
from app.words import escaped, legible, plain
from core.data import infer
from core.data.formats.options import NOTHING, Given, given
from core.data.infer import Inferred, Looked
from core.data.proposal import columns as proposal
from core.data.proposal.columns import UnclearColumnError
from core.data.proposal.label_words import UnclearLabelError
from core.schema import schema as schemas
from core.schema.column import KINDS

_FILE: Final = "columns_file"
_EDITED: Final = "columns_edited"
_SIGNS: Final = {"1.5": None, "1,5": ","}
_CHOICES: Final = (*KINDS, proposal.CONTEXT)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file of labelled users, and what a person has said of it."""

    name: str
    content: bytes
    id: str | None
    label: str
    positive: str | None = None
    negative: str | None = None
    kinds: tuple[str, ...] = ()
    given: Given = NOTHING

    def proposal(self) -> Inferred:
        return infer.infer(
            self.name, self.content, id=self.id, label=self.label, positive=self.positive, negative=self.negative,
            kinds=self.kinds, given=self.given,
        )  # fmt: skip


def columns() -> None:
    """From a file to data/schema.toml, and to the users stored; the page runs again when that is done."""
    text = "Drop a file of labelled users: what each column is gets proposed, and you have the last word."
    with empty_state("This workspace does not know its columns yet", text):
        file = st.file_uploader("Labelled users", type=TYPES, key=_FILE, label_visibility="collapsed")
    if file is None:
        return
    with guard.shown():
        name, content = file.name, file.getvalue()
        with st.container(horizontal=True):
            sign = st.selectbox("Decimal sign", list(_SIGNS), key="columns_decimal", width=160)
            read = given(decimal=_SIGNS[sign])
            header = infer.header(name, content, read)
            id_ = st.selectbox("Id", header, index=None, placeholder="the row number", key="columns_id", width=260)
            label = st.selectbox("Label", header, index=None, placeholder="choose one", key="columns_label", width=260)
        if label is None:
            st.caption("Say which column is the label: who is a spammer and who is not.")
        elif (asked := _answered(_Asked(name, content, id_, label, given=read))) is not None:
            _proposed(asked, file.file_id)


def _answered(asked: _Asked) -> _Asked | None:
    """The same with an answer to whatever has two readings; None while one is waited for."""
    while True:
        try:
            asked.proposal()
        except UnclearLabelError as error:
            said = _answer(error.question, list(error.shares))
            if said is None:
                return None
            asked = replace(asked, positive=said) if error.option == "positive" else replace(asked, negative=said)
        except UnclearColumnError as error:
            answer = _answer(error.question, list(error.answers))
            if answer is None:
                return None
            asked = replace(asked, kinds=(*asked.kinds, f"{error.column}={error.answers[answer]}"))
        else:
            return asked


def _proposed(asked: _Asked, file: str) -> None:
    found = asked.proposal()
    st.caption("\n".join(f"- {plain(note)}" for note in found.notes))
    changed = _edited(found, file)
    left = proposal.left_out(found.columns, found.reach).replace("reasons above", "reasons in the table")
    st.caption(f"{left} Change what a column is in its row.".strip())
    if st.button("Use these columns", type="primary", icon=":material/check:", key="use_columns"):
        _use(replace(asked, kinds=(*asked.kinds, *(f"{each.name}={each.kind}" for each in changed))))


def _answer(question: str, answers: Sequence[str]) -> str | None:
    return st.radio(plain(question), answers, index=None, horizontal=True, format_func=legible, key=f"asked-{question}")


def _edited(found: Inferred, file: str) -> list[Looked]:
    """The table with a control a column; what was changed in it, as it is now."""
    frame = pd.DataFrame(
        {
            "Column": [escaped(each.name) for each in found.looked_at],
            "Is": [each.kind for each in found.looked_at],
            "Why": [escaped(each.why) for each in found.looked_at],
        }
    )
    column = st.column_config
    changed = st.data_editor(
        frame, hide_index=True, row_height=34, height=min(36 + 34 * len(frame) + 3, 520), key=f"{_EDITED}-{file}",
        disabled=["Column", "Why"],
        column_config={
            "Column": column.TextColumn(pinned=True),
            "Is": column.SelectboxColumn(options=_CHOICES, required=True, help="context never reaches the model"),
            "Why": column.TextColumn("Why not", width="large"),
        },
    )  # fmt: skip
    pairs = zip(found.looked_at, changed["Is"].tolist(), strict=True)
    return [replace(each, kind=kind) for each, kind in pairs if kind != each.kind]


def _use(asked: _Asked) -> None:
    """Write the schema, and store the users that it was proposed from."""
    home, found = services.home(), asked.proposal()
    schemas.save(found.schema, home.settings.schema_file)
    told = services.schema()
    home.storing.labelled(asked.name, asked.content, told, now=services.now(), given=asked.given, by=session.by())
    st.rerun()
