"""Figures about one user: what the model saw and how each value pushed the score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import PALETTE, Palette, Theme, base, escape_label, note, small, titled

#: Characters of a name, a value and a meaning beside the axis; the hover gives them in full.
NAME: Final = 28
VALUE: Final = 14
MEANING: Final = 34
#: px of the column of numbers, and from it to the axis.
_NUMBERS: Final = 48
_GAP: Final = 8
#: The pushes must add up to the score within what two decimals show.
TOLERANCE: Final = 0.005


@dataclass(frozen=True, slots=True)
class _Push:
    """A row beside the axis and its push in log-odds; all text escaped."""

    label: str
    hover: str
    contribution: float
    name: str = ""


def pushes(
    rows: pd.DataFrame, baseline: float, margin: float, probability: str, *, rest: float, rest_count: int, theme: Theme
) -> go.Figure:
    """From the average user to this one: each reason moves the score, in log-odds.

    rows: feature, value_text, meaning (text or missing, shown as given), contribution; drawn strongest first. Where
    they have a `label` that is not empty, it stands in the place of feature and value.
    baseline: log-odds of the average user. margin: log-odds of this user, for which `probability` is the score as
    shown. rest: push of the other `rest_count` features together.
    Raises ValueError when the contributions do not add up to the margin: the figure would lie.
    """
    given = _strongest_first(rows, PALETTE[theme])
    steps = [*given, *_rest(rest, rest_count)]
    totals = list(accumulate((step.contribution for step in steps), initial=baseline))
    if not math.isclose(totals[-1], margin, abs_tol=TOLERANCE):
        raise ValueError(f"The contributions lead to {totals[-1]:.4f}, not to the margin {margin:.4f}.")
    colour, last = PALETTE[theme], len(steps) + 1
    figure = go.Figure(_connectors(totals, colour))
    figure.add_bar(
        x=[step.contribution for step in steps], base=totals[:-1], y=list(range(1, last)), orientation="h", width=0.5,
        marker={"color": _tints(steps, colour), "line_width": 0},
        hovertext=[step.hover for step in steps], hoverinfo="text",
    )  # fmt: skip
    named = [
        "average user",
        *(step.label for step in steps),
        f"<b>this user</b><br>score <b>{escape_label(probability)}</b>",
    ]
    figure = _row_axis(figure, named, given, theme=theme)
    figure.update_xaxes(range=_room(min(totals), max(totals)), nticks=5, tickangle=0, title_text="log-odds")
    _end(figure, 0, baseline, "circle", colour["muted"])
    _end(figure, last, margin, "diamond", colour["accent"])
    moved = [words.signed(step.contribution) for step in steps]
    for row, number in enumerate([words.signed(baseline), *moved, f"<b>{words.signed(margin)}</b>"]):
        note(figure, number, 0, row, xref="x domain", xanchor="right", xshift=-_GAP)
    sub = "strongest first, in log-odds; to the right is towards spammer"
    return titled(figure, "Why this score", sub, _pushes_alt(given, baseline, margin, probability, rest, rest_count))


def _order(rows: pd.DataFrame) -> list[int]:
    return [int(i) for i in np.argsort(-rows["contribution"].abs().to_numpy(float), kind="stable")]


def _strongest_first(rows: pd.DataFrame, colour: Palette) -> list[_Push]:
    names, values, meanings, pushed = (
        rows[name].tolist() for name in ("feature", "value_text", "meaning", "contribution")
    )
    labels = rows["label"].tolist() if "label" in rows else [""] * len(rows)
    return [
        _said(labels[i], pushed[i]) if labels[i] else _push(names[i], values[i], meanings[i], pushed[i], colour)
        for i in _order(rows)
    ]


def _push(
    feature: object, value: str | float | None, meaning: str | float | None, contribution: float, colour: Palette
) -> _Push:
    name = str(feature)
    text = words.MISSING if value is None or value == "" or pd.isna(value) else str(value)
    label = f"{escape_label(name, NAME)} = <b>{escape_label(text, VALUE)}</b>"
    hover = f"{escape_label(name)} = <b>{escape_label(text)}</b>"
    if isinstance(meaning, str) and meaning:
        label += f"<br>{small(escape_label(meaning, MEANING), colour)}"
        hover += f"<br>{escape_label(meaning)}"
    hover += f"<br>contribution {words.signed(contribution, 3)}"
    return _Push(label, hover, float(contribution), f"{words.legible(name)} = {words.legible(text)}")


def _said(label: str, contribution: float) -> _Push:
    hover = f"{escape_label(label)}<br>contribution {words.signed(contribution, 3)}"
    return _Push(escape_label(label, MEANING), hover, float(contribution), words.legible(label))


def _rest(rest: float, rest_count: int) -> list[_Push]:
    if not rest_count:
        return []
    label = f"other {words.count(rest_count)} feature{'s' if rest_count > 1 else ''}"
    return [_Push(label, f"{label}<br>contribution {words.signed(rest, 3)}", float(rest))]


def _tints(steps: list[_Push], colour: Palette) -> list[str]:
    return [colour["ink" if step.contribution > 0 else "population"] for step in steps]


def _room(low: float, high: float) -> tuple[float, float]:
    """The range with room for half a mark at either end, on the narrowest axis."""
    span = (high - low) or 1.0
    return low - 0.06 * span, high + 0.06 * span


def _connectors(totals: list[float], colour: Palette) -> go.Scatter:
    x = [value for total in totals for value in (total, total, None)]
    y = [value for row in range(len(totals)) for value in (row, row + 1, None)]
    line = {"color": colour["population"], "width": 1}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _row_axis(figure: go.Figure, labels: list[str], given: list[_Push], *, theme: Theme) -> go.Figure:
    """One row a label, downwards, high enough for the second line of any; between names and bars a column of numbers,
    so that a number never stands on a name, however narrow the axis.
    """
    row = 40 if any("<br>" in push.label for push in given) else 28
    figure = base(figure, theme=theme, height=row * len(labels) + 48, top=4, bottom=44)
    figure.update_yaxes(
        range=[len(labels) - 0.5, -0.5], tickvals=list(range(len(labels))), ticktext=labels, showgrid=False,
        ticklabelstandoff=_NUMBERS, tickfont={"size": 12, "color": PALETTE[theme]["ink"]},
    )  # fmt: skip
    return figure


def _end(figure: go.Figure, row: int, x: float, symbol: str, tint: str) -> None:
    figure.add_scatter(
        x=[x], y=[row], mode="markers", hoverinfo="skip", cliponaxis=False,
        marker={"symbol": symbol, "size": 12 if symbol == "diamond" else 7, "color": tint},
    )  # fmt: skip


def _pushes_alt(
    given: list[_Push], baseline: float, margin: float, probability: str, rest: float, rest_count: int
) -> str:
    parts = [f"{push.name} contributes {words.signed(push.contribution)}" for push in given]
    parts += [f"the other {rest_count} contribute {words.signed(rest)}"] if rest_count else []
    ends = f"From the average user at {words.signed(baseline)} to this user at {words.signed(margin)} log-odds"
    return f"{ends}, score {probability}: {'; '.join(parts) or 'no contributions'}."
