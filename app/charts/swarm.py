"""How a model uses its features: a dot a user for each of the strongest."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import PALETTE, Theme, base, escape_label, titled
from app.charts.parts import NAME, Numbers, cut, nothing

ROW: Final = 34  # px a feature
#: Users drawn, evenly from first to last; all count in the order of features.
DOTS: Final = 500
OPACITY: Final = 0.75
#: Widths of dots side by side are told apart by so many places along the axis.
_PLACES: Final = 90
LABEL: Final = 22  # characters of a feature beside its row


def beeswarm(frame: pd.DataFrame, *, version: str, sample: str, theme: Theme) -> go.Figure:
    """The contributions of the strongest features: a dot a user, its contribution (log-odds, exact SHAP) across.

    frame: feature (the strongest first), rank (of the value among those of the feature, 0 to 1, NaN where missing),
    said (the value in words), contribution; a row for each feature and user.
    sample: who they are, in words.
    """
    colour, names = PALETTE[theme], list(dict.fromkeys(frame["feature"]))
    figure = go.Figure()
    reach = float(frame["contribution"].abs().max()) if len(frame) else 1.0
    for row, name in enumerate(names):
        part = frame[frame["feature"] == name]
        part = part.iloc[np.unique(np.linspace(0, len(part) - 1, DOTS).astype(int))]
        rank, push = part["rank"].to_numpy(float), part["contribution"].to_numpy(float)
        known = ~np.isnan(rank)
        place = row + _aside(push, reach)
        hover = _hovers(name, part["said"], push)
        still = {"marker": {"opacity": OPACITY}}  # whatever was clicked
        for seen, marker in (
            (~known, {"color": colour["faint"], "line": {"color": colour["muted"], "width": 1}}),
            (known, {"color": rank[known].astype(np.float32), "cmin": 0, "cmax": 1,
                     "colorscale": [[0, colour["population"]], [1, colour["accent"]]]}),
        ):  # fmt: skip
            figure.add_scatter(
                x=push[seen].astype(np.float32), y=place[seen].astype(np.float32), mode="markers",
                name=escape_label(name, NAME),
                marker={"size": 5, "opacity": OPACITY, **marker}, selected=still, unselected=still,
                hoverinfo="text", hovertext=hover[seen],
            )  # fmt: skip
    figure = base(figure, theme=theme, height=ROW * max(len(names), 2) + 50, right=16, bottom=42)
    figure.update_yaxes(
        range=[max(len(names), 1) - 0.5, -0.5], tickvals=list(range(len(names))), showgrid=False,
        ticktext=[escape_label(cut(name, LABEL)) for name in names], tickfont={"size": 12, "color": colour["ink"]},
    )  # fmt: skip
    figure.update_xaxes(
        range=[-1.04 * reach, 1.04 * reach], nticks=6, title_text="contribution in log-odds; to the right: spammer"
    )
    figure.add_vline(x=0, line={"color": colour["muted"], "width": 1}, layer="below")
    if not names:
        nothing(figure, "no users", theme=theme)
    sub = f"strongest first; {sample}; grey: low value, accent: high, hollow: {words.MISSING}"
    return titled(figure, f"How {version} uses its features", sub, _alt(frame, names, version))


def _hovers(name: str, said: pd.Series, push: Numbers) -> npt.NDArray[np.object_]:
    """What is told of each dot, (n,). A name and a value are made safe once, however many dots have them."""
    label = escape_label(name, NAME)
    value = {each: f" = {escape_label(each)}" if each else "" for each in said.unique()}
    told = [
        f"{label}{value[each]}<br>contribution {words.signed(size)}"
        for each, size in zip(said.tolist(), push.tolist(), strict=True)
    ]
    return np.array(told, object)


def _aside(push: Numbers, reach: float) -> Numbers:
    """How far each dot stands off its row, so that those of like contribution lie beside each other, (n,)."""
    places = np.round(push / (reach or 1.0) * _PLACES).astype(int)
    most = max((int(n) for n in np.unique(places, return_counts=True)[1]), default=1)
    off = np.zeros(len(push))
    for place in np.unique(places):
        at = np.flatnonzero(places == place)
        half = 0.4 * np.sqrt(len(at) / most)
        off[at] = np.linspace(-half, half, len(at)) if len(at) > 1 else 0.0
    return off


def _alt(frame: pd.DataFrame, names: list[str], version: str) -> str:
    if not names:
        return f"{version}: no users."
    mean = frame["contribution"].abs().groupby(frame["feature"], sort=False).mean()
    told = "; ".join(f"{name} {words.decimal(float(mean[name]))}" for name in names)
    return f"Mean size of the contributions to the score of {version}, in log-odds: {told}."
