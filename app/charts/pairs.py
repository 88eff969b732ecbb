"""Figures about two features at a time: where users stand on both, and which features go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import LINE, PALETTE, SEQUENTIAL, Theme, base, escape_label, note, titled
from app.charts.parts import HALF, NAME, SMALL, Numbers, bin_axis, cut, nothing, rate_words, thinned, width_of

#: Heat maps with two ends, from -1 (grey) over the page to 1 (accent).
DIVERGING: Final[dict[Theme, tuple[str, ...]]] = {
    "light": ("#4A535F", "#6B7480", "#8B94A1", "#B3BAC4", "#E1E4E9",
              "#E4E3F7", "#BFBDEE", "#8F8AE0", "#635BD3", "#4338CA"),
    "dark": ("#B4BCC7", "#949DAA", "#757E8B", "#525B66", "#2A3038",
             "#2B2A4A", "#423F85", "#5A54B5", "#7069DB", "#8B85FF"),
}  # fmt: skip
#: Up to this many bins or features a side, each cell says its number.
WRITTEN: Final = 12
Shown = Literal["density", "spam rate"]


@dataclass(frozen=True, slots=True)
class Bins:
    """A feature and the labels of its bins, in order."""

    feature: str
    labels: Sequence[str]


def joint(counts: npt.ArrayLike, rates: npt.ArrayLike, x: Bins, y: Bins, *, show: Shown, theme: Theme) -> go.Figure:
    """Where users stand on two features, or how often they are spammers there.

    counts: users, (bins of y, bins of x). rates: share of spammers in each cell, same shape, NaN when not known.
    Density leaves cells without users empty, the spam rate those of fewer than `SMALL` users.
    """
    shape = (len(y.labels), len(x.labels))
    users, share = (np.asarray(given, float).reshape(shape) for given in (counts, rates))
    seen = (users > 0) if show == "density" else (users >= SMALL) & np.isfinite(share)
    tint = np.where(seen, np.log10(np.maximum(users, 1)) if show == "density" else share, np.nan)
    written = max(shape) <= WRITTEN
    # Without numbers the tint is all there is, so it goes on to the accent itself.
    tints = SEQUENTIAL[theme] if written else (*SEQUENTIAL[theme][::3], PALETTE[theme]["accent"])
    figure = go.Figure(
        go.Heatmap(
            z=tint.astype(np.float32), xgap=2, ygap=2, showscale=False, zmin=0, hoverinfo="text",
            zmax=float(np.nanmax(tint, initial=0.0)) or 1.0, colorscale=_scale(tints),
            hovertext=_joint_hover(users, share, x, y),
        )
    )  # fmt: skip
    if written:
        numbers = [[_in_cell(users[i, j], share[i, j], show) if seen[i, j] else "" for j in range(shape[1])]
                   for i in range(shape[0])]  # fmt: skip
        _write(figure, numbers, theme=theme)
    figure = base(figure, theme=theme, height=max(26 * min(shape[0], WRITTEN) + 74, 300), top=LINE + 10)
    _bin_axes(figure, x, y)
    if seen.any():
        _axis_names(figure, x, y, theme=theme)
    else:
        nothing(figure, _why_empty(users, share), theme=theme)
    what = (
        f"users in each cell, tint by log count, n = {words.count(users.sum())}"
        if show == "density"
        else f"spam rate in %; cells of fewer than {SMALL} users are empty, n = {words.count(users.sum())}"
    )
    return titled(figure, f"{x.feature} and {y.feature}", what, _joint_alt(users, share, x, y, seen, show))


def correlations(matrix: pd.DataFrame, *, method: str, theme: Theme) -> go.Figure:
    """Which features go together.

    matrix: square, features as index and as columns in the same order (neighbours should be alike), -1 to 1, NaN
    when not known. method: the name of the coefficient. All rows are named, columns as many as fit.
    """
    names = [words.legible(str(name)) for name in matrix.columns]
    r = matrix.to_numpy(float, copy=True)
    np.fill_diagonal(r, np.nan)  # a feature with itself says nothing
    written = len(names) <= WRITTEN
    tints = DIVERGING[theme][3:7] if written else DIVERGING[theme]  # those on which numbers can be read
    figure = go.Figure(
        go.Heatmap(
            z=r.astype(np.float32), zmin=-1, zmax=1, showscale=False, xgap=1, ygap=1, hoverinfo="text",
            colorscale=_scale(tints), hovertext=_pair_hover(names, r),
        )
    )  # fmt: skip
    if written:
        _write(
            figure, [["" if np.isnan(value) else words.decimal(value, 2) for value in row] for row in r], theme=theme
        )
    figure = _name_axes(figure, names, theme=theme)
    if not names:
        nothing(figure, "no features", theme=theme)
    sub = f"{method.capitalize()} coefficient, like features side by side; indigo: rise together, grey: opposed"
    return titled(figure, "Correlations", sub, _correlation_alt(names, r, method))


ROW: Final = 15  # px a row of a large matrix: 11 px text and a little air
LARGE_ROW: Final = 30  # px a row where the cells hold numbers
UPRIGHT: Final = 7  # characters of the longest name up to which columns are named without turning the text
ROOM: Final = 450  # px across a matrix and its names in half of a page
TURNED: Final = 20  # characters of a turned name
BESIDE: Final = 28  # characters of a name beside its row


def _scale(tints: Sequence[str]) -> list[list[object]]:
    return [[i / (len(tints) - 1), tint] for i, tint in enumerate(tints)]


def _write(figure: go.Figure, numbers: list[list[str]], *, theme: Theme) -> None:
    font = {"size": 11, "color": PALETTE[theme]["ink"]}
    figure.update_traces(text=numbers, texttemplate="%{text}", textfont=font)


def _in_cell(users: float, share: float, show: Shown) -> str:
    """As short as a narrow cell needs: 9,999 then 12k; a rate in % without its sign."""
    if show == "spam rate":
        return f"{100 * share:.1f}" if share < 0.9995 else "100"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if users >= max(size, 1e4):
            return f"{users / size:.0f}{letter}" if users >= 10 * size else f"{users / size:.1f}{letter}"
    return words.count(users)


def _joint_hover(users: Numbers, share: Numbers, x: Bins, y: Bins) -> list[list[str]]:
    across, upwards = escape_label(x.feature, NAME), escape_label(y.feature, NAME)
    return [
        [
            f"{across}: {escape_label(str(column))}<br>{upwards}: {escape_label(str(row))}"
            f"<br>{_cell_words(users[i, j], share[i, j])}"
            for j, column in enumerate(x.labels)
        ]
        for i, row in enumerate(y.labels)
    ]


def _cell_words(users: float, share: float) -> str:
    if users < SMALL:
        return "no users" if users == 0 else f"n = {words.count(users)}, too few to judge"
    rate = "" if np.isnan(share) else f"<br>spam rate {rate_words(share, np.nan, np.nan)}"
    return f"{words.count(users)} users{rate}"


def _bin_axes(figure: go.Figure, x: Bins, y: Bins) -> None:
    upwards = [cut(words.legible(str(label))) for label in y.labels]
    beside = max((width_of(label) for label in upwards), default=0)
    bin_axis(figure, [words.legible(str(label)) for label in x.labels], room=max(HALF - max(beside - 40, 0), 100))
    step = -(-len(upwards) // WRITTEN) or 1
    rows = range(0, len(upwards), step)
    figure.update_xaxes(showline=False, ticks="")
    figure.update_yaxes(
        range=[-0.5, max(len(upwards), 1) - 0.5], tickvals=list(rows), showgrid=False, ticks="",
        ticktext=[escape_label(upwards[i]) for i in rows],
    )  # fmt: skip


def _axis_names(figure: go.Figure, x: Bins, y: Bins, *, theme: Theme) -> None:
    """Below the axis across; over the axis upwards, since nobody reads turned text."""
    figure.update_xaxes(title_text=escape_label(x.feature, NAME))
    grey = {"color": PALETTE[theme]["muted"]}
    note(
        figure,
        f"↑ {escape_label(y.feature, NAME)}",
        0,
        1,
        xref="paper",
        yref="paper",
        yanchor="bottom",
        yshift=4,
        font=grey,
    )


def _why_empty(users: Numbers, share: Numbers) -> str:
    if not users.sum():
        return "no users"
    return "no labels" if np.isnan(share).all() else f"fewer than {SMALL} users in every cell"


def _joint_alt(users: Numbers, share: Numbers, x: Bins, y: Bins, seen: npt.NDArray[np.bool_], show: Shown) -> str:
    start = f"{x.feature} and {y.feature}, {words.count(users.sum())} users"
    if not seen.any():
        return f"{start}: {_why_empty(users, share)}."
    i, j = divmod(int(np.where(seen, users if show == "density" else share, -1).argmax()), users.shape[1])
    where = f"at {x.feature} {x.labels[j]} and {y.feature} {y.labels[i]}"
    count = f"{words.count(users[i, j])} users"
    if show == "density":
        return f"{start}: most, {count}, {where}."
    return f"{start}: highest spam rate {words.percent(share[i, j], 1)} {where}, {count}."


def _pair_hover(names: list[str], r: Numbers) -> list[list[str]]:
    safe = [escape_label(name, NAME) for name in names]
    return [
        [
            row if i == j else f"{row} and {column}<br>r = {words.decimal(float(r[i, j]), 2)}"
            for j, column in enumerate(safe)
        ]
        for i, row in enumerate(safe)
    ]


def _name_axes(figure: go.Figure, names: list[str], *, theme: Theme) -> go.Figure:
    """Every row has its name; of the columns, over the matrix, as many as do not touch, turned when long."""
    turned = max((len(name) for name in names), default=0) > UPRIGHT
    short, beside = [cut(name, TURNED) for name in names], [cut(name, BESIDE) for name in names]
    room = max(ROOM - max((width_of(name) for name in beside), default=0), 200)
    step = -(-ROW * len(names) // int(room)) if turned else 1
    columns = [*range(0, len(names), max(step, 1))] if turned else thinned(short, room, gap=6)
    top = round(max((width_of(name) for name in short), default=0)) + 10 if turned else LINE + 8
    row = LARGE_ROW if len(names) <= WRITTEN else ROW
    figure = base(figure, theme=theme, height=max(row * len(names), 120) + top + 6, top=top, bottom=6)
    tick = {"size": 11, "color": PALETTE[theme]["ink"]}
    figure.update_xaxes(
        side="top", range=[-0.5, max(len(names), 1) - 0.5], tickvals=columns, showline=False, ticks="",
        ticktext=[escape_label(short[i]) for i in columns], tickangle=-90 if turned else 0, tickfont=tick,
    )  # fmt: skip
    figure.update_yaxes(
        range=[max(len(names), 1) - 0.5, -0.5], tickvals=list(range(len(names))), showgrid=False, ticks="",
        tickfont=tick, ticktext=[escape_label(name) for name in beside],
    )  # fmt: skip
    return figure


def _correlation_alt(names: list[str], r: Numbers, method: str) -> str:
    rows, columns = np.triu_indices(len(names), 1)
    known = ~np.isnan(r[rows, columns])
    rows, columns = rows[known], columns[known]
    strongest = np.argsort(-np.abs(r[rows, columns]), kind="stable")[:3]
    pairs = [
        f"{names[rows[k]]} and {names[columns[k]]} {words.decimal(float(r[rows[k], columns[k]]), 2)}" for k in strongest
    ]
    start = f"{method.capitalize()} correlations of {len(names)} feature{'' if len(names) == 1 else 's'}"
    return f"{start}; strongest: {', '.join(pairs)}." if pairs else f"{start}: none is known."
