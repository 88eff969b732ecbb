"""The spam rate of each value of a context column: countries, hosts, signup weeks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.explore.bins import MISSING, MOST
from core.explore.interval import ratio
from core.explore.single import with_rates
from core.explore.value_counts import Ints
from core.wording import count

#: Labelled users below which a rate says next to nothing: the interval of 15 of 30 reaches from 33 to 67 %.
FEW: Final = 30


def segments(values: pd.Series[str], label: npt.NDArray[Any] | None = None, *, most: int = MOST) -> pd.DataFrame:
    """A row for each of the `most` commonest values, then one for all others together and one for the missing.

    values (n,) are texts, label (n,) is 1 for a spammer, 0, NaN where not known. Columns: segment; kind: "value",
    "others" or "missing" (a value may itself be called missing); n, share of all users, labelled, spammers, rate and
    its 95 % Wilson interval low95 and high95, NaN without labels; small: fewer than 30 labelled users, or users
    where there is no label. Most users first, equally common values by name.
    """
    codes, names = pd.factorize(values, sort=True)
    known = np.full(len(codes), np.nan) if label is None else np.asarray(label, np.float64)
    rows = (np.ones(len(codes), bool), ~np.isnan(known), known == 1)
    # The last place is that of the missing, whose code is -1.
    counts = np.column_stack([np.bincount(codes[kept] % (len(names) + 1), minlength=len(names) + 1) for kept in rows])
    order = np.argsort(-counts[:-1, 0], kind="stable")
    return _table(np.asarray(names, object)[order], counts[:-1][order], counts[-1], most, labelled=label is not None)


def groupable(columns: Mapping[str, pd.Series[Any]]) -> list[str]:
    """Names of the columns (n,) in which users share values, those with the fewest different values first.

    A column that is the same for everybody comes last; one without a value, or with another for every user, divides
    nobody and is left out.
    """
    counts = {name: (int(values.nunique()), int(values.notna().sum())) for name, values in columns.items()}
    shared = [name for name, (distinct, known) in counts.items() if distinct < known]
    return sorted(shared, key=lambda name: (counts[name][0] == 1, counts[name][0]))


def _table(
    names: npt.NDArray[np.object_], counts: Ints, missing: Ints, most: int, *, labelled: bool
) -> pd.DataFrame:  # fmt: skip
    """names (k,) in order, counts (k, 3) and missing (3,): users, labelled, spammers."""
    shown, kinds = [str(name) for name in names[:most]], ["value"] * min(most, len(names))
    parts = [counts[:most]]
    if len(names) > most:
        shown.append(f"other {count(len(names) - most, 'value')}")
        kinds.append("others")
        parts.append(counts[most:].sum(axis=0, keepdims=True))
    if missing[0]:
        shown.append(MISSING)
        kinds.append("missing")
        parts.append(missing[None, :])
    n, known, spammers = np.vstack(parts).T
    frame = pd.DataFrame({"segment": shown, "kind": kinds}, dtype="str").assign(n=n, share=ratio(n, n.sum()))
    return with_rates(frame, spammers, known).assign(small=(known if labelled else n) < FEW)
