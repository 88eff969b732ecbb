"""Figures of groups against each other: segments of one dataset, and features of two."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, LINE, PALETTE, Palette, Theme, base, escape_label, note, titled
from app.charts.parts import NAME, SMALL, Numbers, cut, dots, nothing, percents, rate_top, rate_words

#: Features drawn, of those that shift most.
MOST: Final = 15
#: Above this PSI a feature counts as shifted: a rule of thumb, no test.
SHIFTED: Final = 0.2
ROW: Final = 28  # px a row
RATE: Final = 62  # px from the axes to the right end of a rate
BESIDE: Final = 170  # px from the axes to the right end of n = 1,234,567; "too few to judge" fits in wide fonts too
VALUE: Final = 24  # characters of a value or a feature beside its row


def segments(frame: pd.DataFrame, column: str, *, overall: float, theme: Theme) -> go.Figure:
    """The spam rate of each value of a context column, in the order given; without labels, how many users have it.

    frame: value, n, spammers (users), rate, low, high (0 to 1, 95 % interval; NaN when not known), small (too few
    users to judge). overall: the rate of all users, NaN without labels.
    """
    colour, names = PALETTE[theme], [_name(value) for value in frame["value"]]
    if names and math.isnan(overall):
        return _sizes(frame["n"].to_numpy(float), names, column, theme=theme)
    n, rate, low, high = (frame[name].to_numpy(float) for name in ("n", "rate", "low", "high"))
    small = frame["small"].to_numpy(bool)
    at = list(range(len(names)))
    figure = go.Figure(
        go.Scatter(
            x=rate, y=at, mode="markers", name="rate", cliponaxis=False, hoverinfo="text", marker=dots(small, colour),
            error_x={"type": "data", "symmetric": False, "array": high - rate, "arrayminus": rate - low, "width": 0,
                     "thickness": 1.5, "color": colour["ink"]},
            hovertext=_segment_hover(frame, column, names),
        )
    )  # fmt: skip
    figure = base(
        figure, theme=theme, height=ROW * max(len(names), 2) + LINE + 34, right=BESIDE, top=LINE + 8, bottom=26
    )
    _rows(figure, names, theme=theme)
    top = rate_top(np.where(small, 0, np.maximum(n, SMALL)), rate, high, overall)
    figure.update_xaxes(range=[0, top], nticks=5, tickformat=percents(top), tickangle=0)
    _segment_figures(figure, n, rate, small, colour)
    if not names:
        nothing(figure, "no users", theme=theme)
    elif not math.isnan(overall):
        _all_users(figure, overall, top, colour)
    how = [f"with 95{words.NARROW}% interval"] if np.isfinite(rate).any() else []
    how += ["hollow: too few to judge"] if small.any() and how else []
    sub = "; ".join([*how, f"n = {words.count(float(np.nansum(n)))}"])
    return titled(figure, f"Spam rate by {column}", sub, _segments_alt(frame, column, names, overall))


def _sizes(n: Numbers, names: list[str], column: str, *, theme: Theme) -> go.Figure:
    colour, users = PALETTE[theme], words.count(float(n.sum()))
    said = [f"{words.count(each)} users" for each in n]
    figure = go.Figure(
        go.Bar(
            x=n, y=list(range(len(names))), orientation="h", width=0.5, name="users", hoverinfo="text",
            marker={"color": colour["population"], "line_width": 0},
            hovertext=[f"{escape_label(name)}: {each}" for name, each in zip(names, said, strict=True)],
        )
    )  # fmt: skip
    height = ROW * max(len(names), 2) + LINE + 34
    figure = base(figure, theme=theme, height=height, right=RATE, top=LINE + 8, bottom=26)
    _rows(figure, names, theme=theme)
    figure.update_xaxes(rangemode="tozero", nticks=5, tickangle=0)
    for row, each in enumerate(n):
        note(figure, words.count(each), 1, row, xref="x domain", xanchor="right", xshift=RATE)
    alt = f"Users by {column}: {', '.join(f'{name} {each}' for name, each in zip(names, said, strict=True))}."
    return titled(figure, f"Users by {column}", f"no labels, so no spam rate; n = {users}", alt)


def shifts(frame: pd.DataFrame, *, a: str, b: str, theme: Theme) -> go.Figure:
    """What differs most between two datasets, among what the model uses.

    frame: a row a feature: psi (population stability index), effect (effect size), use (mean size of the push),
    weighted (what is ranked); NaN when not known. Where the weights change nothing (weighted is psi), the usual
    limit of `SHIFTED` is drawn. a, b: names of the datasets.
    """
    known = frame.loc[frame["weighted"].notna()]
    rows = known.iloc[np.argsort(-known["weighted"].to_numpy(float), kind="stable")[:MOST]]
    names, weighted = [_name(value) for value in rows["feature"]], rows["weighted"].to_numpy(float)
    colour = PALETTE[theme]
    figure = go.Figure(
        go.Bar(
            x=weighted, y=list(range(len(names))), orientation="h", width=0.5, hoverinfo="text", name="weighted",
            marker={"color": colour["population"], "line_width": 0}, hovertext=_shift_hover(rows, names),
        )
    )  # fmt: skip
    figure = base(figure, theme=theme, height=ROW * max(len(names), 2) + LINE + 34, right=sum(COLUMNS.values()) + 8,
         top=LINE + 8, bottom=26)  # fmt: skip
    _rows(figure, names, theme=theme)
    top = 1.05 * float(weighted.max(initial=0.0)) or 0.01
    figure.update_xaxes(range=[0, top], nticks=5, tickangle=0)
    plain = np.allclose(weighted, rows["psi"].to_numpy(float))
    if not names:
        nothing(figure, "no features to compare", theme=theme)
    else:
        _columns(figure, rows, colour)
        if plain and top >= SHIFTED:
            _dotted(figure, SHIFTED, colour)
    of = "" if len(names) == len(frame) else f"{len(names)} of "
    what = "population stability index" if plain else "weighted by the model's use"
    sub = f"{what}; {of}{len(frame)} feature{'' if len(frame) == 1 else 's'}; bold: PSI above {SHIFTED:g}"
    return titled(figure, f"Shift from {a} to {b}", sub, _shifts_alt(rows, names, a, b))


#: The figures at the right of a bar, each in so many px.
COLUMNS: Final = {"psi": 50, "effect": 54, "use": 46}
_HEAD: Final = {"psi": "PSI", "effect": "effect", "use": "use"}


def _name(value: str | float | None) -> str:
    return words.MISSING if pd.isna(value) else words.legible(str(value))


def _rows(figure: go.Figure, names: list[str], *, theme: Theme) -> None:
    figure.update_yaxes(
        range=[max(len(names), 1) - 0.5, -0.5], tickvals=list(range(len(names))), showgrid=False,
        ticktext=[escape_label(cut(name, VALUE)) for name in names],
        tickfont={"size": 12, "color": PALETTE[theme]["ink"]},
    )  # fmt: skip


def _dotted(figure: go.Figure, x: float, colour: Palette) -> None:
    line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
    figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="y domain", line=line, layer="below")


def _all_users(figure: go.Figure, overall: float, top: float, colour: Palette) -> None:
    _dotted(figure, overall, colour)
    side = "left" if overall < 0.6 * top else "right"
    note(
        figure, f"all users {escape_label(words.percent(overall, 2))}", overall, 1, yref="y domain", xanchor=side,
        yanchor="bottom", yshift=2, font={"color": colour["muted"]},
    )  # fmt: skip


def _segment_figures(
    figure: go.Figure, n: Numbers, rate: Numbers, small: npt.NDArray[np.bool_], colour: Palette
) -> None:
    """Rate and users at the right, right-aligned; in their place, that a group is too small."""
    for row, (users, share, few) in enumerate(zip(n, rate, small, strict=True)):
        place = {"xref": "x domain", "xanchor": "right"}
        if few:
            note(figure, f"n = {words.count(users)}, too few to judge", 1, row, xshift=BESIDE, **place, **_grey(colour))
            continue
        note(figure, escape_label(words.percent(share, 2)), 1, row, xshift=RATE, **place)
        note(figure, f"n = {words.count(users)}", 1, row, xshift=BESIDE, **place)


def _segment_hover(frame: pd.DataFrame, column: str, names: list[str]) -> list[str]:
    start = escape_label(column, NAME)
    figures = (frame[name].to_numpy(float) for name in ("rate", "low", "high", "spammers", "n"))
    return [
        f"{start}: {escape_label(name)}<br>{rate_words(rate, low, high)}"
        f"<br>{words.count(spammers)} of {words.count(n)} users"
        for name, rate, low, high, spammers, n in zip(names, *figures, strict=True)
    ]


def _segments_alt(frame: pd.DataFrame, column: str, names: list[str], overall: float) -> str:
    users = f"{words.count(float(frame['n'].sum()))} users in {len(names)} group{'' if len(names) == 1 else 's'}"
    rate = frame["rate"].where(~frame["small"].astype(bool)).to_numpy(float)
    if not np.isfinite(rate).any():
        return f"Spam rate by {column}: no group is large enough to judge; {users}."
    ends = [(word, int(pick(rate))) for word, pick in (("highest", np.nanargmax), ("lowest", np.nanargmin))]
    said = ", ".join(f"{word} {words.percent(rate[i], 2)} of {names[i]}" for word, i in ends)
    few = int(frame["small"].sum())
    rest = f"; {few} too small to judge" if few else ""
    return f"Spam rate by {column}, {users}: {said}; all users {words.percent(overall, 2)}{rest}."


def _columns(figure: go.Figure, rows: pd.DataFrame, colour: Palette) -> None:
    """The figures at the right, right-aligned under their heads; bold where the feature counts as shifted."""
    end = 0
    for name, width in COLUMNS.items():
        end += width
        place = {"xref": "x domain", "xanchor": "right", "xshift": end}
        note(figure, _HEAD[name], 1, 1, yref="y domain", yanchor="bottom", yshift=2, **place, **_grey(colour))
        for row, value in enumerate(rows[name].to_numpy(float)):
            text = words.signed(value) if name == "effect" else words.decimal(value, 2 if name == "use" else 3)
            bold = name == "psi" and value > SHIFTED
            note(figure, f"<b>{text}</b>" if bold else text, 1, row, **place)


def _grey(colour: Palette) -> dict[str, object]:
    return {"font": {"color": colour["muted"]}}


def _shift_hover(rows: pd.DataFrame, names: list[str]) -> list[str]:
    figures = (rows[name].to_numpy(float) for name in ("weighted", "psi", "effect", "use"))
    return [
        f"{escape_label(name)}<br>weighted shift {words.decimal(weighted)}<br>PSI {words.decimal(psi)}"
        f"<br>effect {words.signed(effect)}<br>use by the model {words.decimal(use)}"
        for name, weighted, psi, effect, use in zip(names, *figures, strict=True)
    ]


def _shifts_alt(rows: pd.DataFrame, names: list[str], a: str, b: str) -> str:
    start = f"Shift from {a} to {b}"
    if not names:
        return f"{start}: 0 features to compare."
    psi: Numbers = rows["psi"].to_numpy(float)
    largest = [f"{name} (PSI {words.decimal(value)})" for name, value in list(zip(names, psi, strict=True))[:3]]
    above = int((psi > SHIFTED).sum())
    rest = f"{above} of {len(names)} have a PSI above {SHIFTED:g}"
    return f"{start}, largest first: {', '.join(largest)}; {rest}."
