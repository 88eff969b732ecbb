"""The latest runs as a table; choosing a row opens the run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.tables.cells import safe
from app.words import UNKNOWN
from core.scoring.runs import Run


def said(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Columns for what people say of runs: whether they were tests, and notes; only those in which something stands."""
    told = {"Test": ["test" if run.test else "" for run in runs], "Note": [run.note for run in runs]}
    return {name: column for name, column in told.items() if any(column)}


def run_list(title: str, runs: Sequence[Run]) -> str | None:
    """The id of the run somebody chose to open, else None; nothing is drawn without runs."""
    if not runs:
        return None
    section(title, "select a row to open the run")
    frame = pd.DataFrame(
        {
            "Run": [run.id for run in runs],
            "When": [run.created for run in runs],
            "File": [run.name for run in runs],
            "Users": [run.users for run in runs],
            "Flagged": [100 * run.flagged / max(run.users, 1) for run in runs],
            "Rejected": [run.rejected for run in runs],
            "Model": [run.model for run in runs],
        }
        | said(runs)
    )
    event = st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height=min(35 + 32 * len(runs) + 3, 230), key=f"runs-{title}",
        on_select="rerun", selection_mode="single-row", alt=f"{title}: run, time, file, users, flagged, rejected",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone),
            "Users": st.column_config.NumberColumn(format="localized"),
            "Flagged": st.column_config.NumberColumn(format="%.2f %%"),
            "Rejected": st.column_config.NumberColumn(format="localized"),
        },
    )  # fmt: skip
    rows = event["selection"]["rows"]
    return runs[rows[0]].id if rows else None
