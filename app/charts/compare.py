"""Two models on the same users: how far they differ, who would be treated differently, who is flagged rightly.

a is grey, as what is there; b has the accent, as what is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import LINE, PALETTE, SEQUENTIAL, Theme, base, escape_label, glyph, note, titled
from app.charts.parts import SHORT_NAME, Numbers, threshold
from core.evaluation.thresholds import Confusion
from core.policy.bands import Band
from core.wording import count as counted

ROW: Final = 34  # px a figure of the differences
FIGURES: Final = (
    194  # px from the axes to the end of "+0.0086 (+0.0067 to +0.0105)", in the wider font of saved pictures too
)
CELL: Final = 52  # px a row of the heat map of bands
COLUMNS: Final = 42  # characters above all columns of a heat map on a telephone


def differences(frame: pd.DataFrame, *, a: str, b: str, theme: Theme) -> go.Figure:
    """b minus a in standard errors, a dot and a 95 % interval a figure; right of 0, b is better.

    frame: figure (its name), value, low, high (b - a; NaN where nothing can be told), sign (-1 where less is better,
    whose axis is turned round), text (the difference in words, at the right).
    """
    colour, rows = PALETTE[theme], list(range(len(frame)))
    value, low, high, sign = (frame[name].to_numpy(float) for name in ("value", "low", "high", "sign"))
    error = (high - low) / (2 * 1.96)
    scale = np.divide(sign, error, where=error > 0, out=np.where(np.isnan(error), np.nan, 0.0))
    at, ends = value * scale, np.sort(np.vstack([low * scale, high * scale]), axis=0)
    shown = [colour["accent" if lower > 0 or upper < 0 else "muted"] for lower, upper in ends.T]
    figure = base(
        go.Figure(), theme=theme, height=ROW * max(len(rows), 2) + 52, right=FIGURES, top=12, bottom=40
    )  # fmt: skip
    for row in rows:
        figure.add_scatter(
            x=[*ends[:, row]], y=[row, row], mode="lines", line={"color": shown[row], "width": 3}, hoverinfo="skip"
        )
    figure.add_scatter(
        x=at, y=rows, mode="markers", marker={"size": 10, "color": shown}, hoverinfo="text",
        hovertext=[f"{escape_label(name)}<br>{escape_label(text)}" for name, text in
                   zip(frame["figure"], frame["text"], strict=True)],
    )  # fmt: skip
    for row, text in zip(rows, frame["text"], strict=True):
        note(figure, escape_label(text), 1, row, xref="x domain", xanchor="right", xshift=FIGURES - 24)
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.5], tickvals=rows, ticktext=[escape_label(name) for name in frame["figure"]],
        showgrid=False, tickfont={"size": 12, "color": colour["ink"]},
    )  # fmt: skip
    reach = np.concatenate([[-1.0, 1.0], ends[np.isfinite(ends)]])
    room = 0.04 * float(np.ptp(reach))
    ends_at = [float(reach.min()) - room, float(reach.max()) + room]
    figure.update_xaxes(range=ends_at, nticks=6, title_text="standard errors")
    figure.add_vline(x=0, line={"color": colour["muted"], "width": 1}, layer="below")
    sub = f"in standard errors, 95{words.NARROW}% interval; right of 0: {b} is better; grey: no evidence"
    return titled(figure, f"{b} minus {a}", sub, _differences_alt(frame, a, b))


def flips(
    counts: npt.ArrayLike, bands: Sequence[Band], *, a: str, b: str, chosen: tuple[Band, Band] | None = None,
    theme: Theme,
) -> go.Figure:  # fmt: skip
    """Who would be treated differently. counts: users by band under a (rows) and b (columns), mildest first, (k, k).

    chosen: the cell that is looked at. Each cell carries its two bands, for clicks.
    """
    users = np.asarray(counts, np.int64)
    off = ~np.eye(len(bands), dtype=bool)
    tint = np.where(off & (users > 0), np.log10(np.maximum(users, 1)), np.where(off, 0.0, np.nan))
    hover = [
        [_flip_words(int(users[i, j]), bands[i], bands[j], a, b) for j in range(len(bands))] for i in range(len(bands))
    ]  # fmt: skip
    figure = _heat(tint, hover, theme=theme)
    figure.update_traces(
        text=[[_in_cell(int(users[i, j]), bold=i != j) for j in range(len(bands))] for i in range(len(bands))]
    )
    figure = base(figure, theme=theme, height=CELL * len(bands) + 2 * LINE + 14, top=2 * LINE + 12)
    labels = [f"{glyph(band, PALETTE[theme])} {words.WORD[band]}" for band in bands]
    # Two lines above a column: the words of one would run into those of the next on a narrow screen.
    broken = [label.replace("Human ", "Human<br>").replace("Auto-", "Auto-<br>") for label in labels]
    _sides(figure, broken, labels, theme=theme)
    _to_click(figure, hover, [[(before, after) for after in bands] for before in bands])
    if chosen is not None:
        row, column = (bands.index(band) for band in chosen)
        figure.add_shape(
            type="rect", x0=column - 0.5, x1=column + 0.5, y0=row - 0.5, y1=row + 0.5,
            line={"color": PALETTE[theme]["accent"], "width": 1.5},
        )  # fmt: skip
    moved, all_ = int(users[off].sum()), int(users.sum())
    sub = f"users; row: by {a}, column: by {b}; tint by log count"
    alt = f"{words.count(moved)} of {words.count(all_)} users change band from {a} to {b}: {_flips_alt(users, bands)}"
    return titled(figure, "Who would be treated differently", sub, alt)


def confusion(found: Confusion, *, name: str, theme: Theme) -> go.Figure:
    """What users are (rows) and whether they are flagged (columns), at one threshold."""
    cells = np.array([[found.caught, found.missed], [found.false_alarms, found.left_alone]])
    names = [["caught", "missed"], ["false alarms", "left alone"]]
    share = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    hover = [[f"{words.count(cells[i, j])} {names[i][j]}, {escape_label(words.percent(share[i, j]))} of the row"
              for j in range(2)] for i in range(2)]  # fmt: skip
    figure = _heat(share, hover, theme=theme, most=1.0)
    grey = PALETTE[theme]["muted"]
    figure.update_traces(
        text=[[f'<b>{words.count(cells[i, j])}</b> <span style="color:{grey}">{names[i][j]}</span>' for j in range(2)]
              for i in range(2)]
    )  # fmt: skip
    figure = base(figure, theme=theme, height=2 * CELL + LINE + 14, top=LINE + 12)
    _sides(figure, ["flagged", "not flagged"], ["spammers", "legitimate"], theme=theme)
    shares = [("precision", found.precision), ("recall", found.recall), ("flagged", found.flag_rate)]
    text = " · ".join(f"{what} {words.UNKNOWN if p is None else words.percent(p)}" for what, p in shares)
    alt = ", ".join(f"{words.count(cells[i, j])} {names[i][j]}" for i in range(2) for j in range(2))
    return titled(figure, f"{name} above {threshold(found.threshold)}", text, f"{name}: {alt}.")


def classes(users: npt.ArrayLike, names: Sequence[str], *, name: str, theme: Theme) -> go.Figure:
    """What users are (rows) and what a model says they are (columns), of k classes: users (k, k)."""
    cells = np.asarray(users, np.int64)
    share = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    shown = [escape_label(each, SHORT_NAME) for each in names]
    hover = [[f"{words.count(cells[i, j])} of {shown[i]} said to be {shown[j]}, "
              f"{escape_label(words.percent(share[i, j]))} of the row"
              for j in range(len(names))] for i in range(len(names))]  # fmt: skip
    figure = _heat(share, hover, theme=theme, most=1.0)
    figure.update_traces(
        text=[[_in_cell(int(cells[i, j]), bold=i == j) for j in range(len(names))] for i in range(len(names))]
    )
    figure = base(figure, theme=theme, height=CELL * len(names) + LINE + 14, top=LINE + 12)
    # Their columns may be as narrow as a telephone makes them, where names must not run into each other.
    columns = [escape_label(each, max(COLUMNS // len(names), 4)) for each in names]
    _sides(figure, columns, shown, theme=theme)
    right = int(np.trace(cells))
    told = "; ".join(
        f"{each} {words.count(cells[i, i])} of {words.count(cells[i].sum())}" for i, each in enumerate(names)
    )
    alt = f"{name} says the class of {words.count(right)} of {words.count(cells.sum())} users rightly: {told}."
    return titled(figure, f"Classes by {name}", "users; row: what they are, column: what is said; tint by row", alt)


def _heat(tint: Numbers, hover: list[list[str]], *, theme: Theme, most: float | None = None) -> go.Figure:
    """Cells tinted towards the accent; NaN stays the page's own colour."""
    tints = SEQUENTIAL[theme]
    top = most or float(np.nanmax(tint, initial=0.0)) or 1.0
    return go.Figure(
        go.Heatmap(
            z=tint.astype(np.float32), zmin=0, zmax=top, xgap=2, ygap=2, showscale=False, hoverinfo="text",
            hovertext=hover, colorscale=[[i / (len(tints) - 1), each] for i, each in enumerate(tints)],
            texttemplate="%{text}", textfont={"size": 12, "color": PALETTE[theme]["ink"]},
        )
    )  # fmt: skip


def _to_click(figure: go.Figure, hover: list[list[str]], told: Sequence[Sequence[object]]) -> None:
    """A point that is not seen in the middle of each cell: browsers tell of clicks on points, not on cells."""
    rows, columns = len(hover), len(hover[0])
    unseen = {"marker": {"opacity": 0}}
    figure.update_traces(hoverinfo="skip")
    figure.add_scatter(
        x=list(range(columns)) * rows, y=[row for row in range(rows) for _ in range(columns)], mode="markers",
        marker={"size": 30, "opacity": 0}, selected=unseen, unselected=unseen, hoverinfo="text",
        hovertext=[text for line in hover for text in line], customdata=[each for line in told for each in line],
    )  # fmt: skip
    # However far it is from the point, the cell that is pointed at is the nearest.
    figure.update_layout(hoverdistance=-1)


def _sides(figure: go.Figure, columns: Sequence[str], rows: Sequence[str], *, theme: Theme) -> None:
    style = {
        "showgrid": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 12, "color": PALETTE[theme]["ink"]},
    }
    figure.update_xaxes(side="top", tickvals=list(range(len(columns))), ticktext=list(columns), tickangle=0, **style)
    figure.update_yaxes(autorange="reversed", tickvals=list(range(len(rows))), ticktext=list(rows), **style)


def _in_cell(users: int, *, bold: bool) -> str:
    shown = words.count(users) if users else "·"
    return f"<b>{shown}</b>" if bold and users else shown


def _flip_words(users: int, before: Band, after: Band, a: str, b: str) -> str:
    return (
        f"{counted(users, 'user')}<br>{words.WORD[before]} by {escape_label(a, SHORT_NAME)}"
        f"<br>{words.WORD[after]} by {escape_label(b, SHORT_NAME)}"
    )


def _flips_alt(users: npt.NDArray[np.int64], bands: Sequence[Band]) -> str:
    pairs = [(int(users[i, j]), i, j) for i in range(len(bands)) for j in range(len(bands)) if i != j and users[i, j]]
    most = sorted(pairs, reverse=True)[:3]
    return (
        "; ".join(f"{words.count(n)} from {words.WORD[bands[i]]} to {words.WORD[bands[j]]}" for n, i, j in most)
        or "none"
    )


def _differences_alt(frame: pd.DataFrame, a: str, b: str) -> str:
    told = "; ".join(f"{name} {text}" for name, text in zip(frame["figure"], frame["text"], strict=True))
    return f"{b} minus {a}: {told}."
