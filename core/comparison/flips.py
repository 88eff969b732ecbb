"""Users who change band from one model to another: how many, which way, who, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.model.learner import Strongest
from core.wording import count, percent

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
#: How many reasons of two models are held against each other: as many as a reviewer sees.
TOP: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """Users by their band under a (rows) and under b (columns), (k, k) in ascending severity; `rows`: who flips."""

    bands: tuple[str, ...]
    counts: Ints
    rows: Ints

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def milder(self) -> int:
        """How many get a milder band from b."""
        return int(np.tril(self.counts, -1).sum())

    @property
    def severer(self) -> int:
        """How many get a severer band from b."""
        return int(np.triu(self.counts, 1).sum())

    @property
    def sentence(self) -> str:
        flipped = len(self.rows)
        if not flipped:
            return f"None of {count(self.n, 'user')} changes band."
        return (
            f"{flipped:,} of {count(self.n, 'user')} ({percent(flipped / self.n)}) change band: "
            f"{self.severer:,} to a severer one, {self.milder:,} to a milder one."
        )

    def frame(self) -> pd.DataFrame:
        """A row for each change that happens, the commonest first: before, after, users."""
        before, after = np.nonzero(self.counts - np.diag(np.diag(self.counts)))
        names = np.asarray(self.bands, object)
        found = pd.DataFrame({"before": names[before], "after": names[after], "users": self.counts[before, after]})
        return found.sort_values("users", ascending=False, kind="stable", ignore_index=True)


def severity(probability: npt.ArrayLike, thresholds: Mapping[Any, float]) -> Ints:
    """How many of the thresholds, of whatever order, each probability (n,) lies strictly above: 0 is the mildest.

    Raises ValueError for a probability that is no number.
    """
    given = np.asarray(probability, np.float64)
    if not np.isfinite(given).all():
        raise ValueError("a score that is not finite has no band")
    edges = np.sort(np.fromiter(thresholds.values(), np.float64))
    return np.searchsorted(edges, given, side="left").astype(np.int64)


def flips(a: npt.ArrayLike, b: npt.ArrayLike, bands: Sequence[str]) -> Flips:
    """Compare severities a and b (n,), positions in `bands` (k,), which ascend in severity."""
    before, after, k = np.asarray(a, np.int64), np.asarray(b, np.int64), len(bands)
    counts = np.bincount(before * k + after, minlength=k * k).reshape(k, k)
    return Flips(tuple(bands), counts, np.flatnonzero(before != after))


def aligned(
    a: npt.ArrayLike, b: npt.ArrayLike, names_a: Sequence[str], names_b: Sequence[str]
) -> tuple[tuple[str, ...], Floats, Floats]:  # fmt: skip
    """Contributions of two models over the same f features, (n, f): a's, then those only b has; 0 where not used."""
    names = tuple(dict.fromkeys([*names_a, *names_b]))
    return names, _spread(a, names_a, names), _spread(b, names_b, names)


def why(names: Sequence[str], a: npt.ArrayLike, b: npt.ArrayLike, *, k: int = TOP) -> pd.DataFrame:
    """The k features whose push moved most between the models, for each user: what a flip comes from.

    a, b: contributions in log-odds, (n, f) of `names`. Columns: row (position, 0 to n - 1), rank from 1, feature,
    before, after, change (after - before), the largest change either way first. Features without any are left out.
    """
    before, after = np.asarray(a, np.float64), np.asarray(b, np.float64)
    change = after - before
    order = np.argsort(-np.abs(change), axis=1, kind="stable")[:, :k]
    row, rank = (np.broadcast_to(each, order.shape) for each in np.ogrid[: len(order), : order.shape[1]])
    moved = np.take_along_axis(change, order, axis=1) != 0
    row, rank, feature = row[moved], rank[moved], order[moved]
    return pd.DataFrame(
        {
            "row": row,
            "rank": rank + 1,
            "feature": pd.array(np.asarray(names, object)[feature], dtype="str"),
            "before": before[row, feature],
            "after": after[row, feature],
            "change": change[row, feature],
        }
    )


def overlap(a: npt.ArrayLike, b: npt.ArrayLike, *, k: int = TOP) -> Floats:
    """The share of reasons that two models have in common, for each user: (n, f) and (n, f) -> (n,).

    Jaccard's index of the sets of the k strongest pushes towards "spammer": shared / named by either. NaN for a user
    for whom neither names any.
    """
    first, second = _named(a, k), _named(b, k)
    either = (first | second).sum(axis=1)
    return np.where(either > 0, (first & second).sum(axis=1) / np.maximum(either, 1), np.nan)


def _named(contributions: npt.ArrayLike, k: int) -> npt.NDArray[np.bool_]:
    given = np.asarray(contributions, np.float32)
    best = Strongest.of(given, k).features
    named = np.zeros(given.shape, bool)
    row, rank = np.nonzero(best >= 0)
    named[row, best[row, rank]] = True
    return named


def _spread(values: npt.ArrayLike, own: Sequence[str], names: Sequence[str]) -> Floats:
    given = np.asarray(values, np.float64)
    spread = np.zeros((len(given), len(names)))
    spread[:, [names.index(name) for name in own]] = given
    return spread
