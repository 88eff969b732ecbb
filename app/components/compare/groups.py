"""Where a model is weak: segments by context column and by bin of a feature, the weakest named and tested."""

from __future__ import annotations

import streamlit as st

from app.components.shared.heading import section
from app.queries.compare import SIDES, View
from app.tables import comparison as tables
from app.tables.cells import safe
from app.words import UNKNOWN, legible, plain
from core.evaluation import weakest


@st.fragment
def groups(view: View) -> None:
    """One model's table, the weakest segment first."""
    if all(table.empty for table in view.found.segments):
        return
    above = min(view.found.thresholds.values())
    names = dict(zip(SIDES, map(tables.short, view.names), strict=True))
    section("Segments", f"users scored above {above:g} are selected; 95\u202f% intervals; p with Holm's correction")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.segmented_control(
            "Model", SIDES, default="b", required=True, format_func=lambda each: plain(names[each]), key="groups_of",
            label_visibility="collapsed",
        )  # fmt: skip
        table = view.found.segments[SIDES.index(side)]
        columns = list(dict.fromkeys(table["column"]))
        column = st.selectbox(
            "By", columns, index=None, placeholder="Every column and feature", format_func=legible, key="groups_by",
            width=260, label_visibility="collapsed",
        )  # fmt: skip
    st.markdown(plain(weakest.weakest(table)))
    shown = table if column is None else table[table["column"] == column]
    st.dataframe(
        safe(tables.segments(shown)), hide_index=True, row_height=32, height=min(35 + 32 * max(len(shown), 1) + 3, 330),
        key="compare_groups", placeholder=UNKNOWN, alt=f"Segments of the users, {legible(names[side])}, weakest first",
        column_config={
            name: st.column_config.TextColumn(name, alignment="right")
            for name in ("Users", "Spammers", "ROC-AUC", "elsewhere", "p, Holm", *tables.SHARES.values())
        } | {"Column": st.column_config.TextColumn(pinned=True)},
    )  # fmt: skip
