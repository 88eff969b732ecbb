"""All figures of both models with their intervals, and every paired test in a sentence."""

from __future__ import annotations

import streamlit as st

from app.components.shared.heading import section
from app.queries import compare
from app.queries.compare import View
from app.tables import comparison as tables
from app.tables.cells import safe
from app.words import UNKNOWN, count, legible, plain


def figures(view: View) -> None:
    """The table; below it the tests, folded."""
    comparison = view.found.comparison
    section("Figures", f"95\u202f% intervals, {count(comparison.n)} users, {count(comparison.positives)} spammers")
    a, b = (legible(tables.short(name)) for name in view.names)
    right = {name: st.column_config.TextColumn(name, alignment="right") for name in ("Above", a, b, "Difference", "p")}
    frame = tables.figures(view.found).rename(columns={"a": a, "b": b})
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height=min(35 + 32 * len(frame) + 3, 330), key="compare_figures",
        column_config=right, alt=f"Every figure of {a} and {b} with its interval, and the difference",
    )  # fmt: skip
    if comparison.by_probability:
        st.caption(view.found.costs.sentence)
    with st.expander("Every test in a sentence"):
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in tables.sentences(view.found, compare.lead(view))))
