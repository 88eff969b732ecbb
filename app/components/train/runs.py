"""All training runs of this home as a table, and which of them the page is about; that stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.components.train import run_words
from app.tables.cells import safe
from app.words import UNKNOWN, legible
from core.training.training_runs import TrainingRun
from core.wording import count as counted

ADDRESS: Final = "run"


def chosen(found: Sequence[TrainingRun]) -> TrainingRun:
    """The run in the address, else the newest. found: newest first, at least one."""
    text = st.query_params.get(ADDRESS)
    return next((each for each in found if each.id == text), found[0])


def runs(found: Sequence[TrainingRun], picked: TrainingRun, champion: str | None) -> None:
    """The table, newest first, with the row of the run that is open; selecting another opens that one."""
    key = f"candidates-{found[0].id}"  # a new run moves all rows down
    section("Training runs", f"{counted(len(found), 'run')}, newest first; select a row to open the run")
    st.dataframe(
        safe(pd.DataFrame([_row(kept, champion) for kept in found])), hide_index=True, row_height=32,
        height=min(35 + 32 * len(found) + 3, 230), key=key, on_select=lambda: _choose(key, found),
        selection_mode="single-row", placeholder=UNKNOWN,
        selection_default={"selection": {"rows": [found.index(picked)]}},
        alt="Training runs: state, family, PR-AUC, ROC-AUC and ECE on held-out users, users, options, when and by "
        "whom, seconds, version in the registry",
        column_config={
            "Run": st.column_config.TextColumn(pinned=True),
            "State": st.column_config.TextColumn(width=75),
            "Users": st.column_config.TextColumn(width=150, help="The labelled dataset"),
            "By": st.column_config.TextColumn(width=75),
            "Options": st.column_config.TextColumn(width=170),
            "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone),
            "PR-AUC": st.column_config.TextColumn(
                alignment="right", help="On held-out users, with the 95 % interval; comparable on the same data only"
            ),
            "ROC-AUC": st.column_config.NumberColumn(format="%.4f", help="On held-out users"),
            "ECE": st.column_config.NumberColumn(
                format="%.4f", help="Mean gap between probability and share of spammers on held-out users"
            ),
            "Seconds": st.column_config.NumberColumn(format="%.0f"),
            "Version": st.column_config.TextColumn(help="In the registry; only XGBoost can be promoted"),
        },
    )  # fmt: skip


def _choose(key: str, found: Sequence[TrainingRun]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(found):
        st.query_params[ADDRESS] = found[rows[0]].id
    else:
        st.query_params.pop(ADDRESS, None)


def _row(run: TrainingRun, champion: str | None) -> dict[str, Any]:
    overall = run.figures.overall
    return {
        "Run": run.id,
        "State": "live" if run.version and run.version == champion else "",
        "Family": legible(run_words.family(run.family)),
        "PR-AUC": run_words.estimate(overall["pr_auc"]),
        "ROC-AUC": overall["roc_auc"].value,
        "ECE": overall["ece"].value,
        "Users": legible(run.data.name),
        "Options": legible(run_words.options(run)),
        "When": run.created,
        "By": legible(run.by) if run.by else UNKNOWN,
        "Seconds": run.seconds,
        "Version": run.version or UNKNOWN,
    }
