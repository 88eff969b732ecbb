"""How often each value of a feature occurs, among all users, spammers and legitimate users.

Values repeat: 458,798 users share a few thousand values of a feature. Whatever is asked of one feature
(quantiles, ROC-AUC, bins, spam rates) is answered from its tally, which is counted once, without sorting
where the values are whole numbers of a small range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore.interval import Z

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Whole numbers within a range this wide, or four times the rows, are counted in place instead of sorted.
SMALL_RANGE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """`values` (k,) are distinct and ascending; `counts`, `spammers` and `legitimate` (k,) users who have each.

    `missing` says the same, as (users, spammers, legitimate), of those without a value. Users without a label
    are neither spammers nor legitimate. `labelled`: whether there was a label column at all.
    """

    values: Floats
    counts: Ints
    spammers: Ints
    legitimate: Ints
    missing: tuple[int, int, int]
    labelled: bool

    @property
    def n(self) -> int:
        """Users with a value."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        """Users with or without a value."""
        return self.n + self.missing[0]

    @property
    def constant(self) -> bool:
        """Whether no user differs from another, be it because the value is missing throughout."""
        return len(self.values) == 0 or (len(self.values) == 1 and self.missing[0] == 0)

    @property
    def mean(self) -> float:
        return float(self.values @ self.counts / self.n) if self.n else float("nan")

    @property
    def variance(self) -> float:
        """The unbiased one (division by n - 1)."""
        return float(self.counts @ (self.values - self.mean) ** 2 / (self.n - 1)) if self.n > 1 else float("nan")

    def quantiles(self, shares: npt.ArrayLike) -> Floats:
        """Quantiles with linear interpolation, type 7 of Hyndman and Fan (1996), numpy's and pandas' default."""
        shares = np.asarray(shares, np.float64)
        if not self.n:
            return np.full(shares.shape, np.nan)
        at = shares * (self.n - 1)
        below = np.floor(at).astype(np.int64)
        low, high = self.at_rank(below), self.at_rank(np.minimum(below + 1, self.n - 1))
        return np.asarray(low + (high - low) * (at - below), np.float64)

    def at_rank(self, ranks: npt.ArrayLike) -> Floats:
        """The value of the user who stands at each rank, counted from 0 for the lowest."""
        return self.values[np.searchsorted(np.cumsum(self.counts), ranks, side="right")]

    def subset(self, kept: npt.NDArray[np.bool_]) -> ValueCounts:
        """The users whose value is kept, (k,); without those who have none."""
        return replace(
            self, values=self.values[kept], counts=self.counts[kept], spammers=self.spammers[kept],
            legitimate=self.legitimate[kept], missing=(0, 0, 0),
        )  # fmt: skip


def of(values: npt.ArrayLike | pd.Series[Any], label: npt.ArrayLike | None = None) -> ValueCounts:
    """Count the values (n,), NaN where missing, under labels (n,) of 1 for a spammer, 0, and NaN where not known."""
    array = np.asarray(values)
    spam, legitimate = _classes(label, len(array))
    seen, present = _seen(array)
    if present is not None:
        spam, legitimate = spam[present], legitimate[present]
    distinct, counts, spammers = _counted(seen, spam)
    complete = len(seen) == np.count_nonzero(spam) + np.count_nonzero(legitimate)
    others = counts - spammers if complete else _counted_in(seen[legitimate], distinct)
    return ValueCounts(distinct, counts, spammers, others, _missing(present, label), labelled=label is not None)


def without(whole: ValueCounts, others: ValueCounts) -> ValueCounts:
    """The users of `whole` who are not among `others`, all of whom belong to it: what is left of each value."""
    at = np.searchsorted(whole.values, others.values)
    counts, spammers, legitimate = whole.counts.copy(), whole.spammers.copy(), whole.legitimate.copy()
    counts[at] -= others.counts
    spammers[at] -= others.spammers
    legitimate[at] -= others.legitimate
    left = counts > 0
    missing = tuple(a - b for a, b in zip(whole.missing, others.missing, strict=True))
    return ValueCounts(
        whole.values[left], counts[left], spammers[left], legitimate[left], (missing[0], missing[1], missing[2]),
        labelled=whole.labelled,
    )  # fmt: skip


def auc(tally: ValueCounts) -> float:
    """ROC-AUC of the value for the label among those who have both: the share of pairs of a spammer and a
    legitimate user in which the spammer has the higher value, ties counting half (Mann and Whitney 1947).
    NaN without a spammer or without a legitimate user.
    """
    spam, legitimate = tally.spammers, tally.legitimate
    pairs = int(spam.sum()) * int(legitimate.sum())
    below = np.cumsum(legitimate) - legitimate
    return float(spam @ (2 * below + legitimate)) / (2 * pairs) if pairs else float("nan")


def auc_interval(tally: ValueCounts) -> tuple[float, float]:
    """The 95 % interval of `auc` by DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988), cut at 0 and 1.

    NaN with fewer than two of either class.
    """
    spam, legitimate = tally.spammers, tally.legitimate
    of_spam, of_legitimate = int(spam.sum()), int(legitimate.sum())
    if min(of_spam, of_legitimate) < 2:
        return float("nan"), float("nan")
    area = auc(tally)
    below = (np.cumsum(legitimate) - legitimate / 2) / of_legitimate
    above = 1 - (np.cumsum(spam) - spam / 2) / of_spam
    variance = spam @ (below - area) ** 2 / (of_spam * (of_spam - 1))
    variance += legitimate @ (above - area) ** 2 / (of_legitimate * (of_legitimate - 1))
    half = Z * float(np.sqrt(variance))
    return max(area - half, 0.0), min(area + half, 1.0)


def coded(values: npt.ArrayLike | pd.Series[Any]) -> tuple[npt.NDArray[np.integer[Any]], Floats]:
    """Each value as its place among the distinct ones, (n,), -1 where missing; and these, ascending, (k,)."""
    array = np.asarray(values)
    seen, present = _seen(array)
    whole = _shifted(seen)
    if whole is None:
        distinct, places = np.unique(seen, return_inverse=True)
    else:
        shifted, low = whole
        used = np.bincount(shifted) > 0
        distinct, places = np.flatnonzero(used) + low, (np.cumsum(used) - 1)[shifted]
    small = places.astype(np.min_scalar_type(-max(len(distinct), 1)))
    if present is None:
        return small, distinct.astype(np.float64)
    codes = np.full(len(array), -1, small.dtype)
    codes[present] = small
    return codes, distinct.astype(np.float64)


def _classes(label: npt.ArrayLike | None, n: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    if label is None:
        return np.zeros(n, bool), np.zeros(n, bool)
    array = np.asarray(label)
    return array == 1, array == 0


def _seen(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """The values that are there, and where, None for everywhere."""
    if array.dtype.kind in "iu":
        return array, None
    floats = array.astype(np.float64, copy=False)
    present = ~np.isnan(floats)
    # Adding 0.0 turns -0.0 into 0.0.
    return (floats + 0.0, None) if present.all() else (floats[present] + 0.0, present)


def _shifted(seen: npt.NDArray[Any]) -> tuple[Ints, int] | None:
    """Whole numbers of a small range counted from their lowest, and this; None for other values."""
    if not len(seen):
        return None
    low, high = seen.min(), seen.max()
    # As Python numbers: the range of int64 values can be wider than int64.
    if float(high) - float(low) >= max(SMALL_RANGE, 4 * len(seen)) or abs(float(low)) > 2.0**53:
        return None
    if seen.dtype.kind == "f" and not (np.trunc(seen) == seen).all():
        return None
    return (seen - low).astype(np.int64, copy=False), int(low)


def _counted(seen: npt.NDArray[Any], spam: npt.NDArray[np.bool_]) -> tuple[Floats, Ints, Ints]:
    whole = _shifted(seen)
    if whole is None:
        distinct, counts = np.unique(seen.astype(np.float64, copy=False), return_counts=True)
        return distinct, counts.astype(np.int64), _counted_in(seen[spam], distinct)
    shifted, low = whole
    counts = np.bincount(shifted)
    spammers = np.bincount(shifted[spam], minlength=len(counts))
    used = np.flatnonzero(counts)
    return (used + low).astype(np.float64), counts[used], spammers[used]


def _counted_in(values: npt.NDArray[Any], distinct: Floats) -> Ints:
    """How often each of the distinct values (k,) occurs among values that are all known, (k,)."""
    found, counts = np.unique(values.astype(np.float64, copy=False), return_counts=True)
    counted = np.zeros(len(distinct), np.int64)
    counted[np.searchsorted(distinct, found)] = counts
    return counted


def _missing(present: npt.NDArray[np.bool_] | None, label: npt.ArrayLike | None) -> tuple[int, int, int]:
    if present is None:
        return 0, 0, 0
    spam, legitimate = _classes(label, len(present))
    gone = ~present
    return int(gone.sum()), int((spam & gone).sum()), int((legitimate & gone).sum())
