"""Margins and SHAP values of many rows from the tables of trees (`core.model.shap.tables`): the loops themselves."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.compiled import compiled
from core.model.shap.lookup import look_up
from core.model.shap.tables import Tables

#: Rows done at a time: their bins, patterns and sums stay in the processor's cache.
BLOCK: Final = 1024
#: Thresholds of a feature from which a search is faster than to compare with each of them.
_MANY: Final = 64

Array = npt.NDArray[Any]


@compiled
def explain(
    columns: Array, start: int, stop: int, tables: Tables, bins: Array, margin: Array, values: Array,
    strongest: Array, pushes: Array,
) -> None:  # fmt: skip
    """Add to the rows from `start` to `stop` of the margins (n,) and, unless these have no rows, of the contributions
    (f, n), and set those of the k strongest pushes above 0: features (k, n), -1 for none, and pushes (k, n).

    columns: (f, n), NaN for missing. bins: (2, f, BLOCK) to work in, of the type of `tables.step_cut`.
    """
    features = columns.shape[0]
    explained = values.shape[0] > 0 or strongest.shape[0] > 0
    most = 0
    for tree in range(len(tables.first_step) - 1):
        most = max(most, tables.first_step[tree + 1] - tables.first_step[tree])
    patterns = np.zeros((most + 1, BLOCK), np.uint8)  # the last one is that of a tree without a split
    sums, total = np.empty((features if explained else 0, BLOCK), np.float32), np.empty(BLOCK, np.float32)
    # Arrays are taken out of the tuple, and made flat, once: either would cost a few nanoseconds each time, and for a
    # single row there are tens of thousands of times.
    first_step, first_unit, first_push = tables.first_step, tables.first_unit, tables.first_push
    unit_step, unit_bits, unit_at, units = tables.unit_step, tables.unit_bits, tables.unit_at, tables.values
    push_feature, push_at, tops = tables.push_feature, tables.push_at, tables.pushes
    flat, flat_sums = patterns.reshape(-1), sums.reshape(-1)
    for s in range(start, stop, BLOCK):
        rows = min(BLOCK, stop - s)
        for f in range(features):
            _bin(columns[f, s : s + rows], f, tables, bins[0, f], bins[1, f])
        total[:rows] = margin[s : s + rows]  # in this order every sum is rounded as XGBoost rounds it
        sums[:, :rows] = 0
        for tree in range(len(first_step) - 1):
            _steps(first_step[tree], first_step[tree + 1], tables, bins, patterns, rows)
            for unit in range(first_unit[tree], first_unit[tree + 1]):
                bits, by = unit_bits[unit], unit_step[unit] * BLOCK
                if by < 0:  # a tree that is a leaf: the last patterns there are, which stay 0
                    by += flat.size
                look_up(total, 0, flat, by, units, unit_at[unit], bits, rows)
                if explained:
                    for push in range(first_push[unit], first_push[unit + 1]):
                        look_up(flat_sums, push_feature[push] * BLOCK, flat, by, tops, push_at[push], bits, rows)
        margin[s : s + rows] = total[:rows]
        if values.shape[0]:
            values[:, s : s + rows] += sums[:, :rows]
        if strongest.shape[0]:
            largest(sums, rows, strongest[:, s : s + rows], pushes[:, s : s + rows])


@compiled
def _bin(column: Array, feature: int, tables: Tables, high: Array, low: Array) -> None:
    """The bins of a column's values; of missing ones the last there is in `high`, and 0 in `low`."""
    last = ~low.dtype.type(0)
    rows, categories = len(column), tables.categories[feature]
    thresholds = tables.thresholds[tables.first_threshold[feature] : tables.first_threshold[feature + 1]]
    if categories:
        for row in range(rows):
            value = column[row]
            known = 0 <= value < categories
            high[row] = 0 if np.isnan(value) else 1 + int(value) if known else categories + 1
    elif len(thresholds) < _MANY:
        high[:rows] = 0
        for threshold in thresholds:
            for row in range(rows):
                high[row] += column[row] >= threshold
    else:
        for row in range(rows):
            value, at, size = column[row], 0, len(thresholds)
            while size:
                half = size // 2
                if value >= thresholds[at + half]:
                    at, size = at + half + 1, size - half - 1
                else:
                    size = half
            high[row] = at
    for row in range(rows):
        low[row] = high[row]
    if not categories:
        for row in range(rows):
            high[row] = last if np.isnan(column[row]) else high[row]
            low[row] = 0 if np.isnan(column[row]) else low[row]


@compiled
def _steps(first: int, last: int, tables: Tables, bins: Array, patterns: Array, rows: int) -> None:
    """The patterns of the steps of a tree: those of the step before, and a bit of its own where a row goes left."""
    features, cuts, defaults = tables.step_feature, tables.step_cut, tables.step_default
    befores, bits, first_level, levels = tables.step_before, tables.step_bit, tables.step_levels, tables.levels
    none = np.uint8(0)
    for step in range(first, last):
        bit, cut, here = np.uint8(1 << bits[step]), cuts[step], step - first
        side, f, before, level = defaults[step], features[step], befores[step], first_level[step]
        if level >= 0:
            for row in range(rows):
                above = none if before < 0 else patterns[before, row]
                patterns[here, row] = above | (bit if levels[level + bins[side, f, row]] else none)
        elif before < 0:
            for row in range(rows):
                patterns[here, row] = bit if bins[side, f, row] < cut else none
        else:
            for row in range(rows):
                patterns[here, row] = patterns[before, row] | (bit if bins[side, f, row] < cut else none)


@compiled
def largest(sums: Array, rows: int, strongest: Array, pushes: Array) -> None:
    """Set the largest sums (f, n) above 0 of the first `rows`, the largest first, of equal ones the first feature."""
    most = strongest.shape[0]
    strongest[:] = -1
    pushes[:] = 0
    for feature in range(sums.shape[0]):
        for row in range(rows):
            push = sums[feature, row]
            if push > pushes[most - 1, row]:
                at = most - 1
                while at > 0 and push > pushes[at - 1, row]:
                    pushes[at, row], strongest[at, row] = pushes[at - 1, row], strongest[at - 1, row]
                    at -= 1
                pushes[at, row], strongest[at, row] = push, feature
