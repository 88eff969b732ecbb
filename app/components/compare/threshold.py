"""Confusion matrices at a threshold: moved by hand, or set by what it should reach."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app import charts
from app.components.shared import costs
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.queries import compare
from app.queries.compare import SIDES, View
from app.tables import comparison as tables
from app.words import UNKNOWN, percent, plain
from core.evaluation.thresholds import Confusion, Sweep

_ASKED: Final = ("threshold", "recall", "precision", "flag rate", "cost")
_HELP: Final = {
    "threshold": "Users scored above are flagged",
    "recall": "The fewest flagged users that hold at least this share of the spammers",
    "precision": "The most spammers caught while at least this share of the flagged are spammers",
    "flag rate": "The most users flagged, at most this share of all",
}
_SHARES: Final = ("Precision", "Recall", "Flag rate")
#: Numbers stay numbers, so that the table lines them up at the right.
_FORMATS: Final[dict[str, Any]] = {
    "Model": str, "Above": "{:.3f}", "Flagged": "{:,.0f}", **dict.fromkeys(_SHARES, lambda share: percent(share, 2)),
    "Cost": "{:,.1f}",
}  # fmt: skip
_TYPES: Final = {name: "float64" for name in _FORMATS if name != "Model"}
_START: Final = {"recall": 70, "precision": 80, "flag rate": 2}


@st.fragment
def threshold(view: View) -> None:
    section("At a threshold", "each model at its own, set by what you ask for")
    # A threshold set by hand means the same for both only where both hold probabilities.
    asked = _ASKED if view.found.comparison.by_probability else _ASKED[1:]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        wish = st.segmented_control(
            "Set by", asked, default=asked[0], required=True, format_func=str.capitalize, key="threshold_by"
        )
        found = _wished(view, wish)
    names = (tables.short(view.names[0]), tables.short(view.names[1]))
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    for side, name, each in zip(SIDES, names, found, strict=True):
        with halves.cell():
            if each is None:
                section(plain(name), "no threshold reaches this precision")
            else:
                figure(charts.confusion(each, name=name, theme=theme()), key=f"confusion-{side}", of=name)
    frame = pd.DataFrame([_row(*pair) for pair in zip(names, found, strict=True)], columns=list(_FORMATS))
    st.table(frame.astype(_TYPES).style.format(_FORMATS, na_rep=UNKNOWN), border="horizontal", hide_index=True)
    costs.told("threshold")


def _wished(view: View, wish: str) -> tuple[Confusion | None, Confusion | None]:
    a, b = (compare.sweep(view, side) for side in SIDES)
    if wish == "cost":
        return a.at_cost(costs.at_review()), b.at_cost(costs.at_review())
    if wish == "threshold":
        middle = sorted(view.found.thresholds.values())[len(view.found.thresholds) // 2]
        above = st.slider("Threshold", 0.0, 1.0, middle, 0.01, key="threshold_at", width=320, help=_HELP[wish])
        return a.confusion(above), b.confusion(above)
    share = st.slider(wish.capitalize(), 0.0, 100.0, float(_START[wish]), 0.5, format="%.1f %%", width=320,
                      key=f"threshold_{wish}", help=_HELP[wish]) / 100  # fmt: skip
    return _at(a, wish, share), _at(b, wish, share)


def _at(sweep: Sweep, wish: str, share: float) -> Confusion | None:
    if wish == "recall":
        return sweep.at_recall(share)
    return sweep.at_precision(share) if wish == "precision" else sweep.at_flag_rate(share)


def _row(name: str, confusion: Confusion | None) -> dict[str, object]:
    if confusion is None:
        return {"Model": plain(name)}
    return {"Model": plain(name), **tables.at_threshold(confusion, costs.at_review())}
