"""Where a model is weak: its figures in each segment of users, and the segments it ranks worse than all others.

PR-AUC and precision depend on how many spammers a segment has, so they are shown, not tested. What is tested is
ROC-AUC, which does not, inside a segment against outside; with Holm's correction for having looked at them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from core.evaluation.paired import area_error, holm
from core.evaluation.resample import Floats
from core.explore import bins as binning
from core.explore import value_counts
from core.explore.bins import MISSING
from core.explore.interval import ratio, wilson
from core.wording import count, percent

Bools = npt.NDArray[np.bool_]
#: Users, and users of either class, below which a segment is shown but not tested.
FEWEST: Final = 200
FEWEST_OF_A_CLASS: Final = 20
#: Bins of a feature with many values.
BINS: Final = 5
#: Values of a context column that are looked at, the commonest first.
MOST_VALUES: Final = 20
LEVEL: Final = 0.05


def by_value(values: pd.Series[Any]) -> Iterator[tuple[str, Bools]]:
    """The users with each of the 20 commonest values of a context column (n,), and those without one."""
    codes, names = pd.factorize(values, sort=True)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    for code in np.argsort(-counts, kind="stable")[:MOST_VALUES]:
        yield str(names[code]), codes == code
    if (codes < 0).any():
        yield MISSING, codes < 0


def by_bin(values: npt.ArrayLike) -> Iterator[tuple[str, Bools]]:
    """The users in each of up to 5 bins of a feature (n,), about equally many in each, and those without a value."""
    given = np.asarray(values, np.float64)
    known = ~np.isnan(given)
    if known.any():
        bins = binning.of(value_counts.of(given[known]), most=BINS, scale="quantile")
        place = np.full(len(given), -1)
        place[known] = bins.index(given[known])
        for at, label in enumerate(bins.labels):
            yield label, place == at
    if not known.all():
        yield MISSING, ~known


def segments(
    label: npt.ArrayLike, score: npt.ArrayLike, above: float, groups: Mapping[str, Iterator[tuple[str, Bools]]],
    *, fewest: int = FEWEST,
) -> pd.DataFrame:  # fmt: skip
    """A row for each segment that has users, those surely weakest first.

    label (n,) of 0 and 1, score (n,) in [0, 1]; users above `above` are flagged. groups: column -> its segments (see
    `by_value`, `by_bin`). Columns: column, segment, n, spammers, roc_auc (NaN for one class), roc_auc_outside,
    selection_rate, fpr and fnr with ends such as fpr_low and fpr_high (Wilson), brier; p, one-sided, that the segment
    is ranked no worse than all other users, and p_holm, both NaN with fewer than `fewest` users or 20 of a class.
    """
    y, p = np.asarray(label) == 1, np.asarray(score, np.float64)
    found = [
        {"column": column, "segment": name, **_figures(y, p, above, inside), **_against(y, p, inside, fewest)}
        for column, parts in groups.items() for name, inside in parts if inside.any()
    ]  # fmt: skip
    table = pd.DataFrame(found, columns=None if found else ["column", "segment", "n", "p"])
    table["p_holm"] = holm(table["p"])
    return table.sort_values(["p_holm", "p"], kind="stable", na_position="last", ignore_index=True)


def weakest(table: pd.DataFrame) -> str:
    """One sentence on the weakest of `segments`, or that none is surely weak, or that none is large enough."""
    tested = int(table["p"].notna().sum())
    if not tested:
        return f"No segment has {FEWEST} users and {FEWEST_OF_A_CLASS} of either class: none can be tested."
    worst = table.iloc[0]
    looked = f"of {count(tested, 'segment')} looked at"
    if worst["p_holm"] >= LEVEL:
        return f"None {looked} is ranked worse than the other users beyond what chance explains."
    surely = int((table["p_holm"] < LEVEL).sum())
    who = f"the {count(int(worst['n']), 'user')} whose {worst['column']} is {worst['segment']}"
    return (
        f"Weakest {looked}: {who}, ROC-AUC {worst['roc_auc']:.3f} against {worst['roc_auc_outside']:.3f} elsewhere; "
        f"{percent(worst['fnr'])} of their spammers are missed. {_are(surely)} surely weaker than the rest."
    )


def _are(number: int) -> str:
    return "1 segment is" if number == 1 else f"{number} segments are"


def _figures(y: Bools, p: Floats, above: float, inside: Bools) -> dict[str, Any]:
    label, flagged = y[inside], p[inside] > above
    shares = {
        "selection_rate": (int(flagged.sum()), len(flagged)),
        "fpr": (int((flagged & ~label).sum()), int((~label).sum())),
        "fnr": (int((~flagged & label).sum()), int(label.sum())),
    }
    found: dict[str, Any] = {"n": len(label), "spammers": int(label.sum())}
    for name, (events, of) in shares.items():
        low, high = wilson(events, of)
        found |= {name: float(ratio(events, of)), f"{name}_low": float(low), f"{name}_high": float(high)}
    return found | {"brier": float(np.mean((p[inside] - label) ** 2))}


def _against(y: Bools, p: Floats, inside: Bools, fewest: int) -> dict[str, float]:
    """ROC-AUC inside and outside, and the p-value of the difference between two independent samples.

    On the scale of log-odds, where intervals of areas near 1 are honest (Pepe, The Statistical Evaluation of Medical
    Tests, 2003, section 5.2.4), with DeLong's standard errors.
    """
    within, error = _area(y[inside], p[inside])
    outside, error_outside = _area(y[~inside], p[~inside])
    found = {"roc_auc": within, "roc_auc_outside": outside, "p": float("nan")}
    few = min(int(y[inside].sum()), int((~y[inside]).sum())) < FEWEST_OF_A_CLASS or inside.sum() < fewest
    if few or not (0 < within < 1 and 0 < outside < 1):
        return found
    gap = np.log(outside / (1 - outside)) - np.log(within / (1 - within))
    spread = np.hypot(error / (within * (1 - within)), error_outside / (outside * (1 - outside)))
    return found | {"p": float(ndtr(-gap / spread)) if spread > 0 else float("nan")}


def _area(y: Bools, p: Floats) -> tuple[float, float]:
    return area_error(y, p) if 0 < y.sum() < len(y) else (float("nan"), float("nan"))
