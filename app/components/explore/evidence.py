"""The evidence of a finding, in a dialog over the page: the rows it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import charts
from app.components.explore.one_feature import overall
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.queries import explore, services
from app.tables.cells import safe
from app.words import MISSING, NARROW, UNKNOWN, count, plain
from core.explore.quality import Finding
from core.scoring.view import View
from core.wording import count as counted

#: Rows shown; a browser takes no more with ease. The download has all.
MOST: Final = 1000


_GROUP: Final = {"group": "Group", "row": "Row"}
_BESIDE: Final = {
    "group": "Group", "spammer_row": "Spammer, row", "spammer": "Spammer, id", "legitimate_row": "Legitimate, row",
    "legitimate": "Legitimate, id",
}  # fmt: skip
_AGAIN: Final = {"line": "Line", "sentence": "What is wrong", "record": "The row as it stands in the file"}
_ALONG: Final = {
    "low": "From", "high": "To", "n": "Users", "labelled": "Labelled", "spammers": "Spammers", "rate": "Spam rate",
    "low95": f"95{NARROW}% from", "high95": f"95{NARROW}% to",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Kind:
    """The button that opens it, the title of the dialog, that of the table, and what heads its columns.

    A table of users has all features after these columns, under their own names.
    """

    button: str
    title: str
    table: str
    heads: Mapping[str, str]


#: What can be shown, by the code of the finding.
EVIDENCE: Final = {
    "duplicates": _Kind("Show them", "Users alike in every feature", "By group, the largest first", _GROUP),
    "opposite_labels": _Kind("Show them", "Alike, with opposite labels", "Spammers beside legitimate users", _BESIDE),
    "repeated_ids": _Kind("Show them", "Rows with an id again", "Rows turned away", _AGAIN),
    "row_order": _Kind("Show it", "Spammers along the file", "By row", _ALONG),
    "ids": _Kind("Show it", "Spammers along the ids", "By id", _ALONG),
}
_ORDERS: Final = frozenset({"row_order", "ids"})


def evidence(view: View, finding: Finding) -> None:
    """Open the evidence of a finding whose code is in `EVIDENCE`; it is about the whole dataset, as the finding is."""
    st.dialog(EVIDENCE[finding.code].title, width="large")(_opened)(view, finding)


def _opened(view: View, finding: Finding) -> None:
    st.markdown(plain(finding.sentence))
    frame = explore.evidence(view, finding.code)
    if finding.code in _ORDERS:
        _drawn(view, finding.code, frame)
    kind, shown = EVIDENCE[finding.code], frame.head(MOST)
    of = f"first {count(MOST)} of {counted(len(frame), 'row')}" if len(frame) > MOST else counted(len(frame), "row")
    # Not at the right, where the table's own buttons appear over it.
    with st.container(horizontal=True, vertical_alignment="center"):
        section(kind.table, of)
        numbers(frame, finding.code)
    st.dataframe(
        safe(shown), hide_index=True, row_height=32, height="auto" if len(shown) < 10 else 400,
        alt=f"{kind.title}, {of}",
        column_config={name: _column(name, head) for name, head in kind.heads.items()},
        column_order=list(kind.heads) if finding.code in _ORDERS else None,
        placeholder=UNKNOWN if finding.code == "opposite_labels" else MISSING,
    )  # fmt: skip


def _drawn(view: View, code: str, rates: pd.DataFrame) -> None:
    by = "row" if code == "row_order" else services.home().datasets.find(view.dataset).id_column
    frame = rates.rename(columns={"bin": "label"})
    figure(
        charts.spam_rate(frame, by, overall=overall(view.unfiltered), theme=theme()),
        key=f"evidence-{code}",
        table=rates,
    )


def _column(name: str, head: str) -> ColumnConfig:
    if name in {"rate", "low95", "high95"}:
        return st.column_config.NumberColumn(head, format="percent")
    return st.column_config.Column(head, pinned=name == "group", width="large" if name == "sentence" else None)
