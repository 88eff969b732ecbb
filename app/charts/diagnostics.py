"""Figures of one version looked at closer: what disturbances cost, what each feature is worth, what more users add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import words
from app.charts.base import DOTTED, LINE, PALETTE, Palette, Theme, base, escape_label, note, spread, titled
from app.charts.parts import NAME, Numbers, cut, nothing

Measure = Literal["pr_auc", "roc_auc", "precision", "recall", "moved"]
#: Features drawn, of those that matter most; the table has the rest.
MOST: Final = 15
ROW: Final = 28  # px a row
VALUE: Final = 24  # characters of a feature beside its row
HEIGHT: Final = 260
TOP, BOTTOM = 8, 40
#: Px for the words at the ends of lines: "another user's 0.613".
ENDS: Final = 152
#: A kind of disturbance: its words at the end of its line, how the line is drawn, and how far its dots stand aside.
LINES: Final[dict[str, tuple[str, str, str, float]]] = {
    "missing": ("missing", "ink", "solid", 0.0),
    "swapped": ("another user's", "muted", "solid", -0.07),
    "jittered": ("a little off", "muted", DOTTED, 0.07),
}
_TITLE: Final[dict[Measure, str]] = {
    "pr_auc": "PR-AUC with spoilt values", "roc_auc": "ROC-AUC with spoilt values",
    "precision": "Precision with spoilt values", "recall": "Recall with spoilt values",
    "moved": "Users who change band with spoilt values",
}  # fmt: skip


def endurance(frame: pd.DataFrame, measure: Measure, *, version: str, theme: Theme) -> go.Figure:
    """A figure against the share of values spoilt, a line a kind of disturbance.

    frame: kind (undisturbed, missing, swapped or jittered), amount (share of values, or of a feature's spread), and
    the measure with its ends, such as pr_auc, pr_auc_low, pr_auc_high; NaN or None where not known.
    """
    colour = PALETTE[theme]
    levels = sorted({float(each) for each in frame["amount"]})
    figure, last = go.Figure(), []
    for kind, (word, tint, dash, aside) in LINES.items():
        rows = frame.loc[frame["kind"].isin(["undisturbed", kind])].sort_values("amount")
        value, low, high = _ends(rows, measure)
        at = [levels.index(float(each)) + aside * (each > 0) for each in rows["amount"]]
        figure.add_scatter(
            x=at, y=value, mode="lines+markers", name=kind, cliponaxis=False, hoverinfo="text",
            line={"color": colour[tint], "width": 2, "dash": dash}, marker={"color": colour[tint], "size": 5},
            error_y=_bars(value, low, high, colour[tint]),
            hovertext=[_hover(word, float(amount), each, measure)
                       for amount, *each in zip(rows["amount"], value, low, high, strict=True)],
        )  # fmt: skip
        last.append((word, tint, float(value[-1]) if len(value) else float("nan")))
    figure = base(figure, theme=theme, height=HEIGHT, right=ENDS, top=TOP, bottom=BOTTOM, left=52)
    _levels(figure, levels)
    bottom, top = _range(frame, measure)
    figure.update_yaxes(range=[bottom, top], nticks=6, tickformat=".0%" if measure == "moved" else ".2f")
    if levels:
        _line_ends(figure, last, len(levels) - 1, bottom, top, measure, colour)
    else:
        nothing(figure, "no users", theme=theme)
    what = "share of users" if measure == "moved" else version
    sub = f"{what}, 95{words.NARROW}% intervals; levels are evenly spaced"
    return titled(figure, _TITLE[measure], sub, _endurance_alt(frame, measure, version))


def dropped(frame: pd.DataFrame, *, version: str, theme: Theme) -> go.Figure:
    """What the version loses without each feature, of those that cost most.

    frame: a row a feature, strongest first: feature, lost_pr_auc with its ends, moved (share of users; both may be
    missing).
    """
    rows = frame.head(MOST)
    columns = {"PR-AUC": (_decimals(rows["lost_pr_auc"]), 60), "new band": (_percents(rows["moved"]), 132)}
    figure = _worth(rows, "lost_pr_auc", columns, theme=theme)
    of = "" if len(rows) == len(frame) else f"{len(rows)} of "
    sub = f"PR-AUC lost when it is missing, 95{words.NARROW}% interval; {of}{_features(len(frame))}"
    return titled(
        figure, f"{version} without one feature", sub, _worth_alt(rows, "lost_pr_auc", f"{version} without one feature")
    )


def importances(frame: pd.DataFrame, *, version: str, theme: Theme) -> go.Figure:
    """What permuting each feature costs, beside how far it moves scores.

    frame: a row a feature, strongest first: feature, lost with lost_low and lost_high (PR-AUC), shap (mean size of
    the push, log-odds).
    """
    rows = frame.head(MOST)
    colour = PALETTE[theme]
    columns = {"PR-AUC": (_decimals(rows["lost"]), 60)}
    figure = _worth(rows, "lost", columns, theme=theme, domain=(0.0, 0.52))
    push = _numbers(rows["shap"])
    figure.add_bar(
        x=push, y=list(range(len(rows))), orientation="h", width=0.5, xaxis="x2", name="shap", hoverinfo="text",
        marker={"color": colour["population"], "line_width": 0},
        hovertext=[f"{escape_label(str(name), NAME)}<br>mean contribution {words.decimal(size)} log-odds"
                   for name, size in zip(rows["feature"], push, strict=True)],
    )  # fmt: skip
    figure.update_layout(
        xaxis2={
            "domain": (0.68, 1.0), "anchor": "y", "range": [0, 1.02 * float(push.max(initial=0.0)) or 1.0],
            "showgrid": False, "showticklabels": False, "ticks": "", "fixedrange": True, "zeroline": False,
        }
    )  # fmt: skip
    for at, size in enumerate(push):
        note(figure, words.decimal(float(size)), 1, at, xref="x2 domain", xanchor="right", xshift=48)
    head = {"yref": "y domain", "yanchor": "bottom", "yshift": 2, "font": {"color": colour["muted"]}}
    note(figure, "mean contribution", 1, 1, xref="x2 domain", xanchor="right", xshift=48, **head)
    figure.update_layout(margin_r=56)
    of = "" if len(rows) == len(frame) else f"{len(rows)} of "
    sub = f"PR-AUC lost when permuted; mean |SHAP|, log-odds; {of}{_features(len(frame))}"
    return titled(figure, f"What {version} needs", sub, _worth_alt(rows, "lost", f"permuting features of {version}"))


def learning(frame: pd.DataFrame, *, name: str, n: int, theme: Theme) -> go.Figure:
    """PR-AUC on the test part, of n users, against the number of users learnt from, on a log scale.

    frame: users (ascending), pr_auc, pr_auc_low, pr_auc_high. name: of the dataset.
    """
    colour = PALETTE[theme]
    users, (value, low, high) = _numbers(frame["users"]), _ends(frame, "pr_auc")
    figure = go.Figure(
        go.Scatter(
            x=users, y=value, mode="lines+markers", name="pr_auc", cliponaxis=False, hoverinfo="text",
            line={"color": colour["ink"], "width": 2}, marker={"color": colour["ink"], "size": 7},
            error_y=_bars(value, low, high, colour["ink"]),
            hovertext=[f"{words.count(float(k))} users<br>PR-AUC {_interval(*each)}"
                       for k, *each in zip(users, value, low, high, strict=True)],
        )
    )  # fmt: skip
    figure = base(figure, theme=theme, height=HEIGHT, right=64, top=TOP + LINE, bottom=BOTTOM, left=52)
    figure.update_xaxes(type="log", tickangle=0, title_text="users learnt from, log scale")
    ends = np.concatenate([low, high])
    if len(users):
        pad = 0.15 * float(np.nanmax(ends) - np.nanmin(ends)) or 0.01
        figure.update_xaxes(
            tickvals=users, ticktext=[words.count(float(k)) for k in users],
            range=np.log10([users.min() / 1.15, users.max() * 1.15]).tolist(),
        )  # fmt: skip
        figure.update_yaxes(range=[float(np.nanmin(ends)) - pad, float(np.nanmax(ends)) + pad], tickformat=".2f")
        note(figure, f"<b>{words.decimal(float(value[-1]))}</b>", float(np.log10(users[-1])), value[-1], xshift=9)
    else:
        nothing(figure, "no users", theme=theme)
    sub = f"{words.count(n)} users of the test part, 95{words.NARROW}% intervals"
    alt = "; ".join(
        f"{words.decimal(float(y))} from {words.count(float(k))}" for k, y in zip(users, value, strict=True)
    )
    return titled(figure, "PR-AUC by users learnt from", sub, f"Learning curve of {name}: {alt or 'no users'}.")


def _worth(
    rows: pd.DataFrame, figure_of: str, columns: dict[str, tuple[list[str], int]], *, theme: Theme,
    domain: tuple[float, float] = (0.0, 1.0),
) -> go.Figure:  # fmt: skip
    """A dot and its interval for each feature; columns: head -> texts and their right end, in px from the axes."""
    colour, at = PALETTE[theme], list(range(len(rows)))
    value, low, high = _ends(rows, figure_of)
    bars = _bars(value, low, high, colour["ink"])
    figure = go.Figure(
        go.Scatter(
            x=value, y=at, mode="markers", name="lost", cliponaxis=False, hoverinfo="text", error_x=bars,
            marker={"size": 7, "color": colour["ink"]},
            hovertext=[f"{escape_label(str(name), NAME)}<br>{_interval(*each)} PR-AUC lost"
                       for name, *each in zip(rows["feature"], value, low, high, strict=True)],
        )
    )  # fmt: skip
    right = max(end for _, end in columns.values()) + 8
    figure = base(figure, theme=theme, height=ROW * max(len(rows), 2) + LINE + 34, right=right, top=LINE + 8, bottom=26)
    figure.update_yaxes(
        range=[max(len(rows), 1) - 0.5, -0.5], tickvals=at, showgrid=False,
        ticktext=[escape_label(cut(words.legible(str(name)), VALUE)) for name in rows["feature"]],
        tickfont={"size": 12, "color": colour["ink"]},
    )  # fmt: skip
    ends = np.concatenate([value, low, high, [0.0]])
    bottom, top = float(np.nanmin(ends)), float(np.nanmax(ends))
    pad = 0.04 * (top - bottom) or 0.01
    figure.update_xaxes(range=[bottom - pad * (bottom < 0), top + pad], nticks=5, tickangle=0, domain=domain)
    if bottom < 0:
        line = {"color": colour["muted"], "width": 1, "dash": DOTTED}
        figure.add_shape(type="line", x0=0, x1=0, y0=0, y1=1, yref="y domain", line=line, layer="below")
    if not at:
        nothing(figure, "no features", theme=theme)
        return figure
    grey = {"font": {"color": colour["muted"]}}
    for head, (texts, end) in columns.items():
        place: dict[str, Any] = {"xref": "x domain", "xanchor": "right", "xshift": end}
        note(figure, head, 1, 1, yref="y domain", yanchor="bottom", yshift=2, **place, **grey)
        for row, text in enumerate(texts):
            note(figure, text, 1, row, **place)
    return figure


def _levels(figure: go.Figure, levels: list[float]) -> None:
    text = [escape_label(words.percent(level, 0)) if level else "none" for level in levels]
    figure.update_xaxes(
        range=[-0.25, max(len(levels), 1) - 0.75], tickvals=list(range(len(levels))), ticktext=text, tickangle=0,
        title_text="share of values, or of the feature's spread",
    )  # fmt: skip


def _line_ends(
    figure: go.Figure, last: list[tuple[str, str, float]], x: float, bottom: float, top: float, measure: Measure,
    colour: Palette,
) -> None:  # fmt: skip
    """The words and the figure at each line's end, moved apart where they would touch."""
    known = [each for each in last if not np.isnan(each[2])]
    plot = HEIGHT - TOP - BOTTOM
    wanted = [(value - bottom) / (top - bottom) * plot for _, _, value in known]
    for (word, tint, value), want, place in zip(known, wanted, spread(wanted, LINE, 0, plot), strict=True):
        text = f"{word} <b>{escape_label(_told(value, measure))}</b>"
        note(figure, text, x, value, xshift=14, yshift=place - want, font={"color": colour[tint]})


def _range(frame: pd.DataFrame, measure: Measure) -> tuple[float, float]:
    value, low, high = _ends(frame, measure)
    ends = np.concatenate([value, low, high])
    known = ends[np.isfinite(ends)]
    if not len(known):
        return 0.0, 1.0
    bottom = min(0.5, float(known.min())) if measure == "roc_auc" else 0.0
    return bottom, bottom + 1.06 * (float(known.max()) - bottom or 0.01)


def _ends(frame: pd.DataFrame, name: str) -> tuple[Numbers, Numbers, Numbers]:
    value, low, high = (_numbers(frame[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return value, low, high


def _numbers(column: pd.Series[Any]) -> Numbers:
    return pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)


def _bars(value: Numbers, low: Numbers, high: Numbers, tint: str) -> dict[str, Any]:
    return {
        "type": "data", "symmetric": False, "array": np.nan_to_num(high - value), "width": 0, "thickness": 1.5,
        "arrayminus": np.nan_to_num(value - low), "color": tint,
    }  # fmt: skip


def _told(value: float, measure: Measure) -> str:
    return words.percent(value) if measure == "moved" else words.decimal(value)


def _interval(value: float, low: float, high: float) -> str:
    if np.isnan(low) or np.isnan(high):
        return words.decimal(value)
    return words.interval(value, low, high)


def _hover(word: str, amount: float, ends: Sequence[float], measure: Measure) -> str:
    scale = 100 if measure == "moved" else 1
    unit = f"{words.NARROW}%" if measure == "moved" else ""
    value, low, high = (scale * end for end in ends)
    said = f"{_interval(value, low, high)}{unit}"
    return f"{word}, {escape_label(words.percent(amount, 0))}<br>{said}" if amount else f"undisturbed<br>{said}"


def _decimals(column: pd.Series[Any]) -> list[str]:
    return [words.decimal(float(value)) for value in _numbers(column)]


def _percents(column: pd.Series[Any]) -> list[str]:
    return [escape_label(words.percent(float(value))) for value in _numbers(column)]


def _features(n: int) -> str:
    return f"{n} feature{'' if n == 1 else 's'}"


def _endurance_alt(frame: pd.DataFrame, measure: Measure, version: str) -> str:
    if frame.empty:
        return f"{_TITLE[measure]}: 0 users."
    first = frame.loc[frame["kind"] == "undisturbed", measure]
    parts = [f"undisturbed {_told(float(each), measure)}" for each in _numbers(first)]
    for kind, (word, *_) in LINES.items():
        rows = frame.loc[frame["kind"] == kind].sort_values("amount")
        if len(rows):
            value, most = float(_numbers(rows[measure])[-1]), float(rows["amount"].iloc[-1])
            parts.append(f"{_told(value, measure)} with {words.percent(most, 0)} of it ({word})")
    return f"{_TITLE[measure]}, {version}: {'; '.join(parts)}."


def _worth_alt(rows: pd.DataFrame, name: str, what: str) -> str:
    value = _numbers(rows[name])
    most = [f"{words.legible(str(feature))} {words.decimal(float(lost))}"
            for feature, lost in list(zip(rows["feature"], value, strict=True))[:3]]  # fmt: skip
    return f"PR-AUC lost, {what}, most first: {', '.join(most) or '0 features'}."
