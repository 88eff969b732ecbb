"""Where the values of *Score a user* start from: the training medians, or a user of a stored dataset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd
import streamlit as st

from app import navigation
from app.components.lists import place
from app.components.shared import room
from app.components.shared.send_to_review import send_users
from app.queries import services
from app.words import count, legible, plain
from core.data.datasets import Dataset
from core.errors import UnknownItemError
from core.registry.registry import Model
from core.schema.levels import written

Status = Literal["given", "assumed", "missing"]
_MEDIANS: Final = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Values to start from by feature, NaN for missing; `known` when they are a real user's.

    `key` tells one start from another; `title` and `about` name the user (text of the file, not markdown); `context`:
    the user's id and context by column, as rules and lists look at them.
    """

    key: str
    values: pd.Series[float]
    known: bool
    title: str
    about: str
    context: Mapping[str, object]
    #: What the values of words are called, by feature.
    words: Mapping[str, str] = field(default_factory=dict)

    def field(self, name: str) -> str:
        """The key of the field of a feature, or of what belongs to it."""
        return f"value-{self.key}-{name}"

    def status(self, value: float, *, changed: bool) -> Status:
        """Given by the file or by hand, assumed from the training medians, or missing."""
        if np.isnan(value):
            return "missing"
        return "given" if self.known or changed else "assumed"


def user_model() -> Model | None:
    """The model that scored the run in the address, else the champion; None without any."""
    run = st.query_params.get("run")
    return services.model(services.home().runs.find(run).model) if run else services.champion()


def back_to_run() -> None:
    """The way back to the run that the user was opened from."""
    run = st.query_params.get("run")
    if run and st.button(f"Back to {legible(run)}", icon=":material/arrow_back:", type="tertiary"):
        navigation.go("score_file", **{name: value for name, value in place.params().items() if name != "row"})
    _, row = _address()
    if run and row is not None:
        send_users(services.home().runs.find(run), [row])


def user_source(model: Model) -> Start:
    """The controls, and what they lead to. The address holds the choice: ?run= or ?dataset= with row=."""
    dataset, row = _address()
    options = {found.id: found for found in _datasets()}
    if dataset and dataset not in options:
        raise UnknownItemError("dataset", dataset)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with room.field(320):
            chosen = st.selectbox(
                "Start from", [_MEDIANS, *options],
                index=[_MEDIANS, *options].index(dataset) if dataset in options else 0,
                format_func=lambda identity: _named(options.get(identity)), key=f"source-{dataset}",
            )  # fmt: skip
        with room.field(220):
            user = st.text_input(
                "User id", placeholder="Find a user by id", icon=":material/search:", disabled=chosen == _MEDIANS,
                key=f"user-{chosen}",
            )  # fmt: skip
    if chosen != dataset and not (chosen == _MEDIANS and not dataset):
        _go(chosen, None)
    if user and chosen != _MEDIANS:
        found = services.home().datasets.row_of(chosen, user)
        if found is None:
            st.caption(f"{plain(options[chosen].name)} has no accepted user {plain(user)}.")
        elif found != row:
            _go(chosen, found)
    return start_of(model, options.get(dataset), row)


def start_of(model: Model, dataset: Dataset | None, row: int | None) -> Start:
    """A user of a stored dataset, or the training medians. Raises UnknownItemError."""
    if dataset is None or row is None:
        medians = {
            feature.name: np.nan if feature.median is None else feature.median for feature in model.metadata.features
        }
        return Start(f"medians-{model.version}", pd.Series(medians, dtype=float), False, "Training medians", "", {})
    series = services.home().datasets.one(dataset.id, row)
    context = [str(series[name]) for name in dataset.context if pd.notna(series[name])]
    values = series.reindex(list(model.metadata.names)).astype(float)
    about = " · ".join([dataset.name, f"row {row:,}", *context])
    told = {name: series[name] for name in (dataset.id_column, *dataset.context)}
    spoken = (*model.metadata.levels, *model.texts)
    words = {name: str(series[written(name)]) for name in spoken if pd.notna(series.get(written(name)))}
    return Start(f"{dataset.id[:12]}-{row}", values, True, f"User {series[dataset.id_column]}", about, told, words)


def _address() -> tuple[str, int | None]:
    """The dataset ('' for none) and the input row that the address names."""
    row = st.query_params.get("row", "")
    dataset = st.query_params.get("dataset", "")
    if st.query_params.get("run"):
        dataset = services.home().runs.find(st.query_params["run"]).dataset
    return dataset, int(row) if re.fullmatch(r"[0-9]{1,18}", row) else None


def _go(dataset: str, row: int | None) -> None:
    st.query_params.from_dict(
        ({"dataset": dataset} if dataset else {}) | ({"row": str(row)} if row is not None else {})
    )
    st.rerun()


def _datasets() -> list[Dataset]:
    services.demo_labelled()  # stored at first use, so that there is always somebody to look at
    return list(services.home().datasets.stored())


def _named(dataset: Dataset | None) -> str:
    if dataset is None:
        return "Training medians"
    return legible(f"{dataset.name} · {count(dataset.accepted)} users")
