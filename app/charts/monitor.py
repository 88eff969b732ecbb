"""Figures of what is live: how scores are spread from run to run, a feature then and now, who waits and is judged."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import LINE, PALETTE, Palette, Theme, base, escape_label, note, spread, titled
from app.charts.parts import NAME, Numbers, bin_axis, cut, nothing, percents
from app.charts.runs import dates

HEIGHT: Final = 240
TOP: Final = 8
BOTTOM: Final = 24
#: px for the words at the end of a line.
BESIDE: Final = 138


def score_levels(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """The scores that so many of the users of each run lie below.

    frame: when (shown as given), level (0 to 1: the share of users below), score (0 to 1, NaN without users). One run
    shows as points. With a column `run`, each point carries its run, for clicks.
    """
    frame = frame.loc[frame["score"].notna()].sort_values(["level", "when"], kind="stable")
    levels = sorted(frame["level"].unique())
    names = {level: f"{100 * level:g}{words.NARROW}%" for level in levels}
    lines = [(names[level], frame.loc[frame["level"] == level], "score") for level in levels]
    figure, ends = go.Figure(), []
    colour = PALETTE[theme]
    for place, (name, rows, _) in enumerate(lines):
        strong = place == len(lines) - 1
        hover = [f"{words.moment(at)}<br>{escape_label(name)} of users below {_score(score)}"
                 for at, score in zip(rows["when"], rows["score"], strict=True)]  # fmt: skip
        _line(figure, rows["when"], rows["score"], name, hover, strong=strong, colour=colour)
        if "run" in rows:
            figure.data[-1].update(
                mode="lines+markers" if len(rows) > 1 else "markers", customdata=rows["run"].tolist()
            )
            figure.data[-1].marker.size = 5
        ends.append((name, _score(rows["score"].iloc[-1]), rows["when"].iloc[-1], float(rows["score"].iloc[-1])))
    figure = base(figure, theme=theme, height=HEIGHT, right=BESIDE, bottom=BOTTOM, top=TOP)
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".2f")
    when = pd.DatetimeIndex(sorted(frame["when"].unique()))
    dates(figure, when)
    _ends(figure, ends, 1.0)
    if not ends:
        nothing(figure, "no users were scored", theme=theme)
    number = f"{len(when)} run{'' if len(when) == 1 else 's'}"
    sub = f"the score that this share of users lies below, {number}"
    text = "; ".join(f"{name} of users below {score}" for name, score, _, _ in ends)
    return titled(figure, "Scores of each run", sub, f"Scores of {number}; the last: {text or 'no users'}.")


def then_and_now(frame: pd.DataFrame, name: str, *, runs: str, theme: Theme) -> go.Figure:
    """A feature, or the score, among the users trained on (bars) and among those of now (dots).

    frame: bin, before, now (shares of all users, with those outside of the baseline and missing).
    """
    colour, at = PALETTE[theme], np.arange(len(frame))
    before, now = (frame[each].to_numpy(float) for each in ("before", "now"))
    hover = [f"{escape_label(cut(label, NAME))}<br>trained on {_percent(a)}<br>now {_percent(b)}"
             for label, a, b in zip(frame["bin"], before, now, strict=True)]  # fmt: skip
    figure = go.Figure()
    figure.add_bar(x=at, y=before, name="before", marker={"color": colour["population"], "line_width": 0},
                   hovertext=hover, hoverinfo="text")  # fmt: skip
    figure.add_scatter(x=at, y=now, mode="markers", name="now", cliponaxis=False, hovertext=hover, hoverinfo="text",
                       marker={"size": 9, "symbol": "diamond", "color": colour["accent"]})  # fmt: skip
    figure = base(figure, theme=theme, height=HEIGHT, bottom=BOTTOM, top=TOP)
    top = 1.08 * float(np.max(np.concatenate([before, now, [0.0]]))) or 1.0
    figure.update_yaxes(range=[0, top], nticks=5, tickformat=percents(top))
    bin_axis(figure, frame["bin"].tolist())
    if frame.empty:
        nothing(figure, "no users", theme=theme)
    sub = "share of users; bars: trained on, diamonds: now"
    return titled(figure, cut(words.legible(name), NAME), sub, _then_and_now_alt(frame, name, runs))


#: Users a day up to which each has a line of its own across the figure of the queue.
FEW: Final = 5


def throughput(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """Users that came into the queue and users judged, day by day. frame: day, queued, judged."""
    colour, figure, ends = PALETTE[theme], go.Figure(), []
    when = pd.DatetimeIndex(frame["day"])
    for name, column in (("Came in", "queued"), ("Judged", "judged")):
        values = frame[column].to_numpy(float)
        hover = [f"{words.day(at)}<br>{name.lower()} {words.count(n)}" for at, n in zip(when, values, strict=True)]
        _line(figure, when, values, name, hover, strong=column == "judged", colour=colour)
        ends += [(name, words.count(values[-1]), when[-1], float(values[-1]))] if len(values) else []
    figure = base(figure, theme=theme, height=HEIGHT, right=BESIDE, bottom=BOTTOM, top=TOP)
    top = 1.08 * float(np.max(frame[["queued", "judged"]].to_numpy(float), initial=0.0)) or 1.0
    # Users are whole: between few of them there is nothing to mark.
    figure.update_yaxes(range=[0, top], tickformat=",d", **({"dtick": 1} if top < FEW else {"nticks": 5}))
    dates(figure, when)
    _ends(figure, ends, top)
    came, judged = (words.count(float(frame[column].sum())) for column in ("queued", "judged"))
    sub = f"users a day (UTC), last {len(frame)} days"
    return titled(
        figure, "Came in and judged", sub, f"In {len(frame)} days {came} users came in, {judged} were judged."
    )


def _line(
    figure: go.Figure, x: pd.Series[pd.Timestamp] | pd.DatetimeIndex, y: Numbers | pd.Series[float], name: str,
    hover: list[str], *, strong: bool, colour: Palette,
) -> None:  # fmt: skip
    """Points alone where there is one; the strong line is ink, others are grey."""
    shade = colour["ink" if strong else "muted"]
    figure.add_scatter(
        x=x, y=y, mode="lines" if len(x) > 1 else "markers", name=name, hovertext=hover, hoverinfo="text",
        cliponaxis=False, line={"color": shade, "width": 2 if strong else 1.2}, marker={"color": shade, "size": 7},
    )  # fmt: skip


def _ends(figure: go.Figure, ends: list[tuple[str, str, Any, float]], top: float) -> None:
    """Name and value at each line's end, moved apart where they would touch."""
    plot = HEIGHT - TOP - BOTTOM
    wanted = [value / top * plot for _, _, _, value in ends]
    for (name, value, at, y), want, place in zip(ends, wanted, spread(wanted, LINE, 0, plot), strict=True):
        note(figure, f"<b>{escape_label(name)}</b> {value}", at, y, xshift=8, yshift=place - want)


def _score(value: float) -> str:
    return escape_label(words.probability(float(value)))


def _percent(share: float) -> str:
    return escape_label(words.percent(float(share)))


def _then_and_now_alt(frame: pd.DataFrame, name: str, runs: str) -> str:
    if frame.empty:
        return f"{name}: no users."
    moved = (frame["now"] - frame["before"]).abs().to_numpy(float).argmax()
    row = frame.iloc[int(moved)]
    before, now = words.percent(float(row["before"])), words.percent(float(row["now"]))
    return f"{name} in {len(frame)} bins; the largest change, {row['bin']}: {before} trained on, {now} in {runs}."
