"""The look of every figure: palette, margins, axes, and text that plotly shows literally.

Slots mean something, colours follow from the slot. Contrast is WCAG 2 against the page; the four actions and the
accent are at least 9.6 apart (OKLab x100) for normal sight and three kinds of simulated colour blindness.

slot          meaning                                       light    :1     dark     :1
allow         action allow                                  #8B94A1   3.1   #656E7A   3.6
monitor       action monitor                                #2F87D0   3.8   #62BDF5   8.9
human_review  action human_review                           #C98100   3.2   #F0B243   9.8
auto_remove   action auto_remove                            #A30D48   7.8   #FF7A8F   7.4
accent        chosen: this user, this plan, the candidate   #4338CA   7.9   #8B85FF   6.1
ink           spammers, pushes to spammer, main line, text  #14181C  17.8   #E4E7EB  14.9
population    legitimate users, volumes (areas only)        #AEB6C1   2.1   #57606B   2.9
faint         tracks, interval bands, axis lines            #E4E7EC   1.2   #262C33   1.3
grid          gridlines                                     #EDEFF2   1.2   #1E2329   1.2
muted         axis text, captions, thresholds, champion     #59626E   6.2   #A3ACB8   8.1
background    page                                          #FFFFFF         #111417

Text is only ever ink, muted or accent; an action's colour goes on its mark and its glyph, not on words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import plotly.graph_objects as go

from app import words
from core.policy.bands import Action

Theme = Literal["light", "dark"]
Palette = dict[str, str]
SLOTS: Final = (
    "allow", "monitor", "human_review", "auto_remove", "accent", "ink", "population", "faint", "grid", "muted",
    "background",
)  # fmt: skip
LIGHT: Final = "#8B94A1 #2F87D0 #C98100 #A30D48 #4338CA #14181C #AEB6C1 #E4E7EC #EDEFF2 #59626E #FFFFFF"
DARK: Final = "#656E7A #62BDF5 #F0B243 #FF7A8F #8B85FF #E4E7EB #57606B #262C33 #1E2329 #A3ACB8 #111417"
PALETTE: Final[dict[Theme, Palette]] = {
    "light": dict(zip(SLOTS, LIGHT.split(), strict=True)),
    "dark": dict(zip(SLOTS, DARK.split(), strict=True)),
}
#: Heat maps: from the page towards the accent. Write the number in each cell; the tint only guides the eye.
SEQUENTIAL: Final[dict[Theme, tuple[str, ...]]] = {
    "light": ("#F5F6F8", "#E8E9F8", "#D6D7F3", "#BFC0EC"),
    "dark": ("#1B1F24", "#23233B", "#2C2B52", "#36346A"),
}
#: For st.plotly_chart: no toolbar, no zoom by wheel, and "$" is a dollar sign.
CONFIG: Final = {"displayModeBar": False, "scrollZoom": False, "typesetMath": False}
#: What the browser can save a figure as.
Picture = Literal["png", "svg"]
PICTURES: Final[tuple[Picture, ...]] = ("png", "svg")
#: A reference line, beside which a word stands.
DOTTED: Final = "2px,3px"

#: Width in px of the axes on the narrowest screen (390 px): labels that fit there fit everywhere.
NARROWEST: Final = 240
LINE: Final = 16  # px a line of 12 px text
#: px that plotly adds round what it measures: a saved picture has a wider font than the page.
SLACK: Final = 12


def base(
    figure: go.Figure, *, theme: Theme, height: int = 240, right: int = 14, top: int = 8, bottom: int = 0, left: int = 0
) -> go.Figure:
    """The figure with our margins (px), axes and grid; leave room for direct labels with `right`.

    Without `left`, plotly measures how much room ticks take and draws twice; with it, a figure that changes often is
    drawn once, and `left`, `right` and `bottom` must leave that room.
    """
    colour = PALETTE[theme]
    tick = {"size": 12, "color": colour["muted"]}
    axis = {"zeroline": False, "fixedrange": True, "automargin": not left, "tickfont": tick}
    ground = {
        "height": height, "showlegend": False,
        "margin": {"l": left or SLACK, "r": right, "t": top, "b": max(bottom, SLACK), "pad": 4},
        "hovermode": "closest", "dragmode": False, "bargap": 0.12, "font": {"size": 12, "color": colour["ink"]},
    }  # fmt: skip
    across = {
        "showgrid": False, "showline": True, "linecolor": colour["faint"], "ticks": "outside", "ticklen": 3,
        "tickcolor": colour["faint"], "title": {"font": tick, "standoff": 6}, **axis,
    }  # fmt: skip
    up = {"showgrid": True, "gridcolor": colour["grid"], "showline": False, **axis}
    before = {name: value for name, value in figure.layout.to_plotly_json().items() if name != "template"}
    ours = ground | {each.plotly_name: across for each in figure.select_xaxes()}
    ours |= {each.plotly_name: up for each in figure.select_yaxes()}
    # Made anew: plotly takes ten times as long to update a layout, and copies its template each time.
    # Its traces have been looked at, and our axes are known.
    return go.Figure(figure.data, _over(before, ours), _validate=False)


def _over(before: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Both, at every depth; ours where they differ."""
    deeper = {
        name: _over(before[name], value)
        for name, value in ours.items()
        if isinstance(value, Mapping) and isinstance(before.get(name), Mapping)
    }
    return {**before, **ours, **deeper}


def saved_as(picture: Picture | None, name: str) -> dict[str, Any]:
    """For st.plotly_chart: as CONFIG, and a camera over the figure while it is pointed at, which saves it; None for no
    camera.

    The browser draws the file itself, as the figure is seen; a PNG has twice as many pixels each way, for print.
    """
    if picture is None:
        return dict(CONFIG)
    told = {"format": picture, "filename": name, "width": None, "height": None, "scale": 2 if picture == "png" else 1}
    return {
        **CONFIG,
        "displayModeBar": "hover",
        "displayNotifier": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": told,
    }


def titled(figure: go.Figure, title: str, sub: str, alt: str) -> go.Figure:
    """What stands above the figure (plain text; sub gives units and sample) and what is said in its place."""
    figure.update_layout(meta={"title": title, "sub": sub, "alt": words.legible(alt)})
    return figure


def escape_label(text: str, limit: int | None = None) -> str:
    """Text that plotly shows as it is, on one line, cut to `limit` characters with an ellipsis.

    Plotly reads a subset of HTML, entities and %{...} in labels, ticks and hovers.

    >>> escape_label("<b>x</b>"), escape_label("abcdef", 4)
    ('&lt;b&gt;x&lt;/b&gt;', 'abc…')
    """
    shown = re.sub(r"[ \t\n\r]+", " ", words.legible(text)).strip()
    if limit is not None and len(shown) > limit:
        shown = shown[: limit - 1].rstrip() + "…"
    return "".join(f"&#{ord(c)};" if c in "{}$\\" else _NAMED.get(c, c) for c in shown)


_NAMED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def small(text: str, colour: Palette) -> str:
    """A grey line under a label; `text` is escaped already."""
    return f'<span style="font-size:11px;color:{colour["muted"]}">{text}</span>'


def text_width(text: str, *, bold: bool = False) -> float:
    """About how many px wide a line of 12 px text is."""
    return len(text) * (5.95 if bold else 5.6)


def glyph(action: Action, colour: Palette) -> str:
    return f'<span style="color:{colour[action]}">{words.GLYPH[action]}</span>'


def note(figure: go.Figure, text: str, x: float, y: float, **place: object) -> None:
    """Direct label without arrow at (x, y), left-aligned from there unless told otherwise."""
    figure.add_annotation(
        text=text, x=x, y=y, showarrow=False, **({"xanchor": "left", "yanchor": "middle", "align": "left"} | place)
    )


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart and, where they fit, between low and high, in the order of `wanted`.

    >>> spread([10, 12, 80], 16, 0, 100)
    [3.0, 19.0, 80.0]
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    groups: list[tuple[float, int]] = []  # (sum of the wanted places of the first member, members)
    for position, index in enumerate(order):
        # Pool adjacent violators on wanted - gap * rank, which keeps each group centred on what it wanted.
        groups.append((wanted[index] - gap * position, 1))
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, members = groups.pop()
            groups[-1] = (groups[-1][0] + total, groups[-1][1] + members)
    firsts = [total / members for total, members in groups for _ in range(members)]
    top = high - gap * (len(wanted) - 1)
    placed = [0.0] * len(wanted)
    for position, index in enumerate(order):
        placed[index] = float(max(low, min(firsts[position], top)) + gap * position)
    return placed
