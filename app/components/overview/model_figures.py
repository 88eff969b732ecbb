"""The figures of a model with their intervals, the sample they come from, and where the model came from."""

from __future__ import annotations

import streamlit as st

from app.components.shared.heading import section
from app.tables.model import overall
from app.words import count, plain
from core.evaluation.metrics import Figures
from core.registry.registry import Model


def model_figures(model: Model) -> None:
    """The short form: four figures, the sample, the training."""
    data, figures = model.metadata.data, model.metadata.figures
    section("Live model")
    figure_table(figures, first=model.version)
    st.caption(
        f"From and to: 95\u202f% interval, {count(figures.n)} held-out users, {count(figures.positives)} spammers. "
        f"Trained {model.metadata.created:%-d %b %Y} on {count(data.trained_on)} users of {plain(data.name)}."
    )


def figure_table(figures: Figures, *, first: str) -> None:
    """Four figures, value and interval; `first` heads the names."""
    frame = overall(figures, first=first)
    numbers = frame.columns[1:]
    st.table(frame.style.format("{:.4f}", subset=numbers, na_rep="–"), border="horizontal", hide_index=True)
