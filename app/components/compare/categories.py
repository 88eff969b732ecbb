"""Which categories two models say: macro-F1, each category with its intervals, and what is taken for what."""

from __future__ import annotations

import streamlit as st

from app import charts
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.queries.compare import SIDES, View
from app.tables import comparison as tables
from app.tables.cells import safe
from app.words import UNKNOWN, count, plain


def categories(view: View) -> None:
    """Nothing where the two do not both say categories."""
    found = view.found.by_category
    if found is None:
        return
    section("Categories", f"95\u202f% intervals, {count(found.n)} users whose class is known")
    st.markdown(plain(" ".join(found.sentences)))
    frame = tables.categories(found)
    right = {name: st.column_config.TextColumn(plain(name), alignment="right") for name in frame.columns[1:]}
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, key="compare_categories", column_config=right,
        height="content" if len(frame) < 10 else 330, alt="Precision and recall of each class by both models",
    )  # fmt: skip
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    for side, name, each in zip(SIDES, map(tables.short, view.names), found.figures, strict=True):
        with halves.cell():
            drawn = charts.classes(each.confusion, each.names, name=name, theme=theme())
            figure(drawn, key=f"classes-{side}", of=name)
