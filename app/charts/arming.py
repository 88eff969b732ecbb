"""What blind verdicts prove of the band that automation would remove, one after another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, PALETTE, Theme, base, note, spread, titled

Floats = npt.NDArray[np.float64]
_HEIGHT, _TOP, _BOTTOM = 190, 10, 40  # px
_RIGHT = 112  # px, for the words at the line ends
_GAP = 15  # px between two of them


def proof(share: Floats, bound: Floats, target: float, *, title: str, theme: Theme) -> go.Figure:
    """share that was judged spammer, bound of the precision: after each verdict, (n,), n at least 1."""
    colour, n = PALETTE[theme], len(share)
    figure = base(go.Figure(), theme=theme, height=_HEIGHT, top=_TOP, bottom=_BOTTOM, right=_RIGHT)
    at = np.arange(1, n + 1)
    low = max(min(0.5, target - 0.1, float(bound[-1]) - 0.05), 0.0)
    lines = (
        (share, colour["ink"], "spammers", f"<b>{words.percent(share[-1])}</b> spammers"),
        (bound, colour["accent"], "proven", f"<b>{words.percent(bound[-1])}</b> proven"),
    )
    for values, tint, name, _ in lines:
        figure.add_scatter(
            x=at, y=values, mode="lines", line={"color": tint, "width": 2, "shape": "hv"}, hoverinfo="text",
            hovertext=[f"{words.count(k)} verdicts: {words.percent(p)} {name}" for k, p in enumerate(values, 1)],
        )  # fmt: skip
    dotted = {"color": colour["muted"], "width": 1, "dash": DOTTED}
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=target, y1=target, line=dotted)
    ends = [float(share[-1]), float(bound[-1]), target]
    told = [*(text for *_, text in lines), f"{words.percent(target)} target"]
    tints = [*(tint for _, tint, *_ in lines), colour["muted"]]
    plot = _HEIGHT - _TOP - _BOTTOM
    wanted = [plot * (min(max(end, low), 1.0) - low) / (1.02 - low) for end in ends]
    for place, text, tint in zip(spread(wanted, _GAP, 0, plot), told, tints, strict=True):
        shown = f'<span style="color:{tint}">{text}</span>'
        note(figure, shown, 1, place / plot, xref="paper", yref="paper", xanchor="left", xshift=6)
    figure.update_xaxes(title_text="blind verdicts", tickformat=",d", range=[0, n * 1.0], rangemode="tozero")
    figure.update_yaxes(tickformat=".0%", range=[low, 1.02])
    alt = (
        f"Precision of automatic removal after {words.count(n)} blind verdicts: {words.percent(ends[0])} were judged "
        f"spammer, precision is proven to lie above {words.percent(ends[1])}; the target is {words.percent(target)}."
    )
    sub = "share judged spammer, and the precision it proves; each verdict as it stands now"
    return titled(figure, title, sub, alt)
