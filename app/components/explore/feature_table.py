"""The feature table: every feature on a row, the ones the model uses most first; a row leads to its feature."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.components.explore.one_feature import FRAGMENT
from app.components.explore.summary import look_at
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.components.shared.working import working
from app.queries import explore
from app.tables.cells import safe
from app.words import UNKNOWN
from core.registry.registry import Model
from core.scoring.view import View
from core.wording import count as counted

_KEY = "feature_table"


@st.fragment
def feature_table(view: View, model: Model | None) -> None:
    with working("Counting") as progress:
        frame = explore.table(view, model, progress=progress)
    used = ""
    if model is not None:
        use = explore.use(view, model)
        frame = frame.assign(use=frame["feature"].map(use.mean)).sort_values(
            "use", ascending=False, kind="stable", ignore_index=True
        )
        used = f"by use in {model.version}, on a sample of {counted(len(use.rows), 'user')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        section(f"{len(frame)} features", used, width="stretch")
        wanted = st.text_input(
            "Find", placeholder="Find a feature", icon=":material/search:", width=180, key="find_feature",
            label_visibility="collapsed",
        )  # fmt: skip
        numbers(frame.drop(columns="spark"), "features")
    shown = frame[_mentions(frame, wanted)].reset_index(drop=True)
    if shown.empty:
        st.caption("No feature has this in its name or meaning.")
        return
    st.session_state["_shown_features"] = shown["feature"].tolist()
    st.dataframe(
        safe(shown[[name for name in _columns(shown) if name in shown]]), hide_index=True, placeholder=UNKNOWN,
        row_height=34, height=620,
        key=_KEY, on_select=_chosen, selection_mode="single-row", column_config=_columns(shown),
        alt=f"{len(shown)} features with kind, distribution, use by the model, ROC-AUC, PSI, missing share, quantiles",
    )  # fmt: skip
    st.caption("Scroll the table sideways for mutual information, quantiles, mean and meaning.")


def _chosen() -> None:
    rows = st.session_state[_KEY]["selection"]["rows"]
    names = st.session_state["_shown_features"]
    if rows and rows[0] < len(names):
        look_at(names[rows[0]])
    st.rerun(FRAGMENT)


def _mentions(frame: pd.DataFrame, wanted: str) -> pd.Series[bool]:
    texts = frame["feature"].str.cat(frame["meaning"], sep=" ")
    return texts.str.contains(wanted.strip(), case=False, regex=False)


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    column = st.column_config
    use = float(frame["use"].max()) if "use" in frame and frame["use"].notna().any() else 1.0
    return {
        # Widths that add up: beside the chart, at 1440 px, the table ends after PSI instead of within a column.
        "feature": column.TextColumn("Feature", pinned=True, width=58),
        "kind": column.TextColumn("Kind", width=56),
        "spark": column.BarChartColumn(
            "Distribution", color="gray", width=96, help="Users in up to 16 bins, lowest values first"
        ),
        "use": column.ProgressColumn(
            "Use",
            min_value=0,
            max_value=use or 1.0,
            format="%.2f",
            color="gray",
            width=106,
            help="Mean |SHAP|, log-odds",
        ),
        "auc": column.NumberColumn("AUC", format="%.3f", width=56, help="ROC-AUC of the value alone for the label"),
        "missing": column.NumberColumn("Missing", format="percent", width=66),
        "psi": column.NumberColumn("PSI", format="%.3f", width=56, help="Against the training baseline of the model"),
        "mi": column.NumberColumn("MI", format="%.4f", help="Mutual information with the label, nats, 64 bins"),
        "distinct": column.NumberColumn("Distinct", format="localized"),
        "min": column.NumberColumn("Min", format="%g"),
        "q05": column.NumberColumn("5 %", format="%g"),
        "q25": column.NumberColumn("25 %", format="%g"),
        "median": column.NumberColumn("Median", format="%g"),
        "q75": column.NumberColumn("75 %", format="%g"),
        "q95": column.NumberColumn("95 %", format="%g"),
        "max": column.NumberColumn("Max", format="%g"),
        "mean": column.NumberColumn("Mean", format="%.4g"),
        "meaning": column.TextColumn("Meaning", width="medium"),
    }
