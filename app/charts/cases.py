"""The evidence of a case: where the values of one user stand among all users, and how each pushed the score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import PALETTE, Palette, Theme, base, escape_label, small, titled
from app.charts.parts import cut, width_of

#: Characters of a name, of a value and of a meaning beside the tracks; the hover gives them in full.
NAME: Final = 28
VALUE: Final = 14
MEANING: Final = 36
#: Shares of the width; what a signed figure needs beside the longest bar stays free at the right, in px.
TRACKS: Final = (0.0, 0.62)
BARS: Final = (0.7, 1.0)
FIGURES: Final = 42
#: In px from the left: from here, the words above the tracks fit on the narrowest telephone.
KEY_FROM: Final = 90
#: Px a line of words above the tracks, and all that stands below them, of which the last line.
LINE_ABOVE: Final = 18
BELOW: Final = 58
LAST: Final = 16
#: Px from the tracks down to the words for their unit.
UNITS: Final = 27

Part = dict[str, Any]
#: Percentiles of the value and of both medians, and the push.
_Numbers = tuple[float, float, float, float | None]


@dataclass(frozen=True, slots=True)
class _Row:
    """A value as it is drawn: `label` (about `width` px wide) and `hover` are escaped, `name` is not.

    `push` is None in a blind case.
    """

    label: str
    width: float
    hover: str
    name: str
    percentile: float
    spammer: float
    legitimate: float
    push: float | None


def evidence(frame: pd.DataFrame, *, theme: Theme) -> go.Figure:
    """What the model saw: each value among all users, and its push on the score.

    frame: feature, value_text, meaning (text or missing, shown as given), percentile (NaN where the value is
    missing), spammer_percentile, legitimate_percentile (of the medians; NaN where there is none), all 0 to 100, and
    contribution (log-odds), drawn strongest first. Without contribution, in a blind case, the rows keep their order
    and the tracks take the full width.
    """
    told, colour = "contribution" in frame, PALETTE[theme]
    rows = _rows(frame, colour)
    traces = [*_tracks(rows, colour), *(_pushes(rows, colour) if told else ())]
    figure = go.Figure(traces, _layout(rows, theme, told=told))
    return titled(figure, "What the model saw", _sub(len(rows), told=told), _alt(rows, told=told))


def _sub(n: int, *, told: bool) -> str:
    if not told:
        return "where this user stands among all users"
    which = "the value" if n == 1 else f"the {n} values"
    return f"{which} that moved this score most" if n else "no value moved this score"


def _rows(frame: pd.DataFrame, colour: Palette) -> list[_Row]:
    if "contribution" in frame:
        frame = frame.sort_values("contribution", key=lambda pushes: -pushes.abs(), kind="stable")
    pushes = frame["contribution"].tolist() if "contribution" in frame else [None] * len(frame)
    places = (frame[name].tolist() for name in ("percentile", "spammer_percentile", "legitimate_percentile"))
    numbers = zip(*places, pushes, strict=True)
    names, values, meanings = (frame[name].tolist() for name in ("feature", "value_text", "meaning"))
    given = zip(names, values, meanings, numbers, strict=True)
    return [_row(name, value, meaning, four, colour) for name, value, meaning, four in given]


def _row(feature: object, value: object, meaning: object, numbers: _Numbers, colour: Palette) -> _Row:
    name = str(feature)
    text = words.MISSING if value is None or value != value or value == "" else str(value)  # noqa: PLR0124 - NaN
    words_for = meaning if isinstance(meaning, str) else ""
    label = f"{escape_label(name, NAME)} = <b>{escape_label(text, VALUE)}</b>"
    hover = f"{escape_label(name)} = <b>{escape_label(text)}</b>"
    if words_for:
        label += f"<br>{small(escape_label(words_for, MEANING), colour)}"
        hover += f"<br>{escape_label(words_for)}"
    width = max(width_of(f"{cut(name, NAME)} = {cut(text, VALUE)}"), 0.92 * width_of(cut(words_for, MEANING)))
    return _Row(label, width, hover, f"{words.legible(name)} = {words.legible(text)}", *numbers)


def _tracks(rows: list[_Row], colour: Palette) -> list[Part]:
    """A trace of each kind: the tracks, the medians, the user. Where both medians are one, the longer grey shows."""
    track = {
        "type": "scatter", "mode": "lines", "name": "track", "x": [0, 100, None] * len(rows), "hoverinfo": "skip",
        "y": [y for i in range(len(rows)) for y in (i, i, None)], "line": {"color": colour["faint"], "width": 6},
        "cliponaxis": False,
    }  # fmt: skip
    user = _marks("percentile", [row.percentile for row in rows], {"symbol": "diamond", "size": 11}, colour["accent"])
    return [
        track,
        _medians("legitimate", [row.legitimate for row in rows], 15, colour["population"]),
        _medians("spammer", [row.spammer for row in rows], 12, colour["ink"]),
        user | {"hoverinfo": "text", "hovertext": [_whole(row) for row in rows]},
    ]


def _medians(who: str, percentiles: list[float], size: int, tint: str) -> Part:
    marker = {"symbol": "line-ns", "size": size, "line": {"width": 2, "color": tint}}
    hover = {"hovertemplate": f"median {who}: percentile %{{x:.0f}}<extra></extra>"}
    return _marks(f"{who}_percentile", percentiles, marker, tint) | hover


def _marks(name: str, percentiles: list[float], marker: Part, tint: str) -> Part:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": [round(each, 2) for each in percentiles],
        "y": list(range(len(percentiles))), "marker": marker | {"color": tint}, "cliponaxis": False,
    }  # fmt: skip


def _whole(row: _Row) -> str:
    """Name, value and meaning in full, and where the value stands."""
    where = "" if math.isnan(row.percentile) else f"<br>percentile {row.percentile:.0f}"
    return row.hover + where + ("" if row.push is None else f"<br>contribution {words.signed(row.push, 3)}")


def _pushes(rows: list[_Row], colour: Palette) -> list[Part]:
    """The bars, and each figure right of its bar or of zero: there it never meets a track."""
    pushes, at = _drawn(rows), list(range(len(rows)))
    bars = {
        "type": "bar", "orientation": "h", "name": "contribution", "x": pushes, "y": at, "width": 0.4, "xaxis": "x2",
        "marker": {"color": [colour["ink" if push > 0 else "population"] for push in pushes], "line": {"width": 0}},
        "hoverinfo": "text", "hovertext": [_whole(row) for row in rows],
    }  # fmt: skip
    figures = {
        "type": "scatter", "mode": "markers+text", "name": "numbers", "x": [max(push, 0.0) for push in pushes], "y": at,
        "xaxis": "x2", "text": [words.signed(push) for push in pushes], "textposition": "middle right",
        "marker": {"size": 6, "opacity": 0}, "hoverinfo": "skip", "cliponaxis": False,
    }  # fmt: skip
    return [bars, figures]


@cache
def _ground(theme: Theme, *, told: bool) -> Part:
    """Margins and axes, worked out once: plotly takes longer to update a layout than for all the rest."""
    axes: Part = {"xaxis": {}, "yaxis": {}} | ({"xaxis2": {}} if told else {})
    lines, right, below = 1 + told, FIGURES if told else 14, BELOW - LAST * (not told)
    figure = base(go.Figure(layout=axes), theme=theme, right=right, top=LINE_ABOVE * lines + 8, bottom=below)
    ground: Part = figure.to_plotly_json()["layout"]
    ground["xaxis"] |= {
        "domain": TRACKS if told else (0, 1), "range": (0, 100), "dtick": 25, "tickangle": 0, "showline": False,
        "title": ground["xaxis"]["title"] | {"text": f"percentile{'<br>' if told else ' '}among all users"},
    }  # fmt: skip
    ground["yaxis"] |= {"showgrid": False, "tickfont": {"size": 12, "color": PALETTE[theme]["ink"]}}
    if told:
        ground["xaxis2"] |= {
            "domain": BARS, "anchor": "y", "showticklabels": False, "showline": False, "ticks": "", "zeroline": True,
            "zerolinecolor": PALETTE[theme]["muted"], "zerolinewidth": 1,
        }  # fmt: skip
    return ground


def _layout(rows: list[_Row], theme: Theme, *, told: bool) -> Part:
    ground, colour, count = _ground(theme, told=told), PALETTE[theme], max(len(rows), 1)
    row = 40 if any("<br>" in each.label for each in rows) else 28
    own: Part = {
        "height": row * count + ground["margin"]["t"] + ground["margin"]["b"],
        "yaxis": ground["yaxis"] | {
            "range": (count - 0.5, -0.5), "tickvals": list(range(len(rows))), "ticktext": [each.label for each in rows]
        },
        "annotations": [_key(rows, colour, told=told), *_missing(rows, colour)],
    }  # fmt: skip
    if told:
        low, high = _ends(rows)
        own["annotations"] += _push_words(low, high, colour)
        own["xaxis2"] = ground["xaxis2"] | {"range": (low, high if high > low else 1.0)}
    return ground | own


def _ends(rows: list[_Row]) -> tuple[float, float]:
    pushes = _drawn(rows)
    return min([0.0, *pushes]), max([0.0, *pushes])


def _drawn(rows: list[_Row]) -> list[float]:
    """The pushes as they are drawn; the axis ends with them too, for what lies beyond it is not drawn."""
    return [round(row.push or 0.0, 4) for row in rows]


def _key(rows: list[_Row], colour: Palette, *, told: bool) -> Part:
    """The words for the marks, from the left end of the tracks, or from further left where labels are wide."""
    text = "&nbsp;&nbsp; ".join(
        f'<span style="color:{colour[tint]}"><b>{mark}</b></span>&nbsp;<span style="color:{colour[of]}">{whose}</span>'
        for tint, mark, of, whose in (
            ("accent", "◆", "accent", "this user"), ("ink", "|", "ink", "median spammer"),
            ("population", "|", "muted", "median legitimate"),
        )
    )  # fmt: skip
    back = max([0.0, *(row.width - KEY_FROM for row in rows)])
    place = {"xref": "x domain", "xshift": -round(back), "yshift": 6 + LINE_ABOVE * told}
    return _label(f'<span style="font-size:11px">{text}</span>', 0, 1, yref="paper", yanchor="bottom") | place


def _missing(rows: list[_Row], colour: Palette) -> list[Part]:
    """The word on the track of each value that is missing, where no tick stands."""
    text = small(words.MISSING, colour)
    return [
        _label(text, 0, i, yref="y", hovertext=_whole(row), bgcolor=colour["background"]) | _free(row)
        for i, row in enumerate(rows)
        if math.isnan(row.percentile)
    ]


def _free(row: _Row) -> Part:
    """The place on a track, left, middle or right, farthest from both medians."""
    ticks = [each for each in (row.spammer, row.legitimate) if not math.isnan(each)]
    places = {18: (0, "left"), 50: (50, "center"), 82: (100, "right")}  # middle of the word: where it is pinned
    middle = max(places, key=lambda place: min((abs(place - tick) for tick in ticks), default=0.0))
    x, side = places[middle]
    return {"x": x, "xanchor": side}


def _push_words(low: float, high: float, colour: Palette) -> list[Part]:
    """Which way is which, above the bars, and what they are, below."""
    left = low < 0 and high == 0
    side = {"x": 1, "xanchor": "right", "xshift": FIGURES} if left else {"x": 0, "xanchor": "left"}
    towards = _label(small("← to legitimate" if left else "to spammer →", colour), 0, 1) | side
    unit = _label(small("contribution,<br>log-odds", colour), 0.5, 0)
    return [
        towards | {"xref": "x2 domain", "yref": "paper", "yanchor": "bottom", "yshift": 6},
        unit | {"xref": "x2 domain", "yref": "paper", "xanchor": "center", "yanchor": "top",
                "xshift": FIGURES // 2, "yshift": 1 - UNITS},
    ]  # fmt: skip


def _alt(rows: list[_Row], *, told: bool) -> str:
    what = "Values of this user among all users" + (", and their contributions in log-odds" if told else "")
    return f"{what}: {'; '.join(map(_told, rows)) or 'none'}."


def _told(row: _Row) -> str:
    """A row in words: what is known of it, and no more."""
    parts = [row.name] + ([] if math.isnan(row.percentile) else [f"percentile {row.percentile:.0f}"])
    parts += [] if row.push is None else [f"contribution {words.signed(row.push)}"]
    medians = (("spammer", row.spammer), ("legitimate", row.legitimate))
    return ", ".join(parts + [f"median {who} {where:.0f}" for who, where in medians if not math.isnan(where)])


def _label(text: str, x: float, y: float, **place: Any) -> Part:
    return {"text": text, "x": x, "y": y, "showarrow": False, "xanchor": "left", **place}
