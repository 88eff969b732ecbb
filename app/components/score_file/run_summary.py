"""A run at a glance: the score distribution with its bands, and how many users are in each."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
import streamlit as st

from app import charts
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.words import badge, count, percent
from core.policy.bands import BANDS
from core.scoring.runs import Run


def run_summary(run: Run, probability: np.ndarray) -> None:
    """Two thirds the histogram, one third the counts. probability: (n,) of the run's users."""
    halves = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with halves.cell(column_span=2):
        counts = np.histogram(probability, bins=50, range=(0.0, 1.0))[0]
        figure(charts.score_histogram(counts, run.policy.thresholds, dict(run.counts), theme=theme()), key="scores")
    with halves.cell():
        section("Actions")
        st.table(_counts(run), border="horizontal", hide_index=True)
        to_review = run.counts["auto_remove"]
        if to_review and not run.policy.armed:
            st.caption(f"Auto-remove is not armed: its {count(to_review)} users go to human review.")


def _counts(run: Run) -> pd.io.formats.style.Styler:
    bands = list(reversed(BANDS))
    frame = pd.DataFrame(
        {
            "Band": [badge(band) for band in bands],
            "Users": [run.counts[band] for band in bands],
            "Share": [run.counts[band] / max(run.users, 1) for band in bands],
        }
    )
    return frame.style.format({"Users": "{:,}", "Share": _percent})


def _percent(share: object) -> str:
    return percent(cast(float, share), 2)
