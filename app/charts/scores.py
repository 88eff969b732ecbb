"""Figures on the axis of the score: who stands where between the policy's thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app import words
from app.charts.base import (
    DOTTED,
    LINE,
    NARROWEST,
    PALETTE,
    Palette,
    Theme,
    base,
    escape_label,
    glyph,
    note,
    small,
    text_width,
    titled,
)
from core.policy.bands import BANDS, Band

Thresholds = Mapping[Band, float]
Counts = npt.NDArray[np.float64]
SCORE: Final = "calibrated probability of being a spammer"
#: The log axis starts a little under 1, so that a bin of one user is seen.
FLOOR: Final = math.log10(0.7)
BOTTOM: Final = 40  # px for ticks and axis title
LANE: Final = 2 * LINE + 4  # px a label of two lines
SHIFT: Final = 4  # px from a dotted line to its label


def band_of(score: float, thresholds: Thresholds) -> Band:
    """The strictest band whose threshold the score exceeds."""
    above = [band for band in BANDS if band in thresholds and score > thresholds[band]]
    return above[-1] if above else BANDS[0]


def score_histogram(
    counts: npt.ArrayLike, thresholds: Thresholds, users: Mapping[Band, int], *, theme: Theme
) -> go.Figure:
    """How the scores of a run lie between the thresholds.

    counts: users per bin, (n,), equal bins over 0 to 1 (50 of 0.02). users: users per band by their exact scores.
    A bin has the colour of the band of its centre, since a threshold may fall within a bin.
    """
    bins, colour = np.asarray(counts, float), PALETTE[theme]
    starts: dict[Band, float] = {BANDS[0]: 0.0, **thresholds}
    lanes = _lanes(starts, users)
    room = LANE * (1 + max(lanes.values()))
    plot = 190 + room
    bands = [band_of(centre, thresholds) for centre in centres(bins)]
    figure = go.Figure(bars(bins, [colour[band] for band in bands], [f", {words.WORD[band]}" for band in bands]))
    figure = base(figure, theme=theme, height=plot + 8 + BOTTOM, right=_overhang(starts, users), bottom=BOTTOM)
    log_axis(figure, bins, room / plot)
    figure.update_xaxes(range=[0, 1], dtick=0.1, tickformat=".1f", title_text=SCORE)
    for band, start in starts.items():
        drop = LANE * lanes[band]
        text = f"{glyph(band, colour)} <b>{words.WORD[band]}</b><br>{words.count(users.get(band, 0))}"
        note(figure, text, start, 1, yref="paper", yanchor="top", yshift=-drop, xshift=SHIFT, **_on(colour))
        if band in thresholds:
            _threshold(figure, start, colour, y1=1 - (drop + 2) / plot)
    sub = f"users per {1 / len(bins):.2g} of score, log scale; dotted lines are the policy's thresholds"
    return titled(figure, "Scores of this run", sub, _histogram_alt(bins, thresholds, users))


def place(
    counts: npt.ArrayLike, score: float, thresholds: Thresholds, *, share_below: float, theme: Theme
) -> go.Figure:
    """Where one score (0 to 1) stands among all others.

    counts: users per bin, (n,), equal bins over 0 to 1. share_below: share of those users with a lower score.
    """
    bins, colour = np.asarray(counts, float), PALETTE[theme]
    figure = go.Figure(bars(bins, [colour["population"]] * len(bins), [""] * len(bins)))
    figure = base(figure, theme=theme, height=140, bottom=22, top=18)
    log_axis(figure, bins, 0.3, most=3)
    figure.update_xaxes(range=[0, 1], dtick=0.2, tickformat=".1f")
    for band, start in thresholds.items():
        _threshold(figure, start, colour, y1=1)
        note(figure, glyph(band, colour), start, 1, yref="paper", yanchor="bottom", xanchor="center")
    low, high = figure.layout.yaxis.range
    level = high - 0.14 * (high - low)
    figure.add_scatter(
        x=[score, score], y=[10**low, 10**level], mode="lines", line={"color": colour["accent"], "width": 1},
        hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
    _diamond(figure, score, 10**level, colour)
    text = f'<b><span style="color:{colour["accent"]}">{_number(score)}</span></b>'
    side = {"xanchor": "right", "xshift": -9} if score > 0.5 else {"xanchor": "left", "xshift": 9}
    note(figure, text, score, level, **side, **_on(colour))
    share = words.percent(share_below).replace(">", "over ").replace("<", "under ")
    of = f"{words.count(bins.sum())} users"
    above = f"higher than that of all {of}" if share_below == 1 else f"higher than {share} of {of}"
    sub = f"{above}; users per {1 / len(bins):.2g} of score, log scale"
    alt = f"The score {words.probability(score)} is {above}: {words.WORD[band_of(score, thresholds)]}."
    return titled(figure, "Where this score stands", sub, alt)


def what_if(before: float, after: float, thresholds: Thresholds, *, theme: Theme) -> go.Figure:
    """How a score (0 to 1) moves when values are changed; the track shows the bands."""
    colour, plot = PALETTE[theme], 70
    figure = base(go.Figure(), theme=theme, height=plot + 40, bottom=40, top=0, right=46)
    figure.update_layout(margin_l=46)
    figure.update_yaxes(range=[6, plot + 6], showgrid=False, showticklabels=False, automargin=False)
    ticks = [0.0, *thresholds.values(), 1.0]
    figure.update_xaxes(range=[0, 1], tickvals=ticks, ticktext=_staggered(ticks), tickangle=0)
    figure.update_xaxes(showline=False, ticks="", automargin=False)
    for band, start, end in _spans(thresholds):
        _segment(figure, band, start, end, colour)
    figure.add_scatter(
        x=[before, after], y=[TRACK, TRACK], mode="lines", line={"color": colour["accent"], "width": 2},
        hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
    figure.add_scatter(
        x=[before], y=[TRACK], mode="markers", cliponaxis=False, hoverinfo="text",
        hovertext=f"before: {_number(before)}",
        marker={"symbol": "diamond", "size": 12, "color": colour["background"],
                "line": {"color": colour["muted"], "width": 2}},
    )  # fmt: skip
    _diamond(figure, after, TRACK, colour)
    _move_labels(figure, before, after, colour)
    return titled(figure, "What if", *_move_words(before, after, thresholds))


TRACK: Final = 37  # px above the axis of the what-if track
TRACK_WIDTH: Final = 260  # px of that track in a right third


def centres(bins: Counts) -> Counts:
    """Of equal bins over 0 to 1, (n,)."""
    return (np.arange(len(bins)) + 0.5) / max(len(bins), 1)


def bars(bins: Counts, colours: list[str], notes: list[str]) -> go.Bar:
    """Users by score; notes: what to add to the words of each bin."""
    width = 1 / max(len(bins), 1)
    hover = [
        f"{i * width:.2f} to {(i + 1) * width:.2f}: {words.count(n)} users{what}"
        for i, (n, what) in enumerate(zip(bins, notes, strict=True))
    ]
    return go.Bar(
        x=centres(bins), y=bins, width=0.88 * width, marker={"color": colours, "line_width": 0},
        hovertext=hover, hoverinfo="text",
    )  # fmt: skip


def log_axis(figure: go.Figure, bins: Counts, free: float, *, most: int = 5) -> None:
    """At most `most` powers of ten from 1; the upper `free` share of the axes stays above the highest bar."""
    peak = max(math.log10(max(bins.max(initial=1), 1)), 1.0)
    powers = range(int(peak) + 1)
    ticks = [10**power for power in powers[:: math.ceil(len(powers) / most)]]
    figure.update_yaxes(
        type="log", range=[FLOOR, FLOOR + (peak - FLOOR) / (1 - free)],
        tickvals=ticks, ticktext=[words.count(tick) for tick in ticks],
    )  # fmt: skip


def _label_width(band: Band, users: Mapping[Band, int]) -> float:
    return SHIFT + max(14 + text_width(words.WORD[band], bold=True), text_width(words.count(users.get(band, 0))))


def _lanes(starts: Mapping[Band, float], users: Mapping[Band, int]) -> dict[Band, int]:
    """How many lines of labels down each label stands, so that none meets another or another's dotted line."""
    lanes: dict[Band, int] = {}
    for band, start in starts.items():
        over = [lanes[other] for other in lanes if starts[other] + _label_width(other, users) / NARROWEST > start]
        lanes[band] = max(over, default=-1) + 1
    return lanes


def _overhang(starts: Mapping[Band, float], users: Mapping[Band, int]) -> int:
    return math.ceil(max(14, *(_label_width(band, users) - (1 - x) * NARROWEST for band, x in starts.items())))


def _threshold(figure: go.Figure, x: float, colour: Palette, y1: float) -> None:
    line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
    figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=y1, yref="paper", line=line)


def _diamond(figure: go.Figure, x: float, y: float, colour: Palette) -> None:
    figure.add_scatter(
        x=[x], y=[y], mode="markers", marker={"symbol": "diamond", "size": 12, "color": colour["accent"]},
        hoverinfo="text", hovertext=f"score {_number(x)}", cliponaxis=False,
    )  # fmt: skip


def _on(colour: Palette) -> dict[str, object]:
    """For text before a dotted line."""
    return {"bgcolor": colour["background"], "borderpad": 0}


def _number(score: float) -> str:
    return escape_label(words.probability(score))


def _spans(thresholds: Thresholds) -> list[tuple[Band, float, float]]:
    edges = pairwise([0.0, *thresholds.values(), 1.0])
    return [(band, *edge) for band, edge in zip([BANDS[0], *thresholds], edges, strict=True)]


def _segment(figure: go.Figure, band: Band, start: float, end: float, colour: Palette) -> None:
    """A tinted piece of the track with glyph and word beneath; only the glyph where the word does not fit."""
    figure.add_shape(
        type="rect", x0=start, x1=end, y0=TRACK - 7, y1=TRACK + 7, fillcolor=colour[band], opacity=0.35, line_width=0,
        layer="below",
    )  # fmt: skip
    room = (end - start) * TRACK_WIDTH
    word = f" {small(words.WORD[band], colour)}" if room > 14 + text_width(words.WORD[band]) else ""
    if room > 10:
        note(figure, glyph(band, colour) + word, (start + end) / 2, TRACK - 19, xanchor="center")


def _staggered(ticks: list[float]) -> list[str]:
    """Tick labels, each where it does not touch its neighbours: on the line, one lower, or left out."""
    shown, ends = [], [-1.0, -1.0]
    for tick in ticks:
        half = (text_width(f"{tick:g}") / 2 + 3) / TRACK_WIDTH
        row = next((row for row, end in enumerate(ends) if tick - half >= end), None)
        shown.append("" if row is None else "<br>" * row + f"{tick:g}")
        if row is not None:
            ends[row] = tick + half
    return shown


def _move_labels(figure: go.Figure, before: float, after: float, colour: Palette) -> None:
    """The two numbers over their marks; side by side, outwards, when they would touch."""
    close = abs(before - after) < 44 / TRACK_WIDTH
    outward = {True: {"xanchor": "left", "xshift": 3}, False: {"xanchor": "right", "xshift": -3}}
    for score, other, bold in ((before, after, False), (after, before, True)):
        right = score > other or (score == other and bold)
        side = outward[right] if close else {"xanchor": "center"}
        tint = colour["accent" if bold else "muted"]
        text = f'<span style="color:{tint}">{"<b>" if bold else ""}{_number(score)}{"</b>" if bold else ""}</span>'
        note(figure, text, score, TRACK + 22, **side)


def _move_words(before: float, after: float, thresholds: Thresholds) -> tuple[str, str]:
    """The grey line and the alternative text."""
    was, now = (band_of(score, thresholds) for score in (before, after))
    size = words.decimal(abs(after - before), 3)
    move = "stays the same" if after == before else f"{'rises' if after > before else 'falls'} by {size}"
    then = f"stays {words.WORD[was]}" if was == now else f"{words.WORD[was]} becomes {words.WORD[now]}"
    numbers = f"from {words.probability(before)} to {words.probability(after)}"
    return f"score {move}; {then}", f"The score {move}, {numbers}; {then}."


def _histogram_alt(bins: Counts, thresholds: Thresholds, users: Mapping[Band, int]) -> str:
    if not bins.sum():
        return "Histogram of scores: no users."
    peak = int(bins.argmax())
    groups = [f"{words.count(users.get(band, 0))} {words.WORD[band]}" for band in BANDS if band in {"allow", *users}]
    limits = ", ".join(f"{words.WORD[band]} above {start:g}" for band, start in thresholds.items())
    return (
        f"Histogram of {words.count(bins.sum())} scores: {', '.join(groups)}. Thresholds: {limits}. "
        f"Most users, {words.count(bins[peak])}, score {peak / len(bins):.2f} to {(peak + 1) / len(bins):.2f}."
    )
