"""The score and each feature against training: a table, most used first, and the one that is open, then and now."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app import charts
from app.components.monitor.choice import choose_feature, chosen_feature
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.queries import monitor, services
from app.tables.cells import safe
from app.words import UNKNOWN, legible, percent, plain
from core.errors import listed
from core.monitoring.drift import DRIFTED, USED, WATCH, Drift
from core.wording import count as counted

SCORE: Final = "(score)"
_ORDER: Final = {"drifted": 0, "watch": 1}
_TABLE: Final = "drift"


def features(found: Drift) -> None:
    frame = found.frame()
    # What has moved first, then by use, which is the order it comes in; the score leads each.
    ranks = frame["verdict"].map(_ORDER).fillna(2)
    frame = frame.iloc[ranks.sort_values(kind="stable").index].reset_index(drop=True)
    open_ = chosen_feature(frame["name"].tolist())
    key = f"{_TABLE}-{found.runs[0]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        section(
            "Against training", f"{counted(found.n, 'user')} of {listed(found.runs, most=3)}, {found.version}; "
            "select a row to see it", width="stretch",
        )  # fmt: skip
        numbers(frame, f"drift-{found.runs[0]}")
    st.dataframe(
        safe(_shown(frame)), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height=min(35 + 32 * len(frame) + 3, 356), key=key,
        on_select=lambda: _choose(key, frame), selection_mode="single-row", column_config=_columns(frame),
        selection_default={"selection": {"rows": [frame["name"].tolist().index(open_)]}},
        alt=f"The score and {len(frame) - 1} features: verdict, PSI, distances, missing share, use",
    )  # fmt: skip
    st.caption(
        f"Drifted: PSI {DRIFTED:g} or more, watch: {WATCH:g} or more, and beyond what chance gives to any of them in "
        "one of a thousand looks. Too few: chance alone could give as much. "
        f"A feature with less than {percent(USED, 0)} of the use raises no alert."
    )


def then_and_now(found: Drift) -> None:
    name = chosen_feature([each.name for each in found.features])
    frame = monitor.shape(found, name)
    shown = charts.then_and_now(frame, name or "Score", runs=listed(found.runs, most=3), theme=theme())
    figure(shown, key="then-and-now", of=f"{name or 'score'} {found.runs[0]}", table=frame)
    if name:
        st.caption(plain(services.meanings().sentence(name)))


def _choose(key: str, frame: pd.DataFrame) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    choose_feature(str(frame["name"].iloc[rows[0]]) if rows and rows[0] < len(frame) else "")


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    names = frame["name"].map(lambda name: legible(name) if name else SCORE)
    shares = {name: 100 * frame[name] for name in ("missing_before", "missing_now")}
    columns = ["name", "verdict", "psi", "chance", "ks", "js", "missing_before", "missing_now", "use"]
    return frame.assign(name=names, **shares)[columns]


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn("Feature", pinned=True),
        "verdict": column.TextColumn("State", width=80),
        "psi": column.NumberColumn("PSI", format="%.3f", help="Population stability index against training"),
        "chance": column.NumberColumn("By chance", format="%.3f", help="What PSI stays below when nothing has changed"),
        "ks": column.NumberColumn("KS", format="%.3f", help="Largest distance of the cumulated distributions"),
        "js": column.NumberColumn("JS", format="%.3f", help="Jensen-Shannon distance, 0 to 1"),
        "missing_before": column.NumberColumn("Missing then", format="%.2f %%"),
        "missing_now": column.NumberColumn("Missing now", format="%.2f %%"),
        "use": column.ProgressColumn(
            "Use", min_value=0, max_value=float(frame["use"].max()) or 1.0, format="%.3f", color="gray",
            help="Share of the mean |SHAP| of all features",
        ),
    }  # fmt: skip
