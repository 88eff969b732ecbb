"""The scores of a run under a draft: its thresholds beside those in force."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, NARROWEST, PALETTE, Palette, Theme, base, note, text_width, titled
from app.charts.scores import BOTTOM, SCORE, Thresholds, band_of, bars, centres, log_axis
from core.policy.bands import Band

_LABELS = 22  # px above the bars, for the labels of lines


def draft_histogram(
    counts: npt.ArrayLike, live: Thresholds, draft: Thresholds, *, title: str, theme: Theme
) -> go.Figure:  # fmt: skip
    """How the scores of a run lie between the thresholds of a draft; a changed one is drawn beside the one in force.

    counts: users per bin, (n,), equal bins over 0 to 1. A bin has the colour of the draft's band of its centre.
    """
    bins, colour = np.asarray(counts, float), PALETTE[theme]
    bands = [band_of(centre, draft) for centre in centres(bins)]
    figure = go.Figure(bars(bins, [colour[band] for band in bands], [f", {words.WORD[band]}" for band in bands]))
    figure = base(figure, theme=theme, height=220, bottom=BOTTOM, top=_LABELS, right=14)
    log_axis(figure, bins, 0.05)
    figure.update_xaxes(range=[0, 1], dtick=0.1, tickformat=".1f", title_text=SCORE)
    for band, start in live.items():
        _line(figure, start, colour["muted"], dash=DOTTED, width=1)
        if draft[band] != start:
            _changed(figure, band, start, draft[band], colour)
    sub = f"users per {1 / max(len(bins), 1):.2g} of score, log scale"
    return titled(figure, title, sub, _alt(bins, live, draft))


def _changed(figure: go.Figure, band: Band, start: float, end: float, colour: Palette) -> None:
    """The line of the draft, and the number of each outwards, so that they never meet."""
    _line(figure, end, colour["accent"], dash="solid", width=2)
    left, right = sorted(((start, False), (end, True)))
    for (at, ours), side in ((left, "right"), (right, "left")):
        text = f"{'draft' if ours else 'live'} {at:.3g}"
        tint = colour["accent" if ours else "muted"]
        shown = f'<span style="color:{tint}">{"<b>" if ours else ""}{text}{"</b>" if ours else ""}</span>'
        inside = (at * NARROWEST > text_width(text)) if side == "right" else ((1 - at) * NARROWEST > text_width(text))
        anchor = side if inside else {"right": "left", "left": "right"}[side]
        note(figure, shown, at, 1, yref="paper", yanchor="bottom", xanchor=anchor, name=f"{band}-{text}")


def _line(figure: go.Figure, x: float, tint: str, *, dash: str, width: int) -> None:
    line = {"color": tint, "width": width, "dash": dash}
    figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=line)


def _alt(bins: npt.NDArray[np.float64], live: Thresholds, draft: Mapping[Band, float]) -> str:
    moved = [
        f"{words.WORD[band]} above {draft[band]:g} instead of {start:g}" for band, start in live.items()
        if draft[band] != start
    ]  # fmt: skip
    what = f"The draft changes: {', '.join(moved)}." if moved else "The thresholds are those in force: " + ", ".join(
        f"{words.WORD[band]} above {start:g}" for band, start in live.items()
    ) + "."  # fmt: skip
    return f"Histogram of {words.count(bins.sum())} scores. {what}"
