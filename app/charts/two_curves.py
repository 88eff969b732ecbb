"""Two models on the same users, curve by curve: how they rank, whether scores come true, how they are spread.

As in `compare`, a is grey, as what is there, and b has the accent, as what is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, LINE, PALETTE, Palette, Theme, base, escape_label, note, titled
from app.charts.parts import SHORT_NAME, Numbers, threshold
from core.evaluation.thresholds import Confusion

Curve = Literal["pr", "roc", "gain"]
#: Columns of `Sweep.curves` at the two axes, their names, the title and the units.
CURVES: Final[Mapping[Curve, tuple[str, str, str, str]]] = {
    "pr": ("recall", "precision", "Precision against recall", "recall: share of spammers caught"),
    "roc": ("fpr", "recall", "Recall against false alarms", "FPR: share of legitimate users flagged"),
    "gain": ("flag_rate", "recall", "Recall against users flagged", "share of all users flagged"),
}


def curves(
    which: Curve, a: pd.DataFrame, b: pd.DataFrame, *, names: tuple[str, str], marks: tuple[Any, Any], base_rate: float,
    theme: Theme,
) -> go.Figure:  # fmt: skip
    """A curve of each model, with a dot at each threshold in use.

    a, b: `Sweep.curves`. marks: for each model, its confusion matrices at the thresholds. base_rate: of spammers.
    """
    across, up, title, axis = CURVES[which]
    colour = PALETTE[theme]
    figure = base(go.Figure(), theme=theme, height=300, bottom=40, right=20)
    if which == "roc":
        _guide(figure, [0, 1], [0, 1], colour)
    for frame, slot, width in ((a, "muted", 1.5), (b, "accent", 2.5)):
        known = frame[frame[up].notna()]
        name = escape_label(names[slot == "accent"], SHORT_NAME)
        figure.add_scatter(
            x=known[across], y=known[up], mode="lines", line={"color": colour[slot], "width": width}, hoverinfo="text",
            hovertext=[f"{name}<br>above {words.decimal(t)}: {across.replace('_', ' ')} {words.decimal(x)}, "
                       f"{up} {words.decimal(y)}" for t, x, y in
                       known[["threshold", across, up]].itertuples(index=False)],
        )  # fmt: skip
    for found, slot in zip(marks, ("muted", "accent"), strict=True):
        points = [each for each in found if _at(each, up) is not None]
        figure.add_scatter(
            x=[_at(each, across) for each in points], y=[_at(each, up) for each in points], mode="markers",
            marker={"size": 9, "color": colour[slot], "line": {"color": colour["background"], "width": 1}},
            hoverinfo="text", hovertext=[_mark_words(each) for each in points], cliponaxis=False,
        )  # fmt: skip
    if which == "pr":
        _guide(figure, [0, 1], [base_rate, base_rate], colour)
    if which == "pr":
        _names(figure, (a[across], a[up]), (b[across], b[up]), names, colour)
    else:
        _stacked(figure, names, colour)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    figure.update_xaxes(range=[0, 1], tickvals=ticks, tickformat=".1f", title_text=axis)
    figure.update_yaxes(range=[0, 1.02], tickvals=ticks, tickformat=".1f")
    sub = "dots: the policy's thresholds; dotted: " + ("by chance" if which != "gain" else "")
    return titled(figure, title, sub if which != "gain" else "dots: the policy's thresholds", _curves_alt(marks, names))


def reliabilities(a: pd.DataFrame, b: pd.DataFrame, *, names: tuple[str, str], theme: Theme) -> go.Figure:
    """Predicted and observed of both models, users counted below.

    a, b: predicted, observed, low, high (0 to 1), n; a row a group of like score.
    """
    colour = PALETTE[theme]
    figure = base(go.Figure(), theme=theme, height=300 + 2 * LINE, bottom=40, right=20, top=2 * LINE + 10)
    _guide(figure, [0, 1], [0, 1], colour)
    for line, frame, slot in ((1, a, "muted"), (0, b, "accent")):
        for group, n in zip(np.minimum(frame["predicted"] * 10, 9).astype(int), frame["n"], strict=True):
            note(
                figure, words.count(n), (group + 0.5) / 10, 1, yref="y domain", yanchor="bottom", xanchor="center",
                yshift=6 + LINE * line, font={"color": colour[slot], "size": 11},
            )  # fmt: skip
    for frame, name, slot in ((a, names[0], "muted"), (b, names[1], "accent")):
        x, y, low, high = (frame[column].to_numpy(float) for column in ("predicted", "observed", "low", "high"))
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", cliponaxis=False, hoverinfo="text",
            line={"color": colour[slot], "width": 1}, marker={"size": 7, "color": colour[slot]},
            error_y={"type": "data", "symmetric": False, "array": high - y, "arrayminus": y - low, "width": 0,
                     "thickness": 2, "color": colour[slot]},
            hovertext=[f"{escape_label(name, SHORT_NAME)}<br>predicted {words.decimal(p)}<br>observed "
                       f"{words.interval(o, lower, upper)}<br>{words.count(n)} users" for p, o, lower, upper, n in
                       zip(x, y, low, high, frame["n"], strict=True)],
        )  # fmt: skip
    _names(figure, (a["predicted"], a["observed"]), (b["predicted"], b["observed"]), names, colour)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    figure.update_xaxes(range=[0, 1], tickvals=ticks, tickformat=".1f", title_text="predicted probability")
    figure.update_yaxes(range=[0, 1.02], tickvals=ticks, tickformat=".1f")
    sub = f"share of spammers, 95{words.NARROW}% interval; on the dotted line it comes true; above: users"
    alt = "; ".join(f"{name}: {_reliability_words(frame)}" for name, frame in zip(names, (a, b), strict=True))
    return titled(figure, "Predicted and observed", sub, f"Calibration. {alt}.")


def score_lines(a: pd.DataFrame, b: pd.DataFrame, *, names: tuple[str, str], theme: Theme) -> go.Figure:
    """How the scores of spammers (above) and legitimate users (below) lie under each model, on log scales.

    a, b: `thresholds.distributions`: start, end, spammers, legitimate.
    """
    colour = PALETTE[theme]
    figure = go.Figure()
    for frame, name, slot in ((a, names[0], "muted"), (b, names[1], "accent")):
        middle = (frame["start"] + frame["end"]) / 2
        for part, axis in (("spammers", "y"), ("legitimate", "y2")):
            users = frame[part].to_numpy(float)
            figure.add_scatter(
                x=middle, y=np.where(users > 0, users, np.nan), yaxis=axis, mode="lines", connectgaps=False,
                line={"color": colour[slot], "width": 2 if slot == "accent" else 1.5, "shape": "hvh"},
                hoverinfo="text", hovertext=[
                    f"{escape_label(name, SHORT_NAME)}<br>{start:.2f} to {end:.2f}: {words.count(n)} {part}"
                    for start, end, n in zip(frame["start"], frame["end"], users, strict=True)],
            )  # fmt: skip
    figure = base(figure, theme=theme, height=300, bottom=40, right=20)
    for axis, part, domain in (("yaxis", "spammers", [0.55, 0.96]), ("yaxis2", "legitimate", [0, 0.41])):
        top = max(float(max(a[part].max(), b[part].max())), 10.0)
        powers = list(range(int(math.log10(top)) + 1))[:: 2 if top > 1e3 else 1]
        style = figure.layout.yaxis.to_plotly_json()
        figure.update_layout({axis: {
            **style, "domain": domain, "type": "log", "range": [-0.15, math.log10(top) + 0.1], "anchor": "x",
            "tickvals": [10**power for power in powers], "ticktext": [words.count(10**power) for power in powers],
        }})  # fmt: skip
        which = "spammers" if part == "spammers" else "legitimate users"
        note(figure, f"<b>{which}</b>", 0.01, domain[1], yref="paper", yanchor="bottom")
    legend = [f'<b><span style="color:{colour[slot]}">{escape_label(name, SHORT_NAME)}</span></b>'
              for name, slot in zip(names, ("muted", "accent"), strict=True)]  # fmt: skip
    note(figure, "   ".join(legend), 1, 0.96, xref="paper", yref="paper", xanchor="right", yanchor="bottom")
    figure.update_xaxes(
        range=[0, 1], dtick=0.2, tickformat=".1f", title_text="calibrated probability of being a spammer", anchor="y2"
    )
    sub = f"users per {1 / max(len(a), 1):.2g} of score, log scale"
    return titled(figure, "Scores", sub, _scores_alt(a, b, names))


def _guide(figure: go.Figure, x: list[float], y: list[float], colour: Palette) -> None:
    figure.add_scatter(
        x=x, y=y, mode="lines", hoverinfo="skip", line={"color": colour["muted"], "width": 1, "dash": DOTTED}
    )


def _at(confusion: Confusion, axis: str) -> float | None:
    legitimate = confusion.false_alarms + confusion.left_alone
    known = {"precision": confusion.precision, "recall": confusion.recall, "flag_rate": confusion.flag_rate,
             "fpr": confusion.false_alarms / legitimate if legitimate else None}  # fmt: skip
    return known[axis]


def _mark_words(confusion: Confusion) -> str:
    shares = [("precision", confusion.precision), ("recall", confusion.recall), ("flagged", confusion.flag_rate)]
    text = "<br>".join(f"{what} {escape_label(words.percent(p))}" for what, p in shares if p is not None)
    return f"above {threshold(confusion.threshold)}<br>{text}"


def _names(figure: go.Figure, a: tuple[Any, Any], b: tuple[Any, Any], names: tuple[str, str], colour: Palette) -> None:
    """Each name beside its line, where the lines are farthest apart between 0.15 and 0.85."""
    at = np.linspace(0.15, 0.85, 29)
    lines = [_line(*each, at) for each in (a, b)]
    gap = lines[1] - lines[0]
    place = int(np.nanargmax(np.abs(gap))) if np.isfinite(gap).any() else 0
    over = gap[place] >= 0
    for line, name, slot, above in zip(lines, names, ("muted", "accent"), (not over, over), strict=True):
        if math.isnan(line[place]):
            continue
        note(
            figure, f"<b>{escape_label(name, SHORT_NAME)}</b>", float(at[place]), float(line[place]),
            xanchor="left" if above else "right", xshift=6 if above else -6, yshift=10 if above else -10,
            font={"color": colour[slot]},
        )  # fmt: skip


def _stacked(figure: go.Figure, names: tuple[str, str], colour: Palette) -> None:
    """Both names in the room under curves that rise steeply to the left."""
    for line, (name, slot) in enumerate(zip(names, ("muted", "accent"), strict=True)):
        text = f"<b>{escape_label(name, SHORT_NAME)}</b>"
        note(figure, text, 0.3, 0.72, yshift=-LINE * line, font={"color": colour[slot]})


def _line(x: Any, y: Any, at: Numbers) -> Numbers:
    across, up = np.asarray(x, float), np.asarray(y, float)
    known = np.isfinite(across) & np.isfinite(up)
    if known.sum() < 2:
        return np.full(len(at), np.nan)
    values: Numbers = np.interp(at, across[known], up[known], left=np.nan, right=np.nan)
    return values


def _curves_alt(marks: tuple[Any, Any], names: tuple[str, str]) -> str:
    told = []
    for found, name in zip(marks, names, strict=True):
        points = [f"recall {words.percent(each.recall)} at precision {words.percent(each.precision)}"
                  for each in found if each.precision is not None and each.recall is not None]  # fmt: skip
        told.append(f"{name}: {', '.join(points) or 'nobody is flagged'}")
    return f"At the policy's thresholds, {'; '.join(told)}."


def _reliability_words(frame: pd.DataFrame) -> str:
    inside = int(((frame["low"] <= frame["predicted"]) & (frame["predicted"] <= frame["high"])).sum())
    return f"the interval holds the prediction in {inside} of {len(frame)} groups"


def _scores_alt(a: pd.DataFrame, b: pd.DataFrame, names: tuple[str, str]) -> str:
    told = []
    for frame, name in zip((a, b), names, strict=True):
        half = frame[frame["start"] >= 0.5]
        told.append(f"{name}: {words.count(half['spammers'].sum())} spammers and "
                    f"{words.count(half['legitimate'].sum())} legitimate users from 0.5")  # fmt: skip
    return f"Scores. {'; '.join(told)}."
