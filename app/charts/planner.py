"""What each capacity would cost at its cheapest, or catch: the plan, the policy in force, and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, PALETTE, Palette, Theme, base, note, titled

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """A plan on the frontier: its reviews a day, its figure, and its name."""

    reviews: float
    value: float
    name: str


def frontier(  # noqa: PLR0913 - all that is drawn
    reviews: Floats, values: Floats, *, plan: Point, live: Point | None, capacity: float | None, floor: float | None,
    shares: bool, theme: Theme,
) -> go.Figure:  # fmt: skip
    """reviews, values: (k,), cost a day or, with `shares`, recall. floor: of recall, drawn with shares only."""
    colour = PALETTE[theme]
    figure = base(go.Figure(), theme=theme, height=260, bottom=42, top=22, right=26)
    show = words.percent if shares else _money
    figure.add_scatter(
        # What is clicked on is a marker, if one that is not seen; none fades where another one was clicked.
        x=reviews, y=values, mode="lines+markers", marker={"size": 14, "opacity": 0}, hoverinfo="text",
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
        line={"color": colour["ink"], "width": 2},
        hovertext=[f"{words.count(x)} reviews a day: {show(y)}" for x, y in zip(reviews, values, strict=True)],
    )  # fmt: skip
    if capacity is not None:
        line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
        figure.add_shape(type="line", x0=capacity, x1=capacity, y0=0, y1=1, yref="paper", line=line)
        text = f'<span style="color:{colour["muted"]}">capacity {words.count(capacity)}</span>'
        note(figure, text, capacity, 1, yref="paper", yanchor="bottom", xanchor=_side(capacity, reviews))
    if shares and floor is not None:
        line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
        figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=floor, y1=floor, line=line)
        text = f'<span style="color:{colour["muted"]}">asked for {words.percent(floor)}</span>'
        note(figure, text, 1, floor, xref="paper", xanchor="right", yanchor="bottom")
    if live is not None:
        _point(figure, live, "circle", colour["muted"], show(live.value), colour, reviews)
    _point(figure, plan, "diamond", colour["accent"], show(plan.value), colour, reviews)
    figure.update_xaxes(title_text="cases that people see a day", tickformat=",d", rangemode="tozero")
    figure.update_yaxes(tickformat=".0%" if shares else ",.0f")
    what = "share of spammers caught" if shares else "expected cost a day"
    title = "What reviews catch" if shares else "What reviews cost and save"
    alt = f"{what} against cases that people see a day: {plan.name} {show(plan.value)} at {words.count(plan.reviews)}."
    return titled(figure, title, f"{what}, each capacity at its cheapest thresholds; click one to plan for it", alt)


def _point(
    figure: go.Figure, point: Point, symbol: str, tint: str, told: str, colour: Palette, reviews: Floats
) -> None:  # fmt: skip
    figure.add_scatter(
        x=[point.reviews], y=[point.value], mode="markers", cliponaxis=False, hoverinfo="text",
        hovertext=f"{point.name}: {words.count(point.reviews)} reviews a day, {told}",
        marker={"symbol": symbol, "size": 12, "color": tint, "line": {"color": colour["background"], "width": 1}},
        unselected={"marker": {"opacity": 1}},
    )  # fmt: skip
    side = _side(point.reviews, reviews)
    text = f'<span style="color:{tint}"><b>{point.name}</b> {told}</span>'
    below = point.name == "live"
    note(
        figure, text, point.reviews, point.value, xanchor=side, xshift=9 if side == "left" else -9,
        yanchor="top" if below else "bottom", yshift=-4 if below else 4,
    )  # fmt: skip


def _side(at: float, reviews: Floats) -> str:
    """Labels lean towards the middle, so that none leaves the figure."""
    return "left" if at < 0.6 * float(reviews.max(initial=1)) else "right"


def _money(value: float) -> str:
    return f"{value:,.0f}"
