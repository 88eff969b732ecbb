"""Figures above lists: what is chosen in them is what is listed."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, PALETTE, Theme, base, titled
from app.charts.scores import Thresholds, band_of, bars, centres, log_axis

#: Of those who are not listed.
_AWAY: Final = 0.28


def scores_to_choose(
    counts: npt.ArrayLike, listed: npt.ArrayLike, thresholds: Thresholds, chosen: tuple[float, float], *, theme: Theme
) -> go.Figure:
    """The scores of a run, those listed in front; clicks on bars choose scores.

    counts: users per bin, (n,), equal bins over 0 to 1; listed: those of them that are listed, (n,). chosen: the scores
    that were chosen.
    """
    bins, shown, colour = np.asarray(counts, float), np.asarray(listed, float), PALETTE[theme]
    bands = [band_of(centre, thresholds) for centre in centres(bins)]
    colours, said = [colour[band] for band in bands], [f", {words.WORD[band]}" for band in bands]
    told = [f"{what}, {words.count(n)} listed" for what, n in zip(said, shown, strict=True)]
    every = _unmoved(bars(bins, colours, said if np.array_equal(bins, shown) else told), _AWAY)
    front = _unmoved(bars(shown, colours, said).update(hovertext=every.hovertext), 1.0)
    figure = base(go.Figure([every, front]), theme=theme, height=152, bottom=26, top=6, left=44, right=10)
    figure.update_layout(barmode="overlay")
    log_axis(figure, bins, 0.06, most=3)
    figure.update_xaxes(range=[0, 1], dtick=0.1, tickformat=".1f")
    for start in thresholds.values():
        line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
        figure.add_shape(type="line", x0=start, x1=start, y0=0, y1=1, yref="paper", line=line)
    title = "Scores of this run"
    if chosen != (0.0, 1.0):
        frame = {"color": colour["accent"], "width": 1.5}
        figure.add_shape(type="rect", x0=chosen[0], x1=chosen[1], y0=0, y1=1, yref="paper", line=frame)
        title = f"Scores {chosen[0]:.2f} to {chosen[1]:.2f} selected"
    hint = "click one bar or two to filter"
    sub = f"users per {1 / max(len(bins), 1):.2g} of score, log scale; {hint}"
    alt = f"{title}: of {words.count(bins.sum())} users {words.count(shown.sum())} are listed."
    return titled(figure, title, sub, alt)


def _unmoved(bar: go.Bar, opacity: float) -> go.Bar:
    """Bars that keep their opacity whatever is selected: the browser would dim those outside again."""
    still = {"marker": {"opacity": opacity}}
    return bar.update(marker_opacity=opacity, selected=still, unselected=still)


def chosen_scores(x: float, bins: int, chosen: tuple[float, float]) -> tuple[float, float]:
    """The scores to list after a click at a score: those of its bar; with a bar outside what is chosen, up to there.

    >>> chosen_scores(0.31, 50, (0.0, 1.0)), chosen_scores(0.31, 50, (0.4, 0.5)), chosen_scores(0.31, 50, (0.1, 0.5))
    ((0.3, 0.32), (0.3, 0.5), (0.3, 0.32))
    """
    low, high = math.floor(x * bins) / bins, (math.floor(x * bins) + 1) / bins
    if chosen == (0.0, 1.0) or chosen[0] < x < chosen[1]:
        return low, high
    return min(low, chosen[0]), max(high, chosen[1])
