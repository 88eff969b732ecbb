"""Which ids of a file were met before and on which line, in memory that does not grow with the file.

An id is known by 128 bits of it under a key that is drawn for each file: that two of 10^9 ids have the same is less
likely than one in 10^20. What is known lies in sorted runs; long ones are on disk and only looked into.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.records import Small
from core.data.rejects import Met

#: Of ids (n,): two halves of the bits and the line, (3, n).
Entries = npt.NDArray[np.uint64]

#: Ids of a run from which on it is on disk and stays as it is.
_LONG: Final = 1 << 20
#: Letters of a key of the hash.
_KEY: Final = 16


class IdIndex:
    """Knows the ids of a file so far. `folder` is its own; key: 32 letters; known: entries of ids met before."""

    def __init__(self, folder: Path, key: str, known: Iterable[Entries] = ()) -> None:
        self._folder, self._keys = folder, (key[:_KEY], key[_KEY:])
        self._runs: list[Entries] = []
        self._stored = 0
        #: What the last look has added.
        self.added: Entries = np.empty((3, 0), np.uint64)
        for entries in known:
            self._add(entries[:, np.argsort(entries[0])])

    def lines(self, ids: pd.Series[str], line: Small) -> Met:
        """As `rejects.Known` promises."""
        values = ids.to_numpy(object)
        entries = np.stack([*(_hashed(values, key) for key in self._keys), line.astype(np.uint64)])
        order = np.argsort(entries[0], kind="stable")
        entries = entries[:, order]
        twin = np.zeros(len(order), np.bool_)
        twin[1:] = (entries[0, 1:] == entries[0, :-1]) & (entries[1, 1:] == entries[1, :-1])
        first = np.zeros(len(order), np.int64)
        for run in self._runs:
            _look(run, entries, first)
        found = np.empty(len(order), np.int64)
        found[order] = first
        self.added = entries[:, (first == 0) & ~twin]
        self._add(self.added)
        return Met(found, bool(twin.any()))

    def _add(self, run: Entries) -> None:
        """Add a sorted run, joined with those before that are not much longer, so that there are never many."""
        if not run.size:
            return
        while self._runs and len(self._runs[-1][0]) < min(_LONG, 2 * len(run[0])):
            run = np.concatenate([self._runs.pop(), run], axis=1)
            run = run[:, np.argsort(run[0], kind="stable")]
        if len(run[0]) >= _LONG:
            self._stored += 1
            path = self._folder / f"ids-{self._stored}.npy"
            np.save(path, run)
            run = np.load(path, mmap_mode="r")
        self._runs.append(run)


def _hashed(values: npt.NDArray[np.object_], key: str) -> Entries:
    return np.asarray(pd.util.hash_array(values, hash_key=key, categorize=False))


def _look(run: Entries, entries: Entries, first: npt.NDArray[np.int64]) -> None:
    """Set `first` to the line in a sorted run of each of the entries that is there."""
    at = np.searchsorted(run[0], entries[0])
    may = np.flatnonzero(run[0][np.minimum(at, len(run[0]) - 1)] == entries[0])
    at = at[may]
    while len(may):  # ids that share the first half of their bits stand side by side
        same = run[1][at] == entries[1][may]
        first[may[same]] = run[2][at[same]].astype(np.int64)
        may, at = may[~same], at[~same] + 1
        inside = at < len(run[0])
        may, at = may[inside], at[inside]
        alike = run[0][at] == entries[0][may]
        may, at = may[alike], at[alike]
