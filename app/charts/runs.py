"""Figures over runs and over models."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, LINE, PALETTE, Palette, Theme, base, escape_label, note, spread, titled
from core.policy.bands import BANDS, Band

HEIGHT: Final = 240
TOP: Final = 8
BOTTOM: Final = 24


def band_shares(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """The share of each band above `allow`, run by run.

    frame: when (time of the run; shown as given, so convert zones before), band, share (0 to 1). Rows of `allow`
    are left out: their line would flatten the others. One run shows as points. With a column `run`, each point carries
    the run and the band, for clicks.
    """
    frame = frame.loc[frame["band"] != BANDS[0]].sort_values("when", kind="stable")
    when = pd.DatetimeIndex(pd.to_datetime(frame["when"])).tz_localize(None)
    frame = frame.assign(when=when)
    runs = pd.DatetimeIndex(when.unique())
    figure = go.Figure()
    bands = [band for band in BANDS if band in set(frame["band"])]
    for band in bands:
        _band_line(figure, frame.loc[frame["band"] == band], band, single=len(runs) == 1, colour=PALETTE[theme])
    figure = base(figure, theme=theme, height=HEIGHT, right=138, bottom=BOTTOM, top=TOP)
    top = 1.08 * (float(frame["share"].max()) if frame["share"].notna().any() else 0.0) or 0.01
    figure.update_yaxes(range=[0, top], nticks=5, tickformat=".1%" if top > 0.004 else ".2%")
    dates(figure, runs)
    _line_ends(figure, frame, bands, top)
    number = "no runs" if runs.empty else "1 run" if len(runs) == 1 else f"last {len(runs)} runs"
    sub = f"share of scored users above allow, {number}"
    return titled(figure, "Bands of each run", sub, _share_alt(frame, bands, runs))


def reliability(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """Whether predicted probabilities come true: a dot on the dotted line means they do.

    frame: predicted (mean of the group, 0 to 1), observed (share of spammers), low, high (95 % interval), n (users);
    groups without users are left out.
    """
    frame = frame.loc[frame["n"].fillna(0) > 0].sort_values("predicted")
    colour = PALETTE[theme]
    x, y, low, high = (frame[name].to_numpy(float) for name in ("predicted", "observed", "low", "high"))
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", line={"color": colour["muted"], "width": 1, "dash": DOTTED}
    )
    figure.add_scatter(
        x=x, y=y, mode="markers", marker={"size": 7, "color": colour["ink"]}, cliponaxis=False, hoverinfo="text",
        error_y={"type": "data", "symmetric": False, "array": high - y, "arrayminus": y - low, "width": 0,
                 "thickness": 2, "color": colour["ink"]},
        hovertext=[
            f"predicted {escape_label(words.probability(p))}<br>observed {words.interval(o, a, b)}"
            f"<br>{words.count(n)} users"
            for p, o, a, b, n in zip(x, y, low, high, frame["n"], strict=True)
        ],
    )  # fmt: skip
    figure = base(figure, theme=theme, height=HEIGHT, bottom=40)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    figure.update_xaxes(range=[0, 1], tickvals=ticks, tickformat=".2f", title_text="predicted probability")
    figure.update_yaxes(range=[0, 1], tickvals=ticks, tickformat=".2f")
    users = words.count(float(frame["n"].sum()))
    sub = f"share of spammers among users of like score, 95{words.NARROW}% interval, n = {users}"
    return titled(figure, "Predicted and observed", sub, _reliability_alt(frame, users))


def _band_line(figure: go.Figure, rows: pd.DataFrame, band: Band, *, single: bool, colour: Palette) -> None:
    shares = rows["share"].to_numpy(float)
    hover = [
        f"{words.moment(at)}<br>{words.WORD[band]} {escape_label(words.percent(share, 2))}"
        for at, share in zip(rows["when"], shares, strict=True)
    ]
    line = {"color": colour[band], "width": 2}
    common: dict[str, Any] = {"hovertext": hover, "hoverinfo": "text", "name": band, "cliponaxis": False}
    if "run" in rows:
        common["customdata"] = [[run, band] for run in rows["run"]]
    if not single:
        dots = {"mode": "lines+markers", "marker": {"size": 5, "color": colour[band]}} if "run" in rows else {}
        figure.add_scatter(x=rows["when"], y=shares, line=line, **{"mode": "lines", **dots}, **common)
    last = {name: value[-1:] if isinstance(value, list) else value for name, value in common.items()}
    marker = {"symbol": words.SYMBOL[band], "size": 9, "color": colour[band]}
    figure.add_scatter(x=rows["when"][-1:], y=shares[-1:], mode="markers", marker=marker, **last)


def dates(figure: go.Figure, runs: pd.DatetimeIndex) -> None:
    """Ticks at some of the runs' own times, the last among them; the clock when all are of one day."""
    if runs.empty:
        figure.update_xaxes(showticklabels=False, ticks="")
        return
    span = runs[-1] - runs[0]
    days = len(set(runs.date)) == len(runs)
    one_day = runs[0].date() == runs[-1].date()
    apart = span * (0.2 if days or one_day else 0.33)
    picked: list[pd.Timestamp] = []
    for at in runs[::-1]:
        if not picked or picked[-1] - at >= apart:
            picked.append(at)
    start = runs[0] if len(runs) > 1 else runs[0] - pd.Timedelta(days=1)
    text = [words.day(at) if days else f"{at:%H:%M}" if one_day else words.moment(at) for at in picked]
    figure.update_xaxes(tickvals=picked, ticktext=text, range=[start, runs[-1]], tickangle=0)


def _line_ends(figure: go.Figure, frame: pd.DataFrame, bands: list[Band], top: float) -> None:
    """Word and number at each line's end, moved apart where they would touch."""
    lasts = {band: frame.loc[frame["band"] == band].iloc[-1] for band in bands}
    plot = HEIGHT - TOP - BOTTOM
    known = [band for band in bands if not np.isnan(lasts[band]["share"])]
    wanted = [float(lasts[band]["share"]) / top * plot for band in known]
    for band, want, place in zip(known, wanted, spread(wanted, LINE, 0, plot), strict=True):
        text = f"<b>{words.WORD[band]}</b> {escape_label(words.percent(lasts[band]['share'], 2))}"
        note(figure, text, lasts[band]["when"], lasts[band]["share"], xshift=8, yshift=place - want)


def _share_alt(frame: pd.DataFrame, bands: list[Band], runs: pd.DatetimeIndex) -> str:
    if runs.empty:
        return "No runs."
    ends = []
    for band in bands:
        shares = frame.loc[frame["band"] == band, "share"].to_numpy(float)
        since = f", from {words.percent(shares[0], 2)}" if len(shares) > 1 else ""
        ends.append(f"{words.WORD[band]} {words.percent(shares[-1], 2)}{since}")
    number = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"Share of each band above allow, of {number} until {words.day(runs[-1])}: {'; '.join(ends)}."


def _reliability_alt(frame: pd.DataFrame, users: str) -> str:
    if frame.empty:
        return "Calibration: no users."
    low, high, x, y = (frame[name].to_numpy(float) for name in ("low", "high", "predicted", "observed"))
    inside, worst = int(((low <= x) & (x <= high)).sum()), int(np.abs(y - x).argmax())
    return (
        f"Calibration of {users} users: the interval holds the prediction in {inside} of {len(frame)} groups; "
        f"farthest off, {words.decimal(x[worst])} predicted, {words.decimal(y[worst])} observed."
    )
