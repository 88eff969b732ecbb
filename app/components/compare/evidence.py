"""Differences in standard errors, and the curves, calibration and scores of both models."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, cast

import pandas as pd
import streamlit as st

from app import charts
from app.charts.two_curves import Curve
from app.components.shared import costs
from app.components.shared.figure import figure, theme
from app.queries import compare
from app.queries.compare import SIDES, View
from app.tables import comparison as tables
from app.words import UNKNOWN, label, plain
from core.policy.bands import BANDS

_RANKING: Final = {"PR": "pr", "ROC": "roc", "Gain": "gain", "Lift": "lift"}
_TABS: Final = {**_RANKING, "Cost": "cost", "Calibration": "calibration", "Scores": "scores"}


@st.fragment
def differences(view: View) -> None:
    """One dot and interval a figure: three of the whole ranking, three above the threshold of a band."""
    bands = [band for band in BANDS if band in view.found.thresholds]
    a, b = map(tables.short, view.names)
    if not bands:
        rows = tables.differences(view.found, "")
        figure(charts.differences(rows, a=a, b=b, theme=theme()), key="differences", of=f"{a} {b}", table=rows)
        return
    place = st.container()
    band = st.segmented_control(
        "Above", bands, default=bands[len(bands) // 2], required=True, format_func=_above(view), key="differences_at",
        label_visibility="collapsed",
    )  # fmt: skip
    rows = tables.differences(view.found, band)
    for sentence in tables.apart(compare.lead(view), band):
        st.caption(plain(sentence))
    with place:
        figure(charts.differences(rows, a=a, b=b, theme=theme()), key="differences", of=f"{a} {b}", table=rows)


@st.fragment
def curves(view: View) -> None:
    """Tabs, each drawn when it is opened."""
    shown = _TABS if view.found.comparison.by_probability else _RANKING
    tabs = st.tabs(list(shown), on_change="rerun", key="compare_curves")
    for tab, which in zip(tabs, shown.values(), strict=True):
        if tab.open:
            with tab:
                _drawn(view, which)


def _drawn(view: View, which: str) -> None:
    names = (tables.short(view.names[0]), tables.short(view.names[1]))
    if which == "scores":
        frames = [compare.distribution(view, side) for side in SIDES]
        figure(charts.score_lines(*frames, names=names, theme=theme()), key="score_lines", of=" ".join(names))
    elif which == "lift":
        a, b = (compare.lift(view, side) for side in SIDES)
        drawn = charts.lift(a, b, names=names, theme=theme())
        figure(drawn, key="lift", of=" ".join(names), table=_named(names, a, b))
    elif which == "cost":
        _cost(view, names)
    elif which == "calibration":
        frames = [pd.DataFrame([asdict(group) for group in each.reliability]) for each in view.found.comparison.figures]
        figure(
            charts.reliabilities(*frames, names=names, theme=theme()),
            key="reliabilities",
            of=" ".join(names),
            table=_groups(view, frames),
        )
        _calibration(view)
    else:
        a, b = (compare.curves(view, side) for side in SIDES)
        marks = compare.at_thresholds(view, "a"), compare.at_thresholds(view, "b")
        comparison = view.found.comparison
        fig = charts.curves(
            cast(Curve, which),
            a,
            b,
            names=names,
            marks=marks,
            base_rate=comparison.positives / comparison.n,
            theme=theme(),
        )
        figure(fig, key=f"curve-{which}", of=" ".join(names), table=_named(names, a, b))


def _cost(view: View, names: tuple[str, str]) -> None:
    """What decisions cost at each threshold, at the costs of the Planner."""
    a, b = (compare.expected_cost(view, side, costs.at_review()) for side in SIDES)
    thresholds = list(view.found.thresholds.values())
    drawn = charts.expected_cost(a, b, names=names, thresholds=thresholds, theme=theme())
    figure(drawn, key="cost", of=" ".join(names), table=_named(names, a, b))
    costs.told("curve")


def _named(names: tuple[str, str], a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Both curves in one table, each row with its model."""
    return pd.concat([a.assign(model=names[0]), b.assign(model=names[1])])


def _calibration(view: View) -> None:
    """ECE, and the Brier score in its parts."""
    frame = tables.calibration(view.found, [compare.decomposition(view, side) for side in SIDES])
    frame["Model"] = frame["Model"].map(plain)
    digits: dict[Any, Any] = {name: "{:.4f}" if name in {"ECE", "Brier"} else "{:.5f}" for name in frame.columns[1:]}
    st.table(frame.style.format(digits, na_rep=UNKNOWN), border="horizontal", hide_index=True)
    st.caption(tables.BRIER)


def _groups(view: View, frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table.assign(model=name) for table, name in zip(frames, view.names, strict=True)])


def _above(view: View) -> Any:
    return lambda band: f"{label(band)} {view.found.thresholds[band]:g}"
