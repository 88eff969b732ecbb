"""Features together: two against each other, and all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import pandas as pd
import streamlit as st

from app import charts
from app.charts.pairs import Bins
from app.components.explore.choice import arrive, lead
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.components.shared.working import working
from app.queries import explore
from app.words import decimal, legible, plain
from core.errors import listed
from core.explore import pairs
from core.registry.registry import Model
from core.scoring.view import View
from core.wording import count as counted


def two_features(view: View, model: Model | None) -> None:
    arrive()
    names = explore.by_use(view, model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox("Across", names, format_func=legible, key="x", bind="query-params", width=180)
        # The second is the default: an index other than 0 would be at odds with a pair chosen elsewhere.
        y = st.selectbox(
            "Upwards", [*names[1:], names[0]], format_func=legible, key="y", bind="query-params", width=180
        )
        show = st.segmented_control(
            "Show", ["density", "spam rate"], default="density", required=True, key="show", bind="query-params",
            format_func=str.capitalize, disabled=explore.everyones_label(view) is None,
        )  # fmt: skip
    joint = explore.joint(view, x, y)
    shown = cast(Literal["density", "spam rate"], show or "density")
    figure(
        charts.joint(joint.n, joint.rate, Bins(x, joint.x.labels), Bins(y, joint.y.labels), show=shown, theme=theme()),
        key="joint", of=f"{x} {y}", table=joint.table(),
    )  # fmt: skip
    if joint.left_out:
        st.caption(f"{counted(joint.left_out, 'user')} without a value of one or both: left out.")


def correlations(view: View) -> None:
    method = cast(
        pairs.Method,
        st.segmented_control(
            "Method", ["spearman", "pearson"], default="spearman", required=True, key="method", bind="query-params",
            format_func=str.capitalize,
        ),
    )  # fmt: skip
    with working("Ranking") as progress:
        known, constant = explore.varying(explore.correlations(view, method, progress=progress))
    matrix = explore.order(known)
    strongest = pairs.strongest(matrix, 12)
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with thirds.cell(column_span=2):
        figure(
            charts.correlations(matrix, method=method.capitalize(), theme=theme()), key="correlations", of=method,
            table=matrix.reset_index(names="feature"),
        )  # fmt: skip
        if constant:
            st.caption(plain(left_out(constant)))
    with thirds.cell():
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            section("Strongest pairs", method.capitalize())
            numbers(strongest, "strongest_pairs")
        if strongest.empty:
            st.caption("No two features vary together: each is constant or there are too few users.")
        with st.container(gap="xxsmall"):
            _pairs(strongest)


def left_out(constant: Sequence[str]) -> str:
    """Why these features are not among the correlations."""
    verb = "is" if len(constant) == 1 else "are"
    return f"{counted(len(constant), 'constant feature')} {verb} left out: {listed(constant, most=12)}."


def _pairs(strongest: pd.DataFrame) -> None:
    for a, b, r in strongest.itertuples(index=False):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.button(
                f"{plain(str(a))} and {plain(str(b))}", type="tertiary", key=f"pair-{a}-{b}", on_click=_look_at_two,
                args=(a, b),
            )  # fmt: skip
            st.markdown(decimal(float(r)), width="content")


def _look_at_two(x: str, y: str) -> None:
    lead("Two features", x=x, y=y)
