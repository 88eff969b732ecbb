"""A user's features as a form, grouped by category: every value can be changed, cleared and put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from app.components.score_user.user_source import Start, Status
from app.components.shared.heading import section
from app.queries import services
from app.words import plain
from core.registry.metadata import Trained
from core.registry.registry import Model
from core.schema.glossary import Glossary
from core.schema.schema import WHOLE

#: Whole numbers below it are exact in a browser, which refuses others.
_EXACT: Final = 2**53


def user_form(start: Start, model: Model) -> pd.Series[float]:
    """The values as they stand in the form, by feature in the model's order; NaN where one was cleared."""
    section("Values", "change one to see what if; clear it to make it missing")
    values: dict[str, float] = {}
    meanings = services.meanings()
    for category, features in _grouped(model, meanings).items():
        with st.expander(f"{plain(category)} · {len(features)}", expanded=not values):
            grid = st.grid(3, min_column_width=110, gap="xsmall")
            for feature in features:
                with grid.cell():
                    values[feature.name] = _field(feature, start, meanings.sentence(feature.name))
    return pd.Series([values[name] for name in model.metadata.names], index=list(model.metadata.names), dtype=float)


def reset(start: Start) -> None:
    """Put every field back to where it started."""
    for key in [key for key in st.session_state if str(key).startswith(_key(start, ""))]:
        del st.session_state[key]


def changed(start: Start, values: pd.Series[float]) -> list[str]:
    """Features whose value in the form differs from the start's."""
    both = start.values.reindex(values.index)
    return [name for name in values.index if not _same(both[name], values[name])]


def statuses(start: Start, values: pd.Series[float]) -> Mapping[str, Status]:
    """Given, assumed or missing, by feature."""
    edited = set(changed(start, values))
    return {name: start.status(values[name], changed=name in edited) for name in values.index}


def _field(feature: Trained, start: Start, meaning: str) -> float:
    value = float(start.values.get(feature.name, np.nan))
    whole = feature.kind in WHOLE and (np.isnan(value) or (value.is_integer() and abs(value) < _EXACT))
    key = _key(start, feature.name)
    if key not in st.session_state:
        # Not the widget's default: a field that has one springs back to it when cleared.
        st.session_state[key] = None if np.isnan(value) else int(value) if whole else value
    typed = st.number_input(
        plain(feature.name), value=None, step=1 if whole else None, format="%d" if whole else "%g",
        placeholder="missing", help=plain(meaning) or None, key=key,
    )  # fmt: skip
    return np.nan if typed is None else float(typed)


def _grouped(model: Model, meanings: Glossary) -> Mapping[str, list[Trained]]:
    groups: dict[str, list[Trained]] = defaultdict(list)
    for feature in model.metadata.features:
        groups[meanings.category(feature.name)].append(feature)
    return groups


def _same(a: float, b: float) -> bool:
    return a == b or (np.isnan(a) and np.isnan(b))


def _key(start: Start, name: str) -> str:
    return f"value-{start.key}-{name}"
