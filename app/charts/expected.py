"""What one model, or two, would bring: lift by the share of users reviewed, and cost by threshold.

As in `compare`, of two models a is grey, as what is there, and b has the accent, as what is looked at, like one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, LINE, PALETTE, Palette, Theme, base, escape_label, note, titled
from app.charts.parts import SHORT_NAME

HEIGHT: Final = 300
#: How much of the page an interval covers.
BAND: Final = 0.16
SLOTS: Final = ("muted", "accent")


def lift(*curves: pd.DataFrame, names: Sequence[str], theme: Theme) -> go.Figure:
    """How many times as many spammers are among the highest scores as among users drawn at random.

    curves: of each model `drawn_curves.lift`: share (0 to 1), users, caught, lift, low, high.
    """
    figure, colour = go.Figure(), PALETTE[theme]
    for frame, name, slot in _sides(curves, names):
        hover = [
            f"{escape_label(name, SHORT_NAME)}<br>the highest {_share(share)}: {words.count(users)} users, "
            f"{words.count(caught)} spammers<br>lift {_times(value, low, high)}"
            for share, users, caught, value, low, high in frame.itertuples(index=False)
        ]
        _line(figure, frame["share"], frame["lift"], frame[["low", "high"]], hover, colour[slot])
    figure = base(figure, theme=theme, height=HEIGHT, bottom=40, right=20)
    least = min(float(each["share"].min()) for each in curves)
    shown = [share for share in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if share >= least]
    figure.update_xaxes(
        type="log", range=[np.log10(least), 0], tickvals=shown[::-2], ticktext=[_share(each) for each in shown[::-2]],
        title_text="share of all users reviewed, log scale",
    )  # fmt: skip
    top = 1.05 * max(float(each["high"].max()) for each in curves)
    figure.update_yaxes(range=[0, top], nticks=6)
    figure.add_hline(y=1, line={"color": colour["muted"], "width": 1, "dash": DOTTED})
    _named(figure, names, colour)
    sub = f"times as many spammers as in users drawn at random, 95{words.NARROW}% interval; dotted: by chance"
    return titled(figure, "Lift", sub, f"Lift among the highest scores. {_told(curves, names, _lift_words)}")


def expected_cost(
    *curves: pd.DataFrame, names: Sequence[str], thresholds: Sequence[float], theme: Theme
) -> go.Figure:  # fmt: skip
    """What decisions cost per 1,000 users by threshold; a diamond where each model is cheapest.

    curves: of each model `drawn_curves.expected_cost`: threshold, flagged, cost, low, high. thresholds: of the policy,
    dotted.
    """
    figure, colour = go.Figure(), PALETTE[theme]
    for frame, name, slot in _sides(curves, names):
        hover = [
            f"{escape_label(name, SHORT_NAME)}<br>above {at:.2f}: {words.count(flagged)} users flagged"
            f"<br>costs {cost:,.1f} ({low:,.1f} to {high:,.1f})"
            for at, flagged, cost, low, high in frame.itertuples(index=False)
        ]
        _line(figure, frame["threshold"], frame["cost"], frame[["low", "high"]], hover, colour[slot])
        best = int(frame["cost"].to_numpy(float).argmin())
        figure.add_scatter(
            x=[frame["threshold"].iloc[best]], y=[frame["cost"].iloc[best]], mode="markers", hoverinfo="text",
            hovertext=[f"cheapest<br>{hover[best]}"], cliponaxis=False,
            marker={"symbol": "diamond", "size": 10, "color": colour[slot]},
        )  # fmt: skip
    figure = base(figure, theme=theme, height=HEIGHT, bottom=40, right=20)
    figure.update_xaxes(range=[0, 1], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], tickformat=".1f", title_text="threshold")
    # Where everybody is flagged costs are another matter: they would flatten the rest.
    low = min(float(each["cost"].min()) for each in curves)
    top = 1.1 * max(*(float(each["high"].iloc[-1]) for each in curves), 2 * low, 1e-9)
    figure.update_yaxes(range=[0, top], nticks=6)
    for at in thresholds:
        line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
        figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line=line)
    _named(figure, names, colour, top=False)
    sub = (
        f"of decisions per 1,000 users, 95{words.NARROW}% interval; diamonds: cheapest; dotted: the policy's thresholds"
    )
    return titled(figure, "Expected cost", sub, f"Cost by threshold. {_told(curves, names, _cost_words)}")


def _sides(curves: Sequence[pd.DataFrame], names: Sequence[str]) -> Iterator[tuple[pd.DataFrame, str, str]]:
    return zip(curves, names, SLOTS[-len(curves) :], strict=True)


def _line(
    figure: go.Figure, x: pd.Series[float], y: pd.Series[float], ends: pd.DataFrame, hover: list[str], tint: str
) -> None:  # fmt: skip
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    red, green, blue = (int(tint[at : at + 2], 16) for at in (1, 3, 5))
    figure.add_scatter(x=x, y=ends["low"], **edge)
    figure.add_scatter(x=x, y=ends["high"], fill="tonexty", fillcolor=f"rgba({red},{green},{blue},{BAND})", **edge)
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"color": tint, "width": 2}, hovertext=hover, hoverinfo="text"
    )  # fmt: skip


def _named(figure: go.Figure, names: Sequence[str], colour: Palette, *, top: bool = True) -> None:
    """The names in the corner that the lines leave free."""
    for line, (name, slot) in enumerate(zip(names, SLOTS[-len(names) :], strict=True)):
        shift = -10 - LINE * line if top else 10 + LINE * (1 - line)
        note(
            figure, f"<b>{escape_label(name, SHORT_NAME)}</b>", 1, 1 if top else 0, xref="x domain", yref="y domain",
            xanchor="right", xshift=-30, yshift=shift, font={"color": colour[slot]},
        )  # fmt: skip


def _share(share: float) -> str:
    return escape_label(f"{100 * share:.3g}{words.NARROW}%")


def _times(value: float, low: float, high: float) -> str:
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def _told(curves: Sequence[pd.DataFrame], names: Sequence[str], said: Callable[[pd.DataFrame], str]) -> str:
    return " ".join(f"{name}: {said(frame)}." for frame, name in zip(curves, names, strict=True))


def _lift_words(frame: pd.DataFrame) -> str:
    row = frame.iloc[int((frame["share"] - 0.01).abs().to_numpy().argmin())]
    return f"{_times(row['lift'], row['low'], row['high'])} in the highest {100 * row['share']:.2g}{words.NARROW}%"


def _cost_words(frame: pd.DataFrame) -> str:
    row = frame.iloc[int(frame["cost"].to_numpy(float).argmin())]
    return f"cheapest above {row['threshold']:.2f}, {row['cost']:,.1f} ({row['low']:,.1f} to {row['high']:,.1f})"
