"""A figure of app.charts with its heading, and the ways to take it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import charts
from app.charts import Theme
from app.components.shared import take_away
from app.components.shared.heading import Watched, section
from app.words import plain

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

#: A point of a figure, as the browser tells of it: x, y, customdata ...
Mark = Mapping[str, Any]


def theme() -> Theme:
    """What the reader sees now: light or dark; light before the browser has told."""
    return "dark" if st.context.theme.type == "dark" else "light"


@dataclass(frozen=True, slots=True)
class Click:
    """What a click on a point does, and the words that say so beside the title.

    `leaves`: whether it leads to another page. What changes this one is done before the page is drawn anew.
    """

    does: Callable[[Mark], None]
    hint: str = ""
    leaves: bool = False


def figure(
    fig: go.Figure, *, key: str, of: str = "", table: pd.DataFrame | None = None, click: Click | None = None,
    beside: Callable[[], None] | None = None, watched: Watched | None = None,
) -> None:  # fmt: skip
    """Title and sub as native text, which wraps and lines up with other headings; then the figure.

    key, of: name the files it is taken away as; `of` says of which run, model or file it is where the key does not.
    table: the numbers behind it, those of its marks by default. beside: draws what stands at the right of the title.
    watched: for a page that must know what lies open over it.

    The theme is part of the key: after a switch of light and dark a figure with the same key would keep its colours.
    """
    meta: dict[str, Any] = fig.layout.meta
    sub = "; ".join(filter(None, (meta["sub"], click.hint if click else "")))
    saved = take_away.file_name(key, of)
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=beside is not None):
            section(plain(meta["title"]), plain(sub), width="stretch")
            if beside is not None:
                beside()
            take_away.menu(lambda: charts.values(fig) if table is None else table, saved, key, watched)
        name, config = f"{key}-{theme()}", charts.saved_as(None if take_away.touched() else take_away.picture(), saved)
        if click is None:
            st.plotly_chart(fig, key=name, config=config, alt=meta["alt"])
            return
        st.plotly_chart(
            fig, key=name, config=config, alt=meta["alt"], selection_mode="points",
            on_select="rerun" if click.leaves else lambda: tell(name, click.does),
        )  # fmt: skip
    if click.leaves:
        tell(name, click.does)


def tell(name: str, clicked: Callable[[Mark], None]) -> None:
    points = st.session_state.get(name, {}).get("selection", {}).get("points")
    if points:
        clicked(points[0])
