"""A figure of app.charts with its heading."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts import CONFIG, Theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.words import plain

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def theme() -> Theme:
    """What the reader sees now: light or dark; light before the browser has told."""
    return "dark" if st.context.theme.type == "dark" else "light"


def figure(
    fig: go.Figure, *, key: str, table: pd.DataFrame | None = None, picked: Callable[[float], None] | None = None,
    beside: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """Title and sub as native text, which wraps and lines up with other headings; then the figure.

    picked: called with the x of a point that somebody clicks, before the page is drawn anew. beside: draws what
    stands at the right of the title.

    With a table, a button beside the title downloads it: the numbers behind the figure.

    The theme is part of the key: after a switch of light and dark a figure with the same key would keep its colours.
    """
    meta: dict[str, Any] = fig.layout.meta
    with st.container(gap="xxsmall"):
        if beside is not None:
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                section(plain(meta["title"]), plain(meta["sub"]))
                beside()
        elif table is None:
            section(plain(meta["title"]), plain(meta["sub"]))
        else:
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                section(plain(meta["title"]), plain(meta["sub"]), width="stretch")
                numbers(table, key)
        name, config = f"{key}-{theme()}", dict(CONFIG)
        if picked is None:
            st.plotly_chart(fig, key=name, config=config, alt=meta["alt"])
        else:
            st.plotly_chart(
                fig, key=name, config=config, alt=meta["alt"], on_select=lambda: tell(name, picked),
                selection_mode="points",
            )  # fmt: skip


def tell(name: str, picked: Callable[[float], None]) -> None:
    points = st.session_state[name]["selection"]["points"]
    if points:
        picked(float(points[0]["x"]))
