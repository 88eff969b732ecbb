"""The search for settings of a training run: its trials, the best of them, and what that one was set to."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import charts
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.components.train import run_words
from app.tables.cells import safe
from app.words import UNKNOWN, decimal, plain
from core.training.training_runs import TrainingRun


def search(kept: TrainingRun) -> None:
    """Nothing is drawn where there was no search."""
    if not kept.search:
        return
    frame = run_words.trials(kept.search)
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        figure(charts.search(frame, theme=theme()), key=f"search-{kept.id}", table=frame)
        if said := sentence(frame):
            st.caption(said)
    with halves.cell():
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            section("Trials", "best first", width="stretch")
            numbers(frame, f"trials-{kept.id}")
        _table(frame)
    home = kept.options.get("parameters") or {}
    if home:
        used = " · ".join(f"{name} {run_words.parameter(value)}" for name, value in home.items())
        st.caption(f"Home used: {plain(used)}")


def sentence(frame: pd.DataFrame) -> str:
    """What the search gained over its first trial, the one with default settings; "" without a complete trial.

    >>> sentence(pd.DataFrame({"trial": [1, 2], "state": ["complete"] * 2, "value": [0.41, 0.45]}))
    'Trial 2 is the best: 0.4500, where the default settings, trial 1, have 0.4100.'
    """
    whole = frame[frame["state"] == "complete"]
    found = dict(zip(whole["trial"].tolist(), whole["value"].tolist(), strict=True))
    if not found:
        return ""
    best = max(found, key=found.__getitem__)
    if best == 1:
        return "No trial is better than the first, the one with default settings."
    before = f", where the default settings, trial 1, have {decimal(found[1], 4)}" if 1 in found else ""
    return f"Trial {best} is the best: {decimal(found[best], 4)}{before}."


def _table(frame: pd.DataFrame) -> None:
    whole = frame["state"].map({"complete": 0}).fillna(1)
    order = frame.assign(whole=whole).sort_values(["whole", "value"], ascending=[True, False]).index
    shown = frame.loc[order].assign(state=frame["state"].map(run_words.ENDED))
    st.dataframe(
        safe(shown), hide_index=True, row_height=32, height=270, placeholder=UNKNOWN, alt="Trials, best first",
        column_config={
            "trial": st.column_config.NumberColumn("Trial", pinned=True),
            "state": "State",
            "value": st.column_config.NumberColumn("PR-AUC", format="%.4f", help="Mean of the folds"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%.1f"),
        },
    )  # fmt: skip
