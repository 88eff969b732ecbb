"""Margins and exact path-dependent SHAP values of trees, in log-odds, from tables (`core.model.shap.tables`).

A contribution tells how much a feature pushed a score; those of a row and the trees' bias add up to its margin.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.model.forest import Forest
from core.model.learner import Matrix, Strongest
from core.model.shap import kernel
from core.model.shap.kernel import BLOCK
from core.model.shap.tables import Tables, sizes, tables_of

#: Bytes of the tables that are kept for a model.
MOST_TABLES: Final = 64 * 2**20
Floats = npt.NDArray[np.float32]
#: Rows from which several threads share them.
_SHARED: Final = 8 * BLOCK


@dataclass(frozen=True, slots=True, eq=False)
class ShapValues:
    """Margins and contributions of one forest; threads may share it.

    Of a forest whose tables would take more than MOST_TABLES there are no `tables`: they are made part by part whenever
    rows are explained, which pays for many rows alone.
    """

    forest: Forest
    parts: tuple[tuple[int, int], ...]
    tables: Tables | None

    @classmethod
    def of(cls, forest: Forest) -> ShapValues:
        """Raises ValueError where a tree is too deep for tables."""
        parts, begin, until = list[tuple[int, int]](), 0, 0
        for tree, size in enumerate(sizes(forest).tolist()):
            if until + size > MOST_TABLES and tree > begin:
                parts.append((begin, tree))
                begin, until = tree, 0
            until += size
        parts.append((begin, len(forest.first)))
        return cls(forest, tuple(parts), tables_of(forest) if len(parts) == 1 else None)

    def margin(self, x: Matrix) -> Floats:
        """(n, f) -> (n,): to the bit what XGBoost gives."""
        return self._summed(x, explain=False)[0]

    def contributions(self, x: Matrix) -> Floats:
        """(n, f) -> (n, f); missing values (NaN) get theirs too."""
        return self._summed(x, explain=True)[1].T

    def strongest(self, x: Matrix, k: int) -> tuple[Floats, Strongest]:
        """Margins of x (n, f), and the k largest contributions above 0 of each row."""
        features, pushes = np.full((k, len(x)), -1, np.int32), np.zeros((k, len(x)), np.float32)
        if self.tables is None:
            margin, values = self._summed(x, explain=k > 0)
            if k:
                kernel.largest(values, len(x), features, pushes)
        else:
            margin, columns = np.full(len(x), self.forest.base), np.ascontiguousarray(x.T)
            _run(columns, self.tables, margin, _nothing(len(x)), features, pushes)
        return margin, Strongest(features.T, pushes.T)

    def _summed(self, x: Matrix, *, explain: bool) -> tuple[Floats, Floats]:
        """Margins (n,) and, if asked for, contributions (f, n)."""
        columns, margin = np.ascontiguousarray(x.T), np.full(len(x), self.forest.base)
        values = np.zeros(columns.shape, np.float32) if explain else _nothing(len(x))
        for begin, end in self.parts:
            tables = self.tables or tables_of(self.forest.part(begin, end))
            _run(columns, tables, margin, values, np.empty((0, len(x)), np.int32), _nothing(len(x)))
        return margin, values


def _nothing(rows: int) -> Floats:
    return np.empty((0, rows), np.float32)


def _run(
    columns: Floats, tables: Tables, margin: Floats, values: Floats, features: npt.NDArray[np.int32], pushes: Floats
) -> None:  # fmt: skip
    """Have `kernel.explain` fill all rows in, on as many threads as there are cores where it pays."""

    def span(begin: int) -> None:
        bins = np.empty((2, len(columns), BLOCK), tables.step_cut.dtype)
        end = min(begin + step, rows)
        kernel.explain(columns, begin, end, tables, bins, margin, values, features, pushes)

    rows, threads = columns.shape[1], len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if rows < _SHARED or threads == 1:
        step = rows
        span(0)
        return
    # Several spans a thread, so that none waits long for the last one.
    step = -(-rows // (4 * threads * BLOCK)) * BLOCK
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(span, range(0, rows, step)))


def warm_up() -> None:
    """Have the loops compiled, or what was compiled before loaded, for bins of one and of two bytes."""
    for trees in (1, 300):
        first = np.arange(trees, dtype=np.int64) * 3
        begin = np.repeat(first, 3)
        left = np.where(np.tile([True, False, False], trees), begin + 1, -1)
        forest = Forest(
            1, np.float32(0), first, left, np.where(left < 0, -1, begin + 2),
            np.where(left < 0, begin, -1), np.zeros(len(left), np.int64),
            np.arange(len(left), dtype=np.float32), np.ones(len(left), np.float32), np.ones(len(left), np.bool_), {},
        )  # fmt: skip
        ShapValues.of(forest).strongest(np.zeros((1, 1), np.float32), 1)


if __name__ == "__main__":
    warm_up()
