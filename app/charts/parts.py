"""Parts that figures of features, of pairs and of groups share: bins at an axis, rates, and empty axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from unicodedata import east_asian_width

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app import words
from app.charts.base import PALETTE, Palette, Theme, escape_label, note, text_width

Numbers = npt.NDArray[np.float64]

#: Width in px of the axes in half a page at its narrowest: labels that fit there fit everywhere.
HALF: Final = 370
#: Characters of a bin or a value at an axis; the hover gives it in full.
LABEL: Final = 18
#: Characters of a feature's name in a hover.
NAME: Final = 60
#: Characters of a model's name in a figure of two.
SHORT_NAME: Final = 24
#: Fewer users than this say nothing about a rate: hollow dots, empty cells.
SMALL: Final = 10


def thinned(labels: Sequence[str], room: float, *, gap: float = 10) -> list[int]:
    """Which labels of equally wide bins to write on `room` px so that none touch: every k-th, and the last.

    >>> thinned(["0", "1", "2", "3"], 300), thinned(["1,000,000"] * 9, 200)
    ([0, 1, 2, 3], [0, 3, 8])
    """
    widths, last = [width_of(label) for label in labels], len(labels) - 1
    cell = room / max(len(labels), 1)

    def apart(left: int, right: int) -> bool:
        return (widths[left] + widths[right]) / 2 + gap <= (right - left) * cell

    for step in range(1, max(len(labels), 1)):
        picked = [*range(0, last, step)]
        while picked and not apart(picked[-1], last):
            picked.pop()
        if picked and all(apart(*pair) for pair in pairwise(picked)):
            return [*picked, last]
    return [*range(min(len(labels), 1))]


def width_of(text: str) -> float:
    """About how many px wide 12 px text is; wide letters of East Asian scripts count double."""
    return 1.1 * text_width(text) + 6 * sum(east_asian_width(letter) in "WF" for letter in text)


def bin_axis(figure: go.Figure, labels: Sequence[str], *, room: float = HALF) -> None:
    """Bins side by side, with as many of their labels as fit."""
    short = [cut(label) for label in labels]
    shown = thinned(short, room)
    figure.update_xaxes(
        range=[-0.5, max(len(labels), 1) - 0.5], tickangle=0, tickvals=shown, ticklabeloverflow="allow",
        ticktext=[escape_label(short[i]) for i in shown],
    )  # fmt: skip


def ranks(values: Numbers) -> Numbers:
    """Where values stand among each other, from 0 for the lowest to 1 for the highest; equal ones alike, NaN as NaN."""
    found, known = np.full(len(values), np.nan), ~np.isnan(values)
    levels, place, times = np.unique(values[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(times) - times / 2
    found[known] = (middle / max(len(place), 1))[place] if len(levels) > 1 else 0.5
    return found


def cut(label: str, limit: int = LABEL) -> str:
    """One line of at most `limit` characters, not escaped yet.

    >>> cut("from a to b"), cut("abcdef", 4)
    ('from a to b', 'abc…')
    """
    line = " ".join(label.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def nothing(figure: go.Figure, text: str, *, theme: Theme, **place: object) -> None:
    """Says in the middle of the axes why nothing is drawn; `text` is escaped."""
    if not place:
        figure.update_xaxes(showticklabels=False, ticks="", showline=False, tickvals=[])
        figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False)
    where = {"xref": "x domain", "yref": "y domain", "xanchor": "center", "font": {"color": PALETTE[theme]["muted"]}}
    note(figure, text, 0.5, 0.5, **(where | place))


def dots(hollow: npt.NDArray[np.bool_], colour: Palette) -> dict[str, object]:
    """Markers of estimates; hollow where too few users stand behind them."""
    fill = [colour["background" if empty else "ink"] for empty in hollow]
    return {"size": 7, "color": fill, "line": {"color": colour["ink"], "width": 1.5}}


def rate_words(rate: float, low: float, high: float, digits: int = 2) -> str:
    """A rate with its interval for a hover, escaped: "2.69 % (2.64 to 2.73)"."""
    if math.isnan(rate):
        return "rate not known"
    ends = f" ({100 * low:.{digits}f} to {100 * high:.{digits}f})" if math.isfinite(low + high) else ""
    return f"{percent(rate, digits)}{ends}"


def rate_top(n: Numbers, rate: Numbers, high: Numbers, overall: float) -> float:
    """Where an axis of rates ends: above every dot, and above the intervals of all but small groups."""
    ends = np.concatenate([rate, high[n >= SMALL], [overall]])
    top = float(np.nanmax(ends)) if np.isfinite(ends).any() else 0.0
    return 1.08 * top or 0.01


def threshold(value: float) -> str:
    """A threshold as it stands beside a figure; one below every score is 0."""
    return f"{max(value, 0):.3g}"


def percents(top: float) -> str:
    """Format of the ticks of an axis of shares that ends at `top`."""
    return ".0%" if top > 0.05 else ".1%" if top > 0.004 else ".2%"


def percent(share: float, digits: int = 1) -> str:
    """A share as plotly may read it: "<0.1 %" is escaped."""
    return escape_label(words.percent(float(share), digits))
