"""Where one user's values stand among the training users of a version: percentiles, and the rows to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.registry.baseline import Baseline
from core.registry.metadata import Trained

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """The mid-ranks of one feature: `levels`, its m distinct values, sorted, at the precision it was kept in.

    `ranks` (2m + 1,), 0 to 100: below the first level, at the first, between the first and the second, and so on.
    """

    levels: npt.NDArray[np.floating]
    ranks: Floats

    @classmethod
    def of(cls, values: npt.NDArray[np.floating]) -> Ranks:
        return cls.counted(*np.unique(values[~np.isnan(values)], return_counts=True))

    @classmethod
    def counted(cls, levels: npt.NDArray[np.floating], counts: npt.NDArray[np.int64]) -> Ranks:
        """Of `counts` users (m,) at each of these levels."""
        ends = np.concatenate([[0], np.cumsum(counts)])
        ranks = np.empty(2 * len(levels) + 1)
        ranks[::2], ranks[1::2] = ends, (ends[:-1] + ends[1:]) / 2
        return cls(levels, 100 * ranks / ends[-1] if len(levels) else np.array([np.nan]))

    def at(self, values: npt.ArrayLike) -> Floats:
        """The mid-rank of each value (n,), NaN where it is missing or nobody has any."""
        with np.errstate(over="ignore"):  # beyond float32 is beyond every user
            given = np.ascontiguousarray(values, self.levels.dtype)
        if not len(self.levels):
            return np.full(len(given), np.nan)
        before = np.searchsorted(self.levels, given)
        equal = self.levels.take(before, mode="clip") == given
        return np.where(np.isnan(given), np.nan, self.ranks[2 * before + equal])

    def median(self, values: npt.NDArray[np.floating]) -> float:
        """The mid-rank of the median of some users' values, NaN without any."""
        seen = values[~np.isnan(values)]
        return float(self.at([np.median(seen)])[0]) if len(seen) else np.nan


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The ranks of the f features `names`; `spammer` and `legitimate`: the percentile of the median of each label.

    Both medians are (f,), NaN where no user with that label has a value.
    """

    names: tuple[str, ...]
    ranks: tuple[Ranks, ...]
    spammer: Floats
    legitimate: Floats
    features: tuple[Trained, ...]

    @classmethod
    def of(cls, sample: pd.DataFrame, features: Sequence[Trained]) -> Population:
        """The users of a training baseline's `sample`: all features, then label (0 or 1), then score."""
        names = [feature.name for feature in features]
        columns = [_floats(sample[name]) for name in names]
        label = sample.iloc[:, len(names)].to_numpy()  # by place: a feature may be called "label" too
        ranks = tuple(map(Ranks.of, columns))

        def medians(kind: int) -> Floats:
            found = [rank.median(column[label == kind]) for rank, column in zip(ranks, columns, strict=True)]
            # Between words there is no middle.
            return np.array([np.nan if each.levels else rank for each, rank in zip(features, found, strict=True)])

        return cls(tuple(names), ranks, medians(1), medians(0), tuple(features))

    @classmethod
    def of_baseline(cls, known: Baseline, features: Sequence[Trained]) -> Population:
        """The users of a training baseline; of one without rows, what its histograms tell.

        Then a percentile is that of the bin of a value, exact where a feature has up to 64 values and otherwise within
        two points, and no median of a label is known.
        """
        if len(known.sample):
            return cls.of(known.sample, features)
        names = [feature.name for feature in features]
        bins = (known.features[name] for name in names)
        ranks = tuple(
            Ranks.counted(np.array(each.edges[:-1], np.float32), np.array(each.counts, np.int64)) for each in bins
        )
        unknown = np.full(len(names), np.nan)
        return cls(tuple(names), ranks, unknown, unknown, tuple(features))

    @property
    def tells_apart(self) -> bool:
        """Whether the medians of both labels are known for any feature."""
        return bool((~np.isnan(self.spammer - self.legitimate)).any())

    def percentile(self, values: npt.ArrayLike) -> Floats:
        """Mid-ranks in 0 to 100 of values (n, f): the share of users below plus half the share with the same value.

        NaN for a missing value and for a feature that no user has. Of words the rank is that of how frequent they are:
        equal ones are alike, and no more is meant. Values are rounded to the precision of the
        sample first, or 0.1 would not equal itself.
        """
        given = np.asarray(values)
        found = np.empty(given.shape, np.float64)
        for j, ranks in enumerate(self.ranks):
            levels = self.features[j].levels
            found[:, j] = ranks.at(given[:, j] if levels is None else levels.places(given[:, j].astype(np.float64)))
        return found

    def moved(self, row: pd.Series[float], pushes: npt.ArrayLike, k: int = 8) -> pd.DataFrame:
        """The up to k values of one user that moved the score most, the largest push either way first.

        row: values by feature name, NaN for missing. pushes: (f,) in log-odds. Columns: feature, value, value_text,
        percentile, spammer_percentile, legitimate_percentile, contribution. Features without any push are left out.
        """
        pushed = np.asarray(pushes, np.float64)
        order = np.argsort(-np.abs(pushed), kind="stable")[: min(k, np.count_nonzero(pushed))]
        return self._rows(row, order).assign(contribution=pushed[order])

    def blind(self, row: pd.Series[float], importance: npt.ArrayLike, k: int = 8) -> pd.DataFrame:
        """The values of the k most important features, in the columns of `moved` without the contribution.

        importance: (f,), of the model and not of this user, so that the choice gives nothing away; NaN comes last.
        """
        order = np.argsort(-np.asarray(importance, np.float64), kind="stable")[:k]
        return self._rows(row, order)

    def _rows(self, row: pd.Series[float], order: npt.NDArray[np.int64]) -> pd.DataFrame:
        values = row[list(self.names)].to_numpy(np.float64)
        words = np.array([bool(feature.levels) for feature in self.features])
        percentile = np.where(words, np.nan, self.percentile(values[None, :])[0])
        return pd.DataFrame(
            {
                "feature": [self.names[i] for i in order],
                "value": values[order],
                "value_text": pd.array([self.features[i].say(values[i]) for i in order], dtype="str"),
                "percentile": percentile[order],
                "spammer_percentile": self.spammer[order],
                "legitimate_percentile": self.legitimate[order],
            }
        )


def _floats(column: pd.Series[float]) -> npt.NDArray[np.floating]:
    """At the precision the column has; whole numbers and flags become float64."""
    values = column.to_numpy()
    return values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float64)
