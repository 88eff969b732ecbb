"""The feature table: one row a feature, what it holds and what it says about the label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore import bins as binning
from core.explore import value_counts
from core.explore.value_counts import ValueCounts
from core.schema.schema import Column

Progress = Callable[[int, int], None]
SHARES: Final = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
SPARK_BINS: Final = 16
#: As many as the training baseline has, so that the two speak of the same bins.
INFORMATION_BINS: Final = 64


def profile(
    columns: Sequence[Column], counted: Callable[[str], ValueCounts], *, progress: Progress = lambda _done, _of: None
) -> pd.DataFrame:
    """A row for each feature, in the order of `columns`; `counted` gives the tally of a feature by its name.

    The columns of the result:

    feature, kind; missing: share of the rows; distinct: how many values; min, q05, q25, median, q75, q95, max, mean:
    of the values, NaN without any; spark: users in each of up to 16 bins (`core.explore.bins`), a list;
    auc: ROC-AUC of the value for the label, over the `auc_rows` rows that have both, NaN without both classes;
    mi: mutual information of label and binned value in nats, missing being a bin of its own, NaN without a label.
    """
    rows = []
    for done, column in enumerate(columns):
        progress(done, len(columns))
        rows.append({"feature": column.name, "kind": column.kind, **described(counted(column.name))})
    progress(len(columns), len(columns))
    names = ["feature", "kind", *described(value_counts.of([]))]
    return pd.DataFrame(rows, columns=names).astype({"feature": "str", "kind": "str"})


def described(tally: ValueCounts) -> dict[str, Any]:
    """One row of the feature table, without the feature's name and kind."""
    ends = (float(tally.values[0]), float(tally.values[-1])) if tally.n else (np.nan, np.nan)
    return {
        "missing": tally.missing[0] / tally.rows if tally.rows else np.nan,
        "distinct": len(tally.values),
        "min": ends[0],
        **dict(zip(SHARES, tally.quantiles(list(SHARES.values())).tolist(), strict=True)),
        "max": ends[1],
        "mean": tally.mean,
        "spark": spark(tally),
        "auc": value_counts.auc(tally),
        "auc_rows": int(tally.spammers.sum() + tally.legitimate.sum()),
        "mi": information(tally),
    }


def spark(tally: ValueCounts) -> list[int]:
    """Users in each of up to 16 bins, lowest values first; those without a value are left out."""
    users, _, _ = binning.of(tally, most=SPARK_BINS).counted(tally)
    return [int(count) for count in users]


def information(tally: ValueCounts) -> float:
    """Mutual information of label and binned value, in nats (Cover and Thomas, Elements of Information Theory, 2.28).

    Of the labelled users. A bin for each value where there are at most 64, else up to 64 bins between the values
    at equally spaced ranks; and a bin for those without a value. The plug-in estimate: on few users it is too high,
    by about (bins - 1) / (2 n).
    """
    starts = _starts(tally)
    at = np.searchsorted(starts, tally.values, side="right") - 1
    spam = np.append(np.bincount(at, tally.spammers, len(starts)), tally.missing[1])
    legitimate = np.append(np.bincount(at, tally.legitimate, len(starts)), tally.missing[2])
    return mutual_information(np.vstack([spam, legitimate]))


def mutual_information(counts: npt.NDArray[Any]) -> float:
    """Mutual information in nats of the rows and columns of a table of counts; NaN of an empty table.

    >>> round(mutual_information(np.array([[5, 0], [0, 5]])), 6)
    0.693147
    """
    total = counts.sum()
    if not total:
        return float("nan")
    joint = counts / total
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    there = joint > 0
    return max(float(np.sum(joint[there] * np.log(joint[there] / expected[there]))), 0.0)


def _starts(tally: ValueCounts) -> value_counts.Floats:
    """Where the bins of `core.registry.baseline` start: the values at 64 equally spaced ranks, each once."""
    if len(tally.values) <= INFORMATION_BINS:
        return tally.values
    return np.unique(tally.at_rank(np.floor(np.linspace(0, 1, INFORMATION_BINS) * (tally.n - 1)).astype(np.int64)))
