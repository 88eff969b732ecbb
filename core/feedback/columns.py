"""Columns that grow at the end: adding a row to 100,000 costs about as much as adding one to none."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Floats = npt.NDArray[np.float64]
_STR: Final = pd.StringDtype("pyarrow", na_value=np.nan)  # what pandas calls str


class Numbers:
    """A table of float64 that grows. What `view` gave stays as it was."""

    def __init__(self, width: int) -> None:
        self._kept = np.empty((1024, width), order="F")
        self._rows = 0

    def add(self, rows: Floats) -> None:
        """rows: (k, width)."""
        until = self._rows + len(rows)
        if until > len(self._kept):
            larger = np.empty((max(until, 2 * len(self._kept)), self._kept.shape[1]), order="F")
            larger[: self._rows] = self._kept[: self._rows]
            self._kept = larger
        self._kept[self._rows : until] = rows
        self._rows = until

    def view(self) -> Floats:
        """All rows, (n, width), without a copy; read-only."""
        view = self._kept[: self._rows]
        view.flags.writeable = False
        return view


class Texts:
    """A column of text that grows."""

    def __init__(self) -> None:
        self._chunks: list[pa.Array] = []

    def add(self, column: pa.ChunkedArray) -> None:
        """column: (k,) of text."""
        if not len(column):
            return
        self._chunks.append(_one(column.chunks))
        # Joining what is about as long keeps few chunks, and copies each cell only as often as there are chunks.
        while len(self._chunks) > 1 and 2 * len(self._chunks[-1]) > len(self._chunks[-2]):
            self._chunks[-2:] = [_one(self._chunks[-2:])]

    def column(self) -> pa.ChunkedArray:
        """All cells, (n,)."""
        return pa.chunked_array(self._chunks, pa.large_string())

    def series(self) -> pd.Series[str]:
        """All cells, (n,), as pandas keeps text, without a copy."""
        return pd.Series(_STR.__from_arrow__(self.column()))  # type: ignore[attr-defined]  # the stubs lack it


def _one(chunks: list[pa.Array]) -> pa.Array:
    return pa.concat_arrays([chunk.cast(pa.large_string()) for chunk in chunks])
