"""Figures of a training run: the search for settings, and how alike the parts are on which it was measured."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import PALETTE, Palette, Theme, base, note, titled
from app.charts.parts import Numbers, nothing
from core.wording import count

HEIGHT: Final = 240
#: Trials the axis has room for from the start, so that it does not jump with each of the first.
ROOM: Final = 10
RIGHT: Final = 92  # px from the axes for the figure of the best trial
ROW: Final = 30  # px a row
BESIDE: Final = 168  # px from the axes to the right end of "0.684 (0.661 to 0.706)", in wide fonts too


def search(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """How a search for settings goes or went: every trial, the best of them, and the best so far.

    frame: a row a trial, in their order: trial (number from 1), state (complete, pruned or failed), value (mean PR-AUC
    of the folds, 0 to 1; NaN where none was found). Only complete trials can be best.
    """
    colour = PALETTE[theme]
    trial, value = (frame[name].to_numpy(float) for name in ("trial", "value"))
    state = frame["state"].to_numpy(str)
    complete = (state == "complete") & np.isfinite(value)
    figure = base(go.Figure(), theme=theme, height=HEIGHT, right=RIGHT, bottom=40)
    last = max(float(trial.max(initial=0)), ROOM)
    figure.update_xaxes(range=[0.4, last + 0.6], nticks=8, tickformat=",d", title_text="trial")
    figure.update_yaxes(range=_around(value), nticks=6, tickformat=".3f")
    if np.isfinite(value).any():
        _trials(figure, trial, value, state, colour)
    else:
        figure.update_yaxes(showticklabels=False, showgrid=False)
        nothing(figure, "no trial has ended yet", theme=theme, yref="y domain")
    if complete.any():
        _best(figure, trial[complete], value[complete], last, colour)
    pruned = "; hollow: given up early" if (state == "pruned").any() else ""
    sub = f"mean PR-AUC of the folds, a dot a trial{pruned}; line: best so far"
    return titled(figure, "Search for settings", sub, _search_alt(frame, complete))


def folds(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """PR-AUC on the users learnt from, on each fold while it was not learnt from, and on the held-out users.

    frame: users (what the row is called), value, low, high (0 to 1; the ends are NaN where there is no interval).
    Rows called alike share a line, in the order in which they come first.
    """
    colour, names = PALETTE[theme], list(dict.fromkeys(frame["users"]))
    value, low, high = (frame[name].to_numpy(float) for name in ("value", "low", "high"))
    at = np.array([names.index(name) for name in frame["users"]], float)
    figure = base(go.Figure(), theme=theme, height=ROW * max(len(names), 1) + 48, right=BESIDE, bottom=40)
    figure.add_scatter(
        x=value, y=at, mode="markers", name="value", cliponaxis=False, hoverinfo="text",
        marker={"size": 8, "color": colour["ink"], "opacity": 0.85},
        error_x={"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low, "width": 0,
                 "thickness": 1.5, "color": colour["ink"]},
        hovertext=[f"{name}<br>{_told(*row)}" for name, *row in zip(frame["users"], value, low, high, strict=True)],
    )  # fmt: skip
    figure.update_xaxes(range=_around(np.concatenate([value, low, high])), nticks=5, title_text="PR-AUC", tickangle=0)
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))), ticktext=names, showgrid=False,
        tickfont={"size": 12, "color": colour["ink"]},
    )  # fmt: skip
    told = [_row(name, frame) for name in names]
    for row, text in enumerate(told):
        note(figure, text, 1, row, xref="x domain", xanchor="right", xshift=BESIDE)
    several = int(frame["users"].value_counts().max()) if len(frame) else 0
    sub = f"PR-AUC, a dot each; bar: 95{words.NARROW}% interval; {count(several, 'fold')}"
    alt = "; ".join(f"{name} {text}" for name, text in zip(names, told, strict=True))
    return titled(figure, "How steady it is", sub, f"PR-AUC by users: {alt}.")


def _around(values: Numbers) -> list[float]:
    """A range that holds all values and a little air, within 0 and 1; all of 0 to 1 where nothing is known."""
    if not np.isfinite(values).any():
        return [0.0, 1.0]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    air = 0.08 * (high - low) or 0.01
    return [max(low - air, 0.0), min(high + air, 1.0)]


def _trials(figure: go.Figure, trial: Numbers, value: Numbers, state: npt.NDArray[np.str_], colour: Palette) -> None:
    known = np.isfinite(value)
    whole = state[known] == "complete"
    ends = np.where(whole, "complete", "given up early")
    figure.add_scatter(
        x=trial[known], y=value[known], mode="markers", name="trials", cliponaxis=False, hoverinfo="text",
        marker={"size": 7, "color": [colour["muted" if each else "background"] for each in whole],
                "line": {"color": colour["muted"], "width": 1.5}},
        hovertext=[
            f"trial {words.count(number)}, {end}<br>PR-AUC {words.decimal(found, 4)}"
            for number, found, end in zip(trial[known], value[known], ends, strict=True)
        ],
    )  # fmt: skip


def _best(figure: go.Figure, trial: Numbers, value: Numbers, last: float, colour: Palette) -> None:
    """trial, value: of the complete ones."""
    so_far = np.maximum.accumulate(value)
    figure.add_scatter(
        x=[*trial, max(last, trial[-1])], y=[*so_far, so_far[-1]], mode="lines", name="best so far", hoverinfo="skip",
        line={"color": colour["ink"], "width": 2, "shape": "hv"},
    )  # fmt: skip
    best = int(value.argmax())
    figure.add_scatter(
        x=[trial[best]], y=[value[best]], mode="markers", name="best", hoverinfo="skip", cliponaxis=False,
        marker={"symbol": "diamond", "size": 12, "color": colour["accent"]},
    )  # fmt: skip
    text = f"<b>{words.decimal(value[best], 4)}</b><br>trial {words.count(trial[best])}"
    place = {"xref": "x domain", "xshift": 8, "font": {"color": colour["accent"]}}
    note(figure, text, 1, value[best], **place)


def _told(value: float, low: float, high: float) -> str:
    return words.decimal(value) if np.isnan(low + high) else words.interval(value, low, high)


def _row(name: str, frame: pd.DataFrame) -> str:
    """One figure with its interval, or from the lowest to the highest of several."""
    rows = frame.loc[frame["users"] == name, ["value", "low", "high"]].to_numpy(float)
    if len(rows) == 1:
        return _told(*rows[0])
    return f"{words.decimal(rows[:, 0].min())} to {words.decimal(rows[:, 0].max())}"


def _search_alt(frame: pd.DataFrame, complete: npt.NDArray[np.bool_]) -> str:
    states = frame["state"]
    parts = [count(len(frame), "trial")]
    parts += [f"{words.count((states == 'pruned').sum())} given up early"] if (states == "pruned").any() else []
    parts += [f"{words.count((states == 'failed').sum())} failed"] if (states == "failed").any() else []
    start = f"Search for settings: {', '.join(parts)}"
    if not complete.any():
        return f"{start}; none is complete yet."
    found = frame.loc[complete].reset_index(drop=True)
    best = int(found["value"].to_numpy(float).argmax())
    return (
        f"{start}; best PR-AUC {words.decimal(found['value'][best], 4)} in trial {words.count(found['trial'][best])}."
    )
