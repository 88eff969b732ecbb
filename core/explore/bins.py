"""Into which bins the values of a feature go, so that counts, zeros, long tails and outliers can all be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore.value_counts import Floats, Ints, ValueCounts

Scale = Literal["linear", "log", "quantile"]
#: How the bins came about: "values" is one bin for each value.
Made = Literal["values"] | Scale
#: More bins than this can be neither drawn nor read side by side.
MOST: Final = 30
#: Where the values between these quantiles take up less than half of the range, the bins of a linear axis are cut
#: between them and the end bins reach to the extremes: one value of 1e12 among thousands would otherwise put everyone
#: else into one bin.
TAILS: Final = (0.005, 0.995)
#: Highest value over the median of the positive ones, from which a logarithmic axis shows more than a linear one.
SKEWED: Final = 50.0
MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins side by side. `starts` (k,) ascending: a value belongs to the last bin that starts at or below it.

    Values below the first bin belong to it all the same, so bins made for one set of users serve another.
    `ends` (k,) are for people: the highest whole number of a bin, or where the next one starts; the highest
    value for the last.
    """

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    made: Made
    #: What the bins are called where their numbers stand for something.
    names: tuple[str, ...] = ()

    def index(self, values: npt.ArrayLike | pd.Series[Any]) -> Ints:
        """The bin of each value, (n,) -> (n,); -1 where it is missing."""
        array = np.asarray(values, np.float64)
        if not self.starts:
            return np.full(len(array), -1, np.int64)
        found = np.searchsorted(np.asarray(self.starts[1:]), array, side="right")
        return np.where(np.isnan(array), -1, found).astype(np.int64)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each bin is called; all different."""
        if self.names:
            return self.names
        for digits in range(3, 17):
            names = tuple(_name(*pair, digits) for pair in zip(self.starts, self.ends, strict=True))
            if len(set(names)) == len(names):
                return names
        return tuple(f"{start!r} to {end!r}" for start, end in zip(self.starts, self.ends, strict=True))

    def counted(self, tally: ValueCounts) -> tuple[Ints, Ints, Ints]:
        """Users, spammers and legitimate users of each bin, (k,) each."""
        if not self.starts:
            empty = np.empty(0, np.int64)
            return empty, empty, empty
        at = self.index(tally.values)
        parts = (tally.counts, tally.spammers, tally.legitimate)
        users, spammers, legitimate = (np.bincount(at, part, len(self.starts)).astype(np.int64) for part in parts)
        return users, spammers, legitimate


def of(tally: ValueCounts, *, most: int = MOST, scale: Scale | None = None) -> Bins:
    """At most `most` (3 or more) bins for the users counted.

    One for each value where there are no more values than that. Otherwise zero has its own bin where more than
    half of the users have it, or where the axis is logarithmic, and the rest is cut at equal distances, equal
    ratios ("log", only where no value is negative) or into parts of about equally many users. Without a scale,
    it is logarithmic where the highest value is far above the others.
    """
    if len(tally.values) <= most:
        values = tuple(tally.values.tolist())
        return Bins(values, values, "values")
    chosen = scale or ("log" if _skewed(tally) else "linear")
    if chosen == "log" and tally.values[0] < 0:
        chosen = "linear"
    whole = bool((np.trunc(tally.values) == tally.values).all())
    starts = np.concatenate([_cuts(part, room, chosen, whole=whole) for part, room in _parts(tally, most, chosen)])
    return Bins(tuple(starts.tolist()), tuple(_ends(starts, tally.values, whole=whole)), chosen)


def of_words(names: tuple[str, ...]) -> Bins:
    """A bin for each of the values 0, 1 ... that are called so."""
    values = tuple(map(float, range(len(names))))
    return Bins(values, values, "values", names)


def zero_inflated(tally: ValueCounts) -> bool:
    """Whether more than half of the users who have a value have the value 0."""
    return bool(2 * tally.counts[tally.values == 0].sum() > tally.n)


def _skewed(tally: ValueCounts) -> bool:
    positive = tally.subset(tally.values > 0)
    return bool(tally.values[0] >= 0 and tally.values[-1] > SKEWED * positive.quantiles(0.5))


def _parts(tally: ValueCounts, most: int, scale: Scale) -> list[tuple[ValueCounts, int]]:
    """What is cut by itself, and into how many bins at most: negative values, zero and positive ones, or all."""
    zero = tally.values == 0
    if not zero.any() or not (scale == "log" or zero_inflated(tally)):
        return [(tally, most)]
    below, above = tally.subset(tally.values < 0), tally.subset(tally.values > 0)
    room = most - 1
    share = round(room * below.n / max(below.n + above.n, 1))
    if below.n and above.n:
        share = min(max(share, 1), room - 1)
    return [(part, size) for part, size in ((below, share), (tally.subset(zero), 1), (above, room - share)) if part.n]


def _cuts(tally: ValueCounts, most: int, scale: Scale, *, whole: bool) -> Floats:
    """Where up to `most` bins start; the first at the lowest value."""
    values = tally.values
    if len(values) <= most:
        return values
    if scale == "quantile":
        return np.unique(tally.at_rank(np.floor(np.arange(most) * ((tally.n - 1) / most)).astype(np.int64)))
    if scale == "log":
        cuts = np.exp(np.linspace(np.log(values[0]), np.log(values[-1]), most + 1)[:-1])
    else:
        low, high = tally.quantiles(TAILS)
        if low == high or 2 * (high - low) >= values[-1] - values[0]:
            low, high = values[0], values[-1]
        # Bins of whole numbers are equally wide in whole numbers: 3 values here and 4 there would look like a comb.
        width = np.ceil((high - low + 1) / most) if whole else (high - low) / most
        cuts = np.floor(low) + width * np.arange(most) if whole else low + width * np.arange(most)
    cuts = np.ceil(cuts) if whole else cuts
    inside = cuts[1:][(cuts[1:] > values[0]) & (cuts[1:] <= values[-1])]
    return np.unique(np.append(values[0], inside))


def _ends(starts: Floats, values: Floats, *, whole: bool) -> list[float]:
    following = starts[1:] - 1 if whole else starts[1:]
    last = values[np.searchsorted(values, np.append(starts[1:], np.inf)) - 1]
    # Zero alone ends at zero, though the next value may be far away.
    ends = np.where((starts == 0) & (last <= 0), 0.0, np.append(following, values[-1]))
    return [float(end) for end in np.maximum(ends, starts)]


def _name(start: float, end: float, digits: int) -> str:
    return _number(start, digits) if start == end else f"{_number(start, digits)} to {_number(end, digits)}"


def _number(value: float, digits: int) -> str:
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.{digits}g}"
