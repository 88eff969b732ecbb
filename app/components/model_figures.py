"""The figures of a model with their intervals, the sample they come from, and where the model came from."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app.components.heading import section
from app.words import count, plain
from core.model.evaluate import Estimate, Figures
from core.model.registry import Model

NAMES: Final = {"pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier", "ece": "ECE"}


def model_figures(model: Model) -> None:
    """The short form: four figures, the sample, the training."""
    data, figures = model.metadata.data, model.metadata.figures
    section("Model in charge")
    figure_table(figures, first=model.version)
    st.caption(
        f"From and to: 95\u202f% interval, {count(figures.n)} held-out users, {count(figures.positives)} spammers. "
        f"Trained {model.metadata.created:%-d %b %Y} on {count(data.trained_on)} users of {plain(data.name)}."
    )


def figure_table(figures: Figures, *, first: str) -> None:
    """Four figures, value and interval; `first` heads the names."""
    frame = pd.DataFrame(
        [(NAMES[name], *cells(figure)) for name, figure in figures.overall.items()],
        columns=[first, "Value", "from", "to"],
    )
    numbers = frame.columns[1:]
    st.table(frame.style.format("{:.4f}", subset=numbers, na_rep="–"), border="horizontal", hide_index=True)


def cells(figure: Estimate) -> tuple[float | None, float | None, float | None]:
    return figure.value, figure.low, figure.high
