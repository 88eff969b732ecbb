"""Columns of users in the words of people: what the numbers of a table stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.schema.column import key
from core.schema.levels import written
from core.schema.schema import Schema


def texts(schema: Schema, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Of columns by `key`, (n,) each, those that people know as words, None where missing."""
    found: dict[str, Any] = {}
    for column in schema.derived:
        name = key(column.name)
        if column.worded:
            if key(written(column.name)) in columns:
                found[name] = columns[key(written(column.name))]
            elif name in columns:  # nobody knows the words any more
                found[name] = np.full(len(columns[name]), None, object)
        elif column.said and name in columns:
            values = np.asarray(columns[name], np.float64)
            said = np.array([*column.said, None], object)
            known = np.isin(values, np.arange(len(column.said)))
            found[name] = said[np.where(known, values, len(column.said)).astype(np.int64)]
    return found
