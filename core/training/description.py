"""What a version says of itself besides its figures: what its features were like, and what it was made with."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version as installed
from types import MappingProxyType
from typing import Any

import pandas as pd

from core.model.encoding import Levels
from core.model.learner import Matrix
from core.registry.metadata import PHRASES, Trained
from core.schema.schema import Column, Schema


def profiles(
    frame: pd.DataFrame, schema: Schema, seen: Any, words: Mapping[str, Levels] = MappingProxyType({})
) -> tuple[Trained, ...]:
    """What the features of the users of a mask (n,) are like; words: the levels of those that are words."""
    return tuple(_profile(column, frame[column.name][seen], words.get(column.name)) for column in schema.derived)


def counted(features: Matrix, names: Sequence[str], of: Sequence[str]) -> tuple[Trained, ...]:
    """What the counts of phrases are like, those `of` the columns `names` of features (n, f)."""
    return tuple(
        replace(_profile(Column(name, "count"), pd.Series(features[:, names.index(name)]), None), kind=PHRASES)
        for name in of
    )


def _profile(column: Column, values: pd.Series[Any], levels: Levels | None) -> Trained:
    name, kind, missing = column.name, column.kind, int(values.isna().sum())
    if levels is not None or kind == "text":
        return Trained(name, kind, None, None, None, missing, levels)
    if missing < len(values):
        low, high, median = float(values.min()), float(values.max()), float(values.median())
        return Trained(name, kind, low, high, median, missing, words=column.said)
    return Trained(name, kind, None, None, None, missing, words=column.said)


def libraries() -> dict[str, str]:
    """What a version is made with, and the versions of that."""
    xgboost = "xgboost-cpu" if platform.system() == "Linux" else "xgboost"
    return {"python": platform.python_version(), **{name: installed(name) for name in (xgboost, "numpy", "scipy")}}
