"""One feature: how it is distributed, where the spammers are, its commonest values and its outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from core.explore import value_counts
from core.explore.bins import MISSING, Bins
from core.explore.interval import ratio, wilson
from core.explore.value_counts import Floats, ValueCounts

#: Tukey's outer fences: "far out" (Exploratory Data Analysis, 1977, chapter 2).
FAR_OUT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Outliers:
    """Values beyond 3 interquartile ranges from the quartiles: below `low` or above `high`.

    `apart`: a value that more than half of the users have (0 in most counts), None where there is none. The
    quartiles are then those of the others. Where these quartiles are equal, or absent, the fences are NaN and
    nothing is called an outlier. `share` is of the users who have a value. `extreme`: the values furthest from the
    median (of the others), with the index of their `row`, furthest first.
    """

    low: float
    high: float
    apart: float | None
    count: int
    share: float
    extreme: pd.DataFrame


def rates(tally: ValueCounts, bins: Bins) -> pd.DataFrame:
    """The spam rate of each bin, and of the missing where there are any.

    Columns: bin, low, high (the bin's ends, NaN for the missing), n users, labelled, spammers, rate (spammers of
    the labelled, NaN without any), and its 95 % Wilson interval, low95 and high95.
    """
    frame = _counted(tally, bins)
    labelled = frame["spammers"] + frame["legitimate"]
    return with_rates(frame.drop(columns="legitimate"), frame["spammers"].to_numpy(), labelled.to_numpy())


def with_rates(frame: pd.DataFrame, spammers: value_counts.Ints, labelled: value_counts.Ints) -> pd.DataFrame:
    """The frame (k rows) with the columns labelled, spammers, rate, low95 and high95 at its end."""
    low, high = wilson(spammers, labelled)
    return frame.drop(columns="spammers", errors="ignore").assign(
        labelled=labelled, spammers=spammers, rate=ratio(spammers, labelled), low95=low, high95=high
    )


def distribution(tally: ValueCounts, bins: Bins) -> pd.DataFrame:
    """How users spread over the bins, and the missing where there are any.

    Columns: bin, low, high, n, spammers, legitimate (users), and share, share_spammers, share_legitimate: of all
    users of the group, those without a value included; NaN for a group without users.
    """
    frame = _counted(tally, bins)
    shares = {
        name: ratio(frame[group], frame[group].sum())
        for name, group in (("share", "n"), ("share_spammers", "spammers"), ("share_legitimate", "legitimate"))
    }
    return frame.assign(**shares)


def commonest(tally: ValueCounts, k: int = 10) -> pd.DataFrame:
    """The k values that most users have, commonest first, the lower of two equally common ones first.

    Columns: value, n, share (of all users, those without a value included), labelled, spammers, rate, low95, high95.
    """
    at = np.argsort(-tally.counts, kind="stable")[:k]
    frame = pd.DataFrame({"value": tally.values[at], "n": tally.counts[at]})
    frame = frame.assign(share=ratio(tally.counts[at], tally.rows))
    return with_rates(frame, tally.spammers[at], tally.spammers[at] + tally.legitimate[at])


def outliers(values: pd.Series[Any], *, most: int = 10) -> Outliers:
    """The outliers among values (n,), NaN where missing; `extreme` has up to `most` rows."""
    tally = value_counts.of(values)
    apart = _apart(tally)
    others = tally if apart is None else tally.subset(tally.values != apart)
    low, high = _fences(others)
    beyond = int(others.counts[(others.values < low) | (others.values > high)].sum())
    extreme = _extreme(values, others, apart, most)
    return Outliers(low, high, apart, beyond, beyond / tally.n if tally.n else float("nan"), extreme)


def _apart(tally: ValueCounts) -> float | None:
    common = 2 * tally.counts > tally.n
    return float(tally.values[common][0]) if common.any() and len(tally.values) > 1 else None


def _fences(tally: ValueCounts) -> tuple[float, float]:
    lower, upper = (float(quartile) for quartile in tally.quantiles([0.25, 0.75]))
    reach = FAR_OUT * (upper - lower)
    return (lower - reach, upper + reach) if reach > 0 else (float("nan"), float("nan"))


def _extreme(values: pd.Series[Any], others: ValueCounts, apart: float | None, most: int) -> pd.DataFrame:
    array = values.to_numpy(np.float64)
    distance: Floats = np.abs(array - float(others.quantiles(0.5)))
    distance[np.isnan(array) | (array == apart if apart is not None else False)] = -1.0
    found = np.flatnonzero(distance >= 0)
    if len(found) > most:
        found = found[distance[found] >= np.partition(distance[found], -most)[-most]]
    at = found[np.argsort(-distance[found], kind="stable")][:most]
    return pd.DataFrame({"row": values.index[at], "value": array[at]})


def _counted(tally: ValueCounts, bins: Bins) -> pd.DataFrame:
    """bin, low, high, n, spammers and legitimate users of each bin, the missing last."""
    names, lows, highs = [*bins.labels], [*bins.starts], [*bins.ends]
    counts = np.column_stack(bins.counted(tally))
    if tally.missing[0]:
        names, lows, highs = [*names, MISSING], [*lows, np.nan], [*highs, np.nan]
        counts = np.vstack([counts, tally.missing])
    frame = pd.DataFrame({"bin": names, "low": lows, "high": highs}).astype({"bin": "str", "low": float, "high": float})
    return frame.assign(n=counts[:, 0], spammers=counts[:, 1], legitimate=counts[:, 2])
