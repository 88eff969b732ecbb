"""What the checks say of the first rows of a dropped file: counts, columns one by one, what is understood, what not."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.queries import services
from app.tables.cells import safe
from app.words import count, legible
from core.data.understanding.preview import Preview
from core.errors import listed
from core.schema.levels import number
from core.wording import count as counted

_ROW: Final = 32
#: Rows of a table that are in view; the others scroll.
_IN_VIEW: Final = 10


def badges(seen: Preview) -> None:
    """How many rows are accepted and rejected, and what the columns are."""
    checks = seen.checks
    if checks is None:
        return
    parts = list[str]()
    if checks.accepted is not None:
        of = "" if seen.whole else f" of the first {count(seen.looked)}"
        parts.append(f":gray-badge[:material/check_circle: {count(checks.accepted)} accepted{of}]")
        if checks.turned_away:
            parts.append(f":orange-badge[:material/warning: {count(checks.turned_away)} rejected]")
    roles = [each.role for each in checks.columns]
    told = [counted(roles.count("Feature"), "feature")]
    told += [f"{roles.count(role)} {role}" for role in ("ID", "Label") if role in roles]
    told += [f"{count(checks.unused)} not used"] if checks.unused else []
    st.markdown(" ".join([*parts, f":gray-badge[{', '.join(told)}]"]))


def columns(box: str, seen: Preview) -> None:
    """A row a column: what it is, under which name it is read, a cell of it, and what is noticed."""
    if seen.checks is None or not seen.checks.columns:
        return
    unused = seen.checks.unused
    verb = "does" if unused == 1 else "do"
    section(counted(len(seen.header), "column"), f"{count(unused)} {verb} not reach the model" if unused else None)
    new = _new_words(seen)
    shown = seen.checks.columns
    told = {
        "In the file": [each.theirs for each in shown],
        "Kind": [each.kind or "–" for each in shown],
        "Role": ["Not used" if each.role == "Context" else each.role for each in shown],
        "Column": [each.ours or "–" for each in shown],
        "Example": [each.example for each in shown],
        "Missing": [100 * each.missing for each in shown],
    }
    if any(each.rejected for each in shown):
        told["Rejected"] = [each.rejected for each in shown]
    if any(noticed := [" ".join([*each.noticed, new.get(each.ours, "")]).strip() for each in shown]):
        told["Noticed"] = noticed
    frame, column = pd.DataFrame(told), st.column_config
    st.dataframe(
        safe(frame), hide_index=True, row_height=_ROW, height=_height(len(frame)), key=f"{box}-columns",
        placeholder="–", alt=f"The columns of {legible(seen.name)}.",
        column_config={
            "In the file": column.TextColumn(pinned=True, width=90), "Kind": column.TextColumn(width=70),
            "Role": column.TextColumn(width=75), "Column": column.TextColumn(width=90),
            "Example": column.TextColumn(width=85), "Missing": column.NumberColumn(format="%.1f %%", width=70),
            "Rejected": column.NumberColumn(width=70, help="Rows that are rejected for a cell of this column"),
            "Noticed": column.TextColumn(width="large"),
        },
    )  # fmt: skip


def _new_words(seen: Preview) -> dict[str, str]:
    """By column a sentence about words that the live model has not learnt from."""
    model = services.champion()
    if model is None or seen.checks is None:
        return {}
    levels = model.metadata.levels
    found = {
        each.ours: [word for word in each.words if levels[each.ours].word(number(word)) is None]
        for each in seen.checks.columns
        if each.ours in levels
    }
    return {
        name: f"{listed(words, most=3)} {'is' if len(words) == 1 else 'are'} new to {model.version}."
        for name, words in found.items()
        if words
    }


def first_rows(box: str, seen: Preview) -> None:
    """The first rows under the names by which they are read, numbers as numbers."""
    if not len(seen.frame):
        return
    about = "" if seen.whole else "about "
    section("First rows as understood", f"{count(len(seen.frame))} of {about}{count(seen.rows)}")
    frame = seen.frame.reset_index()
    noun = str(seen.frame.index.name).capitalize()
    st.dataframe(
        safe(frame), hide_index=True, row_height=_ROW, placeholder="missing", key=f"{box}-rows",
        alt=f"The first rows of {legible(seen.name)}.",
        column_config={frame.columns[0]: st.column_config.NumberColumn(noun, width="small", pinned=True)},
    )  # fmt: skip


def rejected(box: str, seen: Preview) -> None:
    """The rows that are rejected, each by the number at which it is found in the file, with the cell and why."""
    checks = seen.checks
    if checks is None or not checks.turned_away:
        return
    of = "" if seen.whole else f" of the first {count(seen.looked)}"
    more = "" if len(checks.rejected) == checks.turned_away else f"; the first {count(len(checks.rejected))}"
    section(f"{counted(checks.turned_away, 'row')} rejected", f"the rest{of} can be used{more}")
    frame = checks.rejected.rename(columns=str.capitalize)
    st.dataframe(
        safe(frame), hide_index=True, row_height=_ROW, height=_height(len(frame), 5), key=f"{box}-rejected",
        placeholder="", alt=f"Rejected rows of {legible(seen.name)}.",
        column_config={frame.columns[0]: st.column_config.NumberColumn(width="small", pinned=True)},
    )  # fmt: skip


def _height(rows: int, in_view: int = _IN_VIEW) -> int:
    return 38 + _ROW * min(rows, in_view)
