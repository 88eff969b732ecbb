"""Figures about one feature: how its values lie, how often they are spam, and how the model uses them."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, LINE, PALETTE, Palette, Theme, base, escape_label, note, titled
from app.charts.parts import (
    HALF,
    NAME,
    SMALL,
    Numbers,
    bin_axis,
    cut,
    dots,
    nothing,
    percent,
    percents,
    ranks,
    rate_top,
    rate_words,
    width_of,
)

#: A log axis of counts starts a little under 1, so that a bin of one user is seen.
FLOOR: Final = math.log10(0.7)
#: How far whole values are moved aside, so that users of the same value do not hide each other.
JITTER: Final = 0.36


def distribution(frame: pd.DataFrame, feature: str, *, log: bool, theme: Theme) -> go.Figure:
    """How the values of a feature lie in each group of users.

    frame: a row a bin, in order: label (text), legitimate (share of the legitimate users, 0 to 1) or, without
    labels, everyone; spammer (share of the spammers) where there are any. log: shares on a log scale.
    """
    ground = "legitimate" if "legitimate" in frame else "everyone"
    labels, colour = _texts(frame["label"]), PALETTE[theme]
    shares = {name: frame[name].to_numpy(float) for name in (ground, "spammer") if name in frame}
    at = np.arange(len(labels))
    hover = [
        f"{escape_label(feature, NAME)}: {escape_label(label)}"
        + "".join(f"<br>{_GROUP[name]} {percent(values[i], 2)}" for name, values in shares.items())
        for i, label in enumerate(labels)
    ]
    figure = go.Figure()
    common = {"x": at, "hovertext": hover, "hoverinfo": "text"}
    figure.add_bar(
        y=_drawn(shares[ground], log=log),
        marker={"color": colour["population"], "line_width": 0},
        name=ground,
        **common,
    )
    if "spammer" in shares:
        figure.add_scatter(
            y=_drawn(shares["spammer"], log=log), mode="lines+markers", line={"color": colour["ink"], "width": 2},
            marker={"size": 6, "color": colour["ink"]}, name="spammer", cliponaxis=False, **common,
        )  # fmt: skip
    figure = base(figure, theme=theme, height=220, left=LEFT, right=_right(labels), bottom=BOTTOM)
    _share_axis(figure, np.concatenate(list(shares.values())), log=log)
    bin_axis(figure, labels)
    if not labels:
        nothing(figure, "no users", theme=theme)
    who = "grey bars: legitimate, line: spammers" if ground == "legitimate" else "all users, no labels"
    scale = ", log scale" if log else ""
    sub = f"share of {'each group' if ground == 'legitimate' else 'users'} in each bin{scale}; {who}"
    return titled(figure, f"Distribution of {feature}", sub, _distribution_alt(feature, labels, shares))


def spam_rate(frame: pd.DataFrame, feature: str, *, overall: float, theme: Theme) -> go.Figure:
    """The spam rate of each bin over its number of users.

    frame: a row a bin, in order: label (text), n, spammers (users), rate, low95, high95 (0 to 1; NaN when not
    known). overall: the rate of all users, NaN without labels. Bins of fewer than `SMALL` users are hollow, and
    their intervals may run off the axis.
    """
    labels, colour = _texts(frame["label"]), PALETTE[theme]
    n, rate, low, high = (frame[name].to_numpy(float) for name in ("n", "rate", "low95", "high95"))
    hover = [
        f"{escape_label(feature, NAME)}: {escape_label(label)}<br>{rate_words(rate[i], low[i], high[i])}"
        f"<br>{words.count(frame['spammers'].iloc[i])} of {words.count(n[i])} users"
        for i, label in enumerate(labels)
    ]
    figure = go.Figure()
    at = np.arange(len(labels))
    figure.add_scatter(
        x=at, y=rate, mode="markers", name="rate", cliponaxis=False, hovertext=hover, hoverinfo="text",
        marker=dots(n < SMALL, colour), error_y=_whiskers(rate, low, high, colour),
    )  # fmt: skip
    figure.add_bar(
        x=at, y=n, yaxis="y2", name="users", hovertext=hover, hoverinfo="text",
        marker={"color": colour["population"], "line_width": 0},
    )  # fmt: skip
    figure.update_layout(yaxis={"domain": [STRIP + 0.1, 1]}, yaxis2={"domain": [0, STRIP]}, xaxis={"anchor": "y2"})
    figure = base(figure, theme=theme, height=RATES, left=LEFT, right=_right(labels), bottom=BOTTOM)
    bin_axis(figure, labels)
    _users_axis(figure, n)
    known, top = bool(np.isfinite(rate).any()), rate_top(n, rate, high, overall)
    figure.update_layout(yaxis={"range": [0, top], "nticks": 5, "tickformat": percents(top)})
    users = f"bars: users, log scale; n = {words.count(float(np.nansum(n)))}"
    parts = [f"with 95{words.NARROW}% Wilson interval", users] if known else [users]
    if not labels:
        nothing(figure, "no users", theme=theme)
    elif not known:
        figure.update_layout(yaxis={"showticklabels": False, "showgrid": False})
        nothing(figure, "no labels", theme=theme, yref="y domain")
    elif not math.isnan(overall) and not _all_users(figure, frame, overall, top, colour):
        parts.append(f"dotted: all users {words.percent(overall, 2)}")
    sub = "; ".join(parts)
    return titled(figure, f"Spam rate by {feature}", sub, _rate_alt(frame, feature, labels, overall))


def dependence(  # noqa: PLR0913 - two features, and what is not drawn of them
    value: npt.ArrayLike, push: npt.ArrayLike, feature: str, *, by: tuple[str, npt.ArrayLike] | None = None,
    beyond: int, sample: int, version: str, theme: Theme,
) -> go.Figure:  # fmt: skip
    """How the model uses a feature: a dot a user, its value across, its push (log-odds, exact SHAP) upwards.

    value, push: (n,), n up to some 1,500; users without a value are counted in the grey line and not drawn.
    by: the name and the values (n,) of another feature, by which dots are coloured: grey is low, the accent high.
    beyond: how many users of the sample were left out because their values lie beyond the axis.
    sample: users looked at, those beyond the axis among them.
    """
    values, pushes, colour = np.asarray(value, float), np.asarray(push, float), PALETTE[theme]
    seen = np.isfinite(values) & np.isfinite(pushes)
    values, pushes, missing = values[seen], pushes[seen], int((~seen).sum())
    beside, told = "", [""] * len(values)
    marker: dict[str, Any] = {"color": colour["accent"]}
    if by is not None:
        other, shade = escape_label(by[0], NAME), np.asarray(by[1], float)[seen]
        beside = f"colour: {by[0]}, grey low, accent high"
        marker = {"color": ranks(shade).astype(np.float32), "cmin": 0, "cmax": 1,
                  "colorscale": [[0, colour["population"]], [1, colour["accent"]]]}  # fmt: skip
        told = [f"<br>{other} = {words.MISSING if np.isnan(at) else _value(at)}" for at in shade]
    name = escape_label(feature, NAME)
    figure = go.Figure(
        go.Scatter(
            x=_aside(values).astype(np.float32), y=pushes.astype(np.float32), mode="markers", name="contribution",
            marker={"size": 5, "opacity": 0.55 if by is None else 0.8, **marker}, hoverinfo="text",
            hovertext=[
                f"{name} = {_value(at)}<br>contribution {words.signed(up)}{more}"
                for at, up, more in zip(values, pushes, told, strict=True)
            ],
        )
    )  # fmt: skip
    figure = base(
        figure, theme=theme, height=220, left=LEFT, right=_right([_value(values.max(initial=0.0))]), bottom=BOTTOM
    )
    _value_axis(figure, values)
    low, high = float(pushes.min(initial=0.0)), float(pushes.max(initial=0.0))
    room = 0.08 * (high - low) or 1.0
    figure.update_yaxes(
        range=[low - room, high + room], nticks=6, zeroline=True, zerolinecolor=colour["muted"], zerolinewidth=1
    )
    if not len(values):
        nothing(figure, f"no users with a value of {name}" if missing else "no users", theme=theme)
    left_out = [f"{words.count(beyond)} beyond the axis"] if beyond else []
    left_out += [f"{words.count(missing)} {words.MISSING}, not drawn"] if missing else []
    drawn = f"{words.count(len(values))} of " if len(values) + beyond + missing < sample else ""
    sub = "; ".join(
        [
            f"contribution to the score in log-odds, {drawn}{words.count(sample)} users",
            *filter(None, [beside]),
            *left_out,
        ]
    )
    alt = _dependence_alt(values, pushes, feature, version)
    return titled(figure, f"How {version} uses {feature}", sub, alt)


#: Px for "100 %" or "10,000" beside the axis, and for a line of ticks below it.
LEFT: Final = 48
BOTTOM: Final = 26
RATES: Final = 250  # px height of the figure of rates
STRIP: Final = 0.2  # of which the volumes take this share
_GROUP: Final = {"legitimate": "legitimate", "everyone": "users", "spammer": "spammers"}


def _right(labels: list[str]) -> int:
    """Px that half of the last label may stand out beyond the axis."""
    return max(14, math.ceil(width_of(cut(labels[-1])) / 2) + 6) if labels else 14


def _texts(column: pd.Series[str]) -> list[str]:
    return [words.legible(str(text)) for text in column]


def _drawn(shares: Numbers, *, log: bool) -> Numbers:
    """On a log axis a share of 0 has no place."""
    return np.where(shares > 0, shares, np.nan) if log else shares


def _share_axis(figure: go.Figure, shares: Numbers, *, log: bool) -> None:
    known = shares[np.isfinite(shares) & (shares > 0)]
    top = float(known.max(initial=0.0)) or 1.0
    if not log:
        figure.update_yaxes(range=[0, 1.06 * top], nticks=6, tickformat=percents(top))
        return
    low = math.floor(math.log10(known.min(initial=top) / 1.5))
    powers = range(low, max(math.floor(math.log10(1.2 * top)), low) + 1)
    ticks = sorted(10.0**power for power in powers[:: -math.ceil(len(powers) / 5)])
    figure.update_yaxes(
        type="log", range=[low, math.log10(1.2 * top)], tickvals=ticks,
        ticktext=[f"{100 * tick:g}{words.NARROW}%" for tick in ticks],
    )  # fmt: skip


def _users_axis(figure: go.Figure, n: Numbers) -> None:
    """The strip of volumes: a log axis with 1 and the highest power of ten."""
    peak = max(math.log10(max(float(np.nanmax(n, initial=1.0)), 1.0)), 1.0)
    figure.update_layout(
        yaxis2={
            "type": "log", "range": [FLOOR, peak], "showgrid": False, "tickvals": [1, 10 ** int(peak)],
            "ticktext": ["1", words.count(10 ** int(peak))],
        }
    )  # fmt: skip


def _whiskers(rate: Numbers, low: Numbers, high: Numbers, colour: Palette) -> dict[str, object]:
    return {
        "type": "data", "symmetric": False, "array": high - rate, "arrayminus": rate - low, "width": 0,
        "thickness": 1.5, "color": colour["ink"],
    }  # fmt: skip


def _all_users(figure: go.Figure, frame: pd.DataFrame, overall: float, top: float, colour: Palette) -> bool:
    """The dotted line of all users, with its words where they meet no dot and no interval, as far right as can be.

    False when there is no such place.
    """
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x domain", y0=overall, y1=overall, layer="below",
        line={"color": colour["muted"], "width": 1, "dash": DOTTED},
    )  # fmt: skip
    text = f"all users {words.percent(overall, 2)}"
    line = (LINE + 5) * top / (RATES * (0.8 - STRIP))
    bins = min(math.ceil((width_of(text) + 8) / HALF * len(frame)), len(frame))
    for bottom in (overall, overall - line):
        for end in range(len(frame), bins - 1, -1):
            if bottom >= 0 and not _met(frame.iloc[end - bins : end], bottom, line):
                note(
                    figure, escape_label(text), end - 0.5, overall, xanchor="right",
                    yanchor="bottom" if bottom == overall else "top", font={"color": colour["muted"]},
                )  # fmt: skip
                return True
    return False


def _met(bins: pd.DataFrame, bottom: float, line: float) -> bool:
    """Whether a line of text over these bins meets a dot or an interval."""
    low, high = (bins[name].fillna(bins["rate"]).to_numpy(float) for name in ("low95", "high95"))
    margin = line / 4  # half a dot
    return bool(((low - margin < bottom + line) & (high + margin > bottom)).any())


def _aside(values: Numbers) -> Numbers:
    """Whole values, moved aside by a sequence that fills the gap evenly (golden ratio): no chance, no clumps."""
    if not len(values) or (values != np.floor(values)).any() or np.ptp(values) > 200:
        return values
    moved: Numbers = values + JITTER * ((np.arange(len(values)) * 0.6180339887498949) % 1 - 0.5)
    return moved


def _value(value: float) -> str:
    """A count in full, anything else with six digits."""
    return words.count(value) if value == math.floor(value) else f"{value:,.6g}".replace("-", words.MINUS)


def _value_axis(figure: go.Figure, values: Numbers) -> None:
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if low > high:
        return
    room = max(0.04 * (high - low), 0.5 if high - low < 1e-9 or (values == np.floor(values)).all() else 0.0)
    whole = (values == np.floor(values)).all() and high - low <= 10
    figure.update_xaxes(range=[low - room, high + room], nticks=8, tickangle=0, dtick=1 if whole else None)


def _distribution_alt(feature: str, labels: list[str], shares: dict[str, Numbers]) -> str:
    if not labels:
        return f"Distribution of {feature}: 0 users."
    parts = []
    for name, values in shares.items():
        if np.isfinite(values).any():
            most = int(np.nanargmax(values))
            parts.append(f"most {_WHO[name]}, {words.percent(values[most], 1)}, at {labels[most]}")
    said = "; ".join(parts) or "no shares are known"
    return f"Distribution of {feature} over {len(labels)} bin{'s' if len(labels) > 1 else ''}: {said}."


_WHO: Final = {"legitimate": "legitimate users", "everyone": "users", "spammer": "spammers"}


def _rate_alt(frame: pd.DataFrame, feature: str, labels: list[str], overall: float) -> str:
    users = f"{words.count(float(frame['n'].sum()))} users in {len(labels)} bin{'' if len(labels) == 1 else 's'}"
    rate = frame["rate"].to_numpy(float)
    if not np.isfinite(rate).any():
        return f"Spam rate by {feature}: not known; {users}."
    ends = [(word, int(pick(rate))) for word, pick in (("lowest", np.nanargmin), ("highest", np.nanargmax))]
    said = [
        f"{word} {words.percent(rate[i], 2)} at {labels[i]} (n = {words.count(frame['n'].iloc[i])})" for word, i in ends
    ]
    return f"Spam rate by {feature}, {users}: {', '.join(said)}; all users {words.percent(overall, 2)}."


def _dependence_alt(values: Numbers, pushes: Numbers, feature: str, version: str) -> str:
    start = f"How {version} uses {feature}"
    if not len(values):
        return f"{start}: 0 users."
    low, high = int(pushes.argmin()), int(pushes.argmax())
    return (
        f"{start}, {words.count(len(values))} users: contributions from {words.signed(float(pushes[low]))} at "
        f"{_value(values[low])} to {words.signed(float(pushes[high]))} at {_value(values[high])} log-odds."
    )
