"""How far two sets of users differ in each feature: this month from last, the flagged from the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv

from core.explore import bins as binning
from core.explore import value_counts
from core.explore.value_counts import Floats, Ints, ValueCounts

#: Bins of a stability index: with many bins and few users, chance alone makes it large.
BINS: Final = 10
#: Added to every bin, so that one which is empty on one side does not make the index infinite (Jeffreys' prior).
SMOOTHING: Final = 0.5


def psi(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Population stability index of two histograms (k,) of counts over the same bins.

    The sum of (q - p) ln(q / p) over the bins that are not empty on both sides (Kullback and Leibler 1951, symmetric),
    with shares p, q of the counts plus 0.5 each. 0 for equal shares of large samples; NaN when a side is empty.

    >>> round(psi([500, 500], [750, 250]), 3)
    0.274
    """
    p, q = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    if not p.sum() or not q.sum():
        return float("nan")
    used = (p > 0) | (q > 0)
    p, q = p[used] + SMOOTHING, q[used] + SMOOTHING
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def psi_by_chance(expected: npt.ArrayLike, actual: npt.ArrayLike, *, confidence: float = 0.95) -> float:
    """The index that two samples of the same users stay below 19 times out of 20, or as often as `confidence` says.

    That quantile of chi-square with k - 1 degrees of freedom times (1/n + 1/m), k the bins in use
    (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020).
    """
    p, q = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    if not p.sum() or not q.sum():
        return float("nan")
    freedom = np.count_nonzero((p > 0) | (q > 0)) - 1
    return float(2 * gammaincinv(freedom / 2, confidence) * (1 / p.sum() + 1 / q.sum())) if freedom else 0.0


def psi_against(
    edges: npt.ArrayLike, counts: npt.ArrayLike, missing: int, values: npt.ArrayLike | pd.Series[Any]
) -> tuple[float, float]:
    """Index of values (n,) against a stored histogram, and what chance would give: `psi`, `psi_by_chance`.

    edges (k + 1,), counts (k,) and missing as a model's training baseline holds them: values are rounded to float32
    as those were. Neighbouring bins are put together until about ten are left; what is missing, what lies below the
    first edge and what lies above the last are bins of their own.
    """
    return psi_of(edges, counts, missing, value_counts.of(values))


def psi_of(edges: npt.ArrayLike, counts: npt.ArrayLike, missing: int, tally: ValueCounts) -> tuple[float, float]:
    """`psi_against` for values that are counted already: it takes as long as there are different ones."""
    counted = binned(edges, counts, missing, tally)
    return psi(*counted), psi_by_chance(*counted)


def binned(
    edges: npt.ArrayLike, counts: npt.ArrayLike, missing: int, tally: ValueCounts, *, grouped: bool = True
) -> tuple[Ints, Ints]:
    """The users of a stored histogram and those of a tally in the same bins, (b,) each, as `psi_against` says.

    Ascending: below the first edge, the bins (about ten where they are `grouped`), above the last, missing.
    """
    return both_sides(counts, missing, placed(edges, counts, tally), grouped=grouped)


def placed(edges: npt.ArrayLike, counts: npt.ArrayLike, tally: ValueCounts) -> Ints:
    """The users of a tally in the bins of a stored histogram, (k + 3,), in the order of `binned`; those of a file are
    the sum of those of its parts.
    """
    borders, bins = np.asarray(edges, np.float64), len(np.asarray(counts))
    known = tally.values.astype(np.float32).astype(np.float64)
    place = np.searchsorted(borders, known, side="right") if len(borders) else np.zeros(len(known), np.int64)
    seen = np.bincount(place, tally.counts, bins + 2).astype(np.int64)
    return np.concatenate([seen[: bins + 1], [seen[bins + 1 :].sum(), tally.missing[0]]])


def both_sides(counts: npt.ArrayLike, missing: int, seen: Ints, *, grouped: bool = True) -> tuple[Ints, Ints]:
    """`binned` for users who are `placed` already."""
    stored = np.asarray(counts, np.int64)
    groups = _grouped(stored) if grouped else np.arange(len(stored))
    expected = np.concatenate([[0], np.bincount(groups, stored), [0, missing]])
    actual = np.concatenate([seen[:1], np.bincount(groups, seen[1:-2]), seen[-2:]])
    return expected.astype(np.int64), actual.astype(np.int64)


def starts(edges: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """Where the grouped bins of `binned` start, in its order; `edges` (k + 1,), `counts` (k,)."""
    groups = _grouped(np.asarray(counts, np.int64))
    _, first = np.unique(groups, return_index=True)
    return np.asarray(edges, np.float64)[first]


def compare(
    a: pd.DataFrame, b: pd.DataFrame, names: Sequence[str], use: Mapping[str, float] | None = None,
    *, progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> pd.DataFrame:  # fmt: skip
    """How b differs from a, a row for each feature, what matters most first.

    use: how much the model uses each feature (mean |SHAP|, say), 0 where not given. Columns: feature; psi, over at most
    ten bins of the values of both and one of the missing; psi_by_chance; ks, the largest distance of the two
    cumulated distributions; delta, Cliff's: the share of pairs in which b's user has the higher value less that in
    which a's has; smd, the standardised difference of means, b less a; mean_a, mean_b; missing_a, missing_b (shares)
    and missing_change; use, the feature's share of the use of all `names`; weighted = psi x use, or psi without a
    use. Sorted by weighted, then by psi. Figures are NaN where one side has no value.
    """
    rows = []
    for done, name in enumerate(names):
        progress(done, len(names))
        rows.append({"feature": name, **difference(value_counts.of(a[name]), value_counts.of(b[name]))})
    progress(len(names), len(names))
    columns = ["feature", *difference(value_counts.of([]), value_counts.of([]))]
    frame = pd.DataFrame(rows, columns=columns).astype({"feature": "str"})
    shares = _shares(names, use)
    frame = frame.assign(use=shares, weighted=frame["psi"] if use is None else frame["psi"] * shares)
    return frame.sort_values(["weighted", "psi"], ascending=False, kind="stable", ignore_index=True)


def difference(a: ValueCounts, b: ValueCounts) -> dict[str, float]:
    """One row of `compare`, from the tallies of a feature in a and in b."""
    values, of_a, of_b = aligned(a, b)
    pooled = ValueCounts(values, of_a + of_b, of_a, of_b, (0, 0, 0), labelled=True)
    _, binned_a, binned_b = binning.of(pooled, most=BINS, scale="quantile").counted(pooled)
    counts = np.append(binned_a, a.missing[0]), np.append(binned_b, b.missing[0])
    missing = [side.missing[0] / side.rows if side.rows else np.nan for side in (a, b)]
    return {
        "psi": psi(*counts),
        "psi_by_chance": psi_by_chance(*counts),
        "ks": ks(of_a, of_b),
        "delta": cliffs_delta(of_a, of_b),
        "smd": standardised_difference(a, b),
        "mean_a": a.mean,
        "mean_b": b.mean,
        "missing_a": missing[0],
        "missing_b": missing[1],
        "missing_change": missing[1] - missing[0],
    }


def aligned(a: ValueCounts, b: ValueCounts) -> tuple[Floats, Ints, Ints]:
    """The values of either, (k,), and how many users of a and of b have each."""
    values = np.union1d(a.values, b.values)
    counts = np.zeros((2, len(values)), np.int64)
    for row, side in zip(counts, (a, b), strict=True):
        row[np.searchsorted(values, side.values)] = side.counts
    return values, counts[0], counts[1]


def jensen_shannon(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Distance of two histograms (k,) of counts over the same bins, 0 (equal shares) to 1 (no bin in common).

    The root of the mean divergence, in bits, of both from their mean (Lin, IEEE Trans. Inf. Theory 37, 1991; Endres and
    Schindelin 2003). NaN when a side is empty.

    >>> jensen_shannon([5, 5], [50, 50]), jensen_shannon([1, 0], [0, 1])
    (0.0, 1.0)
    """
    p, q = np.asarray(expected, np.float64), np.asarray(actual, np.float64)
    if not p.sum() or not q.sum():
        return float("nan")
    p, q = p / p.sum(), q / q.sum()
    mean = (p + q) / 2
    divergence = sum(float(np.sum(each[each > 0] * np.log2(each[each > 0] / mean[each > 0]))) for each in (p, q)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def ks(a: Ints, b: Ints) -> float:
    """Kolmogorov and Smirnov's statistic of counts (k,) of the same ascending values; NaN when a side is empty."""
    if not a.sum() or not b.sum():
        return float("nan")
    return float(np.abs(np.cumsum(a) / a.sum() - np.cumsum(b) / b.sum()).max())


def cliffs_delta(a: Ints, b: Ints) -> float:
    """P(b's value is higher) - P(a's is) for a random pair (Cliff, Psychological Bulletin 114, 1993), -1 to 1, from
    counts (k,) of the same ascending values; NaN when a side is empty.
    """
    pairs = int(a.sum()) * int(b.sum())
    lower = np.cumsum(a) - a
    higher = a.sum() - lower - a
    return float(b @ (lower - higher)) / pairs if pairs else float("nan")


def standardised_difference(a: ValueCounts, b: ValueCounts) -> float:
    """Difference of means, b less a, over the root of the mean of both variances (Cohen 1988, with n - 1).

    NaN where neither varies or one has fewer than two users.
    """
    spread = (a.variance + b.variance) / 2
    return (b.mean - a.mean) / float(np.sqrt(spread)) if spread > 0 else float("nan")


def _grouped(counts: Ints) -> Ints:
    """A group 0, 1, ... for each bin (k,), neighbours together, up to BINS groups of about equal counts."""
    if len(counts) <= BINS:
        return np.arange(len(counts))
    before = np.cumsum(counts) - counts
    _, groups = np.unique(before * BINS // max(int(counts.sum()), 1), return_inverse=True)
    return np.asarray(groups, np.int64)


def _shares(names: Sequence[str], use: Mapping[str, float] | None) -> Floats:
    if use is None:
        return np.full(len(names), np.nan)
    given = np.array([use.get(name, 0.0) for name in names], np.float64)
    return given / given.sum() if given.sum() > 0 else given
