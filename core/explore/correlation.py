"""Correlations of many columns at once, over the rows that every two of them share.

Nothing is held that is as large as the columns themselves: the rows are read in blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.explore import value_counts
from core.explore.value_counts import Floats

Bools = npt.NDArray[np.bool_]
#: Cells multiplied in one go: 13 MB, which stays near the processor.
CELLS: Final = 51 << 15
#: Share of a sum of squares below which what is left after subtraction has lost too many digits.
CANCELLED: Final = 1e-6
#: Gives a slice of rows of one column.
Reader = Callable[[slice], Floats]
Progress = Callable[[int, int], None]


def pearson(columns: Sequence[npt.NDArray[Any]]) -> Floats:
    """Pearson's r of every two of the columns (n,), NaN where missing: (f, f), in one pass over the rows.

    Of the rows that two columns share; NaN where one is constant in these.

    With m the 0/1 mask of a column and x its values, centred and 0 where missing, all sums over the rows that two
    columns share are matrix products: sum of x_i is x_i m_j, of squares x_i^2 m_j, of products x_i x_j.
    """
    scaled = [_scale(column) for column in columns]
    holes = [at for at, column in enumerate(columns) if column.dtype.kind == "f" and np.isnan(column).any()]
    readers = [_reader(column, *scale) for column, scale in zip(columns, scaled, strict=True)]
    r, doubtful = _correlated(readers, holes, len(columns[0]) if columns else 0)
    constant = [spread == 0 for _, spread in scaled]
    doubtful[constant, :] = doubtful[:, constant] = False
    for i, j in zip(*np.nonzero(np.triu(doubtful)), strict=True):
        r[i, j] = r[j, i] = _one(columns[i], columns[j])
    r[constant, :] = r[:, constant] = np.nan
    return r


def _scale(column: npt.NDArray[Any]) -> tuple[float, float]:
    """Mean and half-width of the known values; half-width 0 where they are all the same or there are none."""
    known = column[~np.isnan(column)] if column.dtype.kind == "f" else column
    if not len(known):
        return 0.0, 0.0
    low, high = float(known.min()), float(known.max())
    # The mean of a constant may miss it by rounding, hence min and max.
    return float(known.mean(dtype=np.float64)), (high - low) / 2


def _reader(column: npt.NDArray[Any], mean: float, spread: float) -> Reader:
    return lambda rows: (column[rows] - mean) / (spread or 1.0)


def _correlated(readers: Sequence[Reader], holes: Sequence[int], n: int) -> tuple[Floats, Bools]:
    """Correlations (f, f) of columns of which those in `holes` have missing values, and which are not to be trusted
    because subtraction has eaten their digits.
    """
    f, masks = len(readers), 1 + len(holes)
    which = np.zeros(f, np.int64)
    which[list(holes)] = np.arange(1, masks)
    shared, products = np.zeros((masks, masks)), np.zeros((f, f))
    sums, squares = np.zeros((f, masks)), np.zeros((f, masks))
    step = _rows_at_once(f)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        x = np.stack([read(rows) for read in readers])
        mask = np.ones((masks, x.shape[1]))
        if holes:
            mask[1:] = ~np.isnan(x[list(holes)])
            np.nan_to_num(x, copy=False)
        shared += mask @ mask.T
        sums += x @ mask.T
        products += x @ x.T
        squares += (x * x) @ mask.T
    count, total, square = shared[np.ix_(which, which)], sums[:, which], squares[:, which]
    with np.errstate(invalid="ignore", divide="ignore"):
        around = square - total**2 / count
        r = (products - total * total.T / count) / np.sqrt(around * around.T)
    doubtful = ~((around > CANCELLED * square) & (around.T > CANCELLED * square.T))
    return np.clip((r + r.T) / 2, -1, 1), doubtful & (count > 0)


def _one(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """r of two columns (n,), over the rows that have both."""
    both = ~(np.isnan(a) | np.isnan(b))
    x, y = a[both].astype(np.float64), b[both].astype(np.float64)
    if not len(x) or x.min() == x.max() or y.min() == y.max():
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1, 1))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A column as places among `ranks` (k,), average ranks less their mean, with the root of their sum of squares."""

    codes: npt.NDArray[np.integer[Any]]
    ranks: Floats
    norm: float

    @classmethod
    def of(cls, codes: npt.NDArray[np.integer[Any]], distinct: int) -> _Ranked:
        counts = np.bincount(codes, minlength=distinct)
        ranks = np.cumsum(counts) - (counts - 1) / 2 - (len(codes) + 1) / 2
        constant = np.count_nonzero(counts) < 2
        return cls(codes, ranks, 0.0 if constant else float(np.sqrt(counts @ ranks**2)))


def spearman(columns: Sequence[npt.NDArray[Any]], *, progress: Progress = lambda _done, _of: None) -> Floats:
    """Spearman's rho of every two of the columns (n,), NaN where missing: (f, f).

    The r of average ranks among the rows that two columns share; NaN where one is constant in these. Columns that
    miss the same rows are ranked together.
    """
    coded = [value_counts.coded(column) for column in columns]
    rho = np.full((len(columns), len(columns)), np.nan)
    groups = list(_by_mask([codes for codes, _ in coded]))
    for i, (first, mask) in enumerate(groups):
        progress(i, len(groups))
        for second, other in groups[i:]:
            rows = _both(mask, other)
            a = [_ranked(coded[at], rows) for at in first]
            b = a if first is second else [_ranked(coded[at], rows) for at in second]
            rho[np.ix_(first, second)] = values = _cross(a, b)
            rho[np.ix_(second, first)] = values.T
    progress(len(groups), len(groups))
    return rho


def _by_mask(columns: Sequence[npt.NDArray[np.integer[Any]]]) -> Iterator[tuple[list[int], Bools | None]]:
    """Columns that have the same rows, and which these are, None for all."""
    groups: dict[bytes, list[int]] = {}
    for at, codes in enumerate(columns):
        there = codes >= 0
        groups.setdefault(b"" if there.all() else np.packbits(there).tobytes(), []).append(at)
    for key, group in groups.items():
        yield group, columns[group[0]] >= 0 if key else None


def _both(a: Bools | None, b: Bools | None) -> Bools | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _ranked(coded: tuple[npt.NDArray[np.integer[Any]], Floats], rows: Bools | None) -> _Ranked:
    codes, distinct = coded
    return _Ranked.of(codes if rows is None else codes[rows], len(distinct))


def _cross(a: Sequence[_Ranked], b: Sequence[_Ranked]) -> Floats:
    """r of every column of a with every column of b, (len(a), len(b)), all of the same rows."""
    products = np.zeros((len(a), len(b)))
    step = _rows_at_once(len(a) + len(b))
    for start in range(0, len(a[0].codes), step):
        x = _block(a, slice(start, start + step))
        products += x @ (x if a is b else _block(b, slice(start, start + step))).T
    norms = np.outer([column.norm for column in a], [column.norm for column in b])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(np.where(norms > 0, products / norms, np.nan), -1, 1)


def _block(columns: Sequence[_Ranked], rows: slice) -> Floats:
    return np.stack([column.ranks[column.codes[rows]] for column in columns])


def _rows_at_once(columns: int) -> int:
    return CELLS // max(columns, 1)
