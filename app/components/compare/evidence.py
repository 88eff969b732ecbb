"""Differences in standard errors, and the curves, calibration and scores of both models."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, cast

import pandas as pd
import streamlit as st

from app import charts, comparing
from app.charts.two_curves import Curve
from app.comparing import SIDES, View
from app.components.figure import figure, theme
from app.words import UNKNOWN, label, plain, signed
from core.decision.policy import BANDS
from core.model.difference import LOWER_IS_BETTER, Difference

_TABS: Final = {"PR": "pr", "ROC": "roc", "Gain": "gain", "Calibration": "calibration", "Scores": "scores"}
_WHOLE: Final = {"pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier, reversed"}
_AT: Final = {"precision": "Precision", "recall": "Recall", "cost": "Cost, reversed"}


@st.fragment
def differences(view: View) -> None:
    """One dot and interval a figure: three of the whole ranking, three above the threshold of a band."""
    bands = [band for band in BANDS if band in view.found.thresholds]
    found = view.found.comparison
    place = st.container()
    band = st.segmented_control(
        "Above", bands, default=bands[len(bands) // 2], required=True, format_func=_above(view), key="differences_at",
        label_visibility="collapsed",
    )  # fmt: skip
    rows = [_row(name, found.difference(key)) for key, name in _WHOLE.items()]
    rows += [
        _row(f"{name} above {view.found.thresholds[band]:g}", found.difference(key, band)) for key, name in _AT.items()
    ]
    a, b = map(comparing.short, view.names)
    with place:
        figure(charts.differences(pd.DataFrame(rows), a=a, b=b, theme=theme()), key="differences")


@st.fragment
def curves(view: View) -> None:
    """Tabs, each drawn when it is opened."""
    tabs = st.tabs(list(_TABS), on_change="rerun", key="compare_curves")
    for tab, which in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                _drawn(view, which)


def _drawn(view: View, which: str) -> None:
    names = (comparing.short(view.names[0]), comparing.short(view.names[1]))
    if which == "scores":
        tables = [comparing.distribution(view, side) for side in SIDES]
        figure(charts.score_lines(*tables, names=names, theme=theme()), key="score_lines")
    elif which == "calibration":
        tables = [pd.DataFrame([asdict(group) for group in each.reliability]) for each in view.found.comparison.figures]
        figure(
            charts.reliabilities(*tables, names=names, theme=theme()), key="reliabilities", table=_groups(view, tables)
        )
        _calibration(view, names)
    else:
        a, b = (comparing.curves(view, side) for side in SIDES)
        marks = comparing.at_thresholds(view, "a"), comparing.at_thresholds(view, "b")
        found = view.found.comparison
        fig = charts.curves(
            cast(Curve, which), a, b, names=names, marks=marks, base_rate=found.positives / found.n, theme=theme()
        )
        figure(fig, key=f"curve-{which}", table=pd.concat([a.assign(model=names[0]), b.assign(model=names[1])]))


def _calibration(view: View, names: tuple[str, str]) -> None:
    """ECE, and the Brier score in its parts."""
    rows = []
    for side, name, figures in zip(SIDES, names, view.found.comparison.figures, strict=True):
        parts, ece = comparing.decomposition(view, side), figures.overall["ece"].value
        rows.append({"Model": plain(name), "ECE": ece, "Brier": parts.brier, "Reliability": parts.reliability,
                     "Resolution": parts.resolution, "Uncertainty": parts.uncertainty})  # fmt: skip
    frame = pd.DataFrame(rows)
    digits: dict[Any, Any] = {name: "{:.4f}" if name in {"ECE", "Brier"} else "{:.5f}" for name in frame.columns[1:]}
    st.table(frame.style.format(digits, na_rep=UNKNOWN), border="horizontal", hide_index=True)
    st.caption(
        "Brier = reliability − resolution + uncertainty, up to what bins hide; less reliability and more resolution "
        "are better."
    )


def _groups(view: View, tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table.assign(model=name) for table, name in zip(tables, view.names, strict=True)])


def _above(view: View) -> Any:
    return lambda band: f"{label(band)} {view.found.thresholds[band]:g}"


def _row(name: str, difference: Difference) -> dict[str, object]:
    found = difference.difference
    known = found.value is not None and found.low is not None and found.high is not None
    nan = float("nan")
    return {
        "figure": name, "value": found.value if known else nan, "low": found.low if known else nan,
        "high": found.high if known else nan, "sign": -1 if difference.figure in LOWER_IS_BETTER else 1,
        "text": _text(difference),
    }  # fmt: skip


def _text(difference: Difference) -> str:
    found = difference.difference
    sign = -1 if difference.figure in LOWER_IS_BETTER else 1
    if found.value is None:
        return UNKNOWN
    digits = 3 if abs(found.value) >= 0.01 else 4
    if found.low is None or found.high is None:
        return f"{signed(sign * found.value, digits)}, too few"
    low, high = sorted((sign * found.low, sign * found.high))
    return f"{signed(sign * found.value, digits)} ({signed(low, digits)} to {signed(high, digits)})"
