"""Two features at once: where users and spammers are, and which features go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from core.explore import bins as binning
from core.explore import value_counts
from core.explore.bins import Bins, Scale
from core.explore.correlation import Progress, pearson, spearman
from core.explore.interval import ratio, wilson
from core.explore.value_counts import Floats, Ints

Method = Literal["pearson", "spearman"]


@dataclass(frozen=True, slots=True)
class Joint:
    """Users in the cells of two features' bins: n, labelled and spammers (bins of y, bins of x).

    `left_out`: users who have no value of one or both.
    """

    x: Bins
    y: Bins
    n: Ints
    labelled: Ints
    spammers: Ints
    left_out: int

    @property
    def rate(self) -> Floats:
        """Spammers of the labelled in each cell; NaN where nobody is labelled."""
        return ratio(self.spammers, self.labelled)

    def table(self) -> pd.DataFrame:
        """A row for each cell that somebody is in: x, y (bins), n, labelled, spammers, rate, low95, high95."""
        rows, columns = np.nonzero(self.n)
        spammers, labelled = self.spammers[rows, columns], self.labelled[rows, columns]
        low, high = wilson(spammers, labelled)
        names = {"x": np.array(self.x.labels, object)[columns], "y": np.array(self.y.labels, object)[rows]}
        frame = pd.DataFrame(names, dtype="str").assign(n=self.n[rows, columns], labelled=labelled, spammers=spammers)
        return frame.assign(rate=ratio(spammers, labelled), low95=low, high95=high)


def joint(
    x: pd.Series[Any], y: pd.Series[Any], label: npt.NDArray[Any] | None = None,
    *, most: int = binning.MOST, scale: Scale | None = None, given: tuple[Bins | None, Bins | None] = (None, None),
) -> Joint:  # fmt: skip
    """Count users by two features (n,) in at most `most` bins each, or in those given; label (n,) of 1, 0 and NaN."""
    columns, rows = (
        bins or binning.of(value_counts.of(values), most=most, scale=scale)
        for values, bins in zip((x, y), given, strict=True)
    )
    shape = len(rows.starts), len(columns.starts)
    across, down = columns.index(x), rows.index(y)
    both = (across >= 0) & (down >= 0)
    cell = down * shape[1] + across

    def counted(users: npt.NDArray[np.bool_]) -> Ints:
        return np.bincount(cell[users], minlength=shape[0] * shape[1]).reshape(shape)

    known = np.full(len(x), np.nan) if label is None else np.asarray(label, np.float64)
    labelled, spammers = both & ~np.isnan(known), both & (known == 1)
    return Joint(columns, rows, counted(both), counted(labelled), counted(spammers), int(len(x) - both.sum()))


def correlations(
    frame: pd.DataFrame, names: Sequence[str], method: Method = "pearson",
    *, progress: Progress = lambda _done, _of: None,
) -> pd.DataFrame:  # fmt: skip
    """Correlation of every two of the features, (f, f), indexed by name: Pearson's r, or Spearman's rho, which is
    the r of average ranks. Rows without one of the two values are left out of a pair, and ranks are taken
    among the rest. NaN where a feature is constant in these rows.
    """
    columns = [frame[name].to_numpy() for name in names]
    matrix = pearson(columns) if method == "pearson" else spearman(columns, progress=progress)
    return pd.DataFrame(matrix, index=list(names), columns=list(names))


def clustered(matrix: pd.DataFrame) -> list[str]:
    """Names in an order that puts features which go together side by side; constant ones come last.

    Average linkage of the distance 1 - |r| (Sokal and Michener 1958), leaves ordered by Bar-Joseph et al. (2001).
    A pair without a correlation is at distance 1.
    """
    r = matrix.to_numpy()
    known = [name for name, row in zip(matrix.index, np.isnan(r), strict=True) if not row.all()]
    last = [name for name in matrix.index if name not in set(known)]
    if len(known) < 3:
        return [*known, *last]
    related = matrix.loc[known, known].to_numpy(np.float64)
    distance = np.clip(1 - np.abs(np.nan_to_num(related)), 0, 1)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform((distance + distance.T) / 2), "average", optimal_ordering=True)
    return [*(known[leaf] for leaf in leaves_list(tree)), *last]


def strongest(matrix: pd.DataFrame, k: int = 20) -> pd.DataFrame:
    """The k pairs with the largest |r|: a, b (the names) and r; each pair once, undefined ones left out."""
    r = matrix.to_numpy()
    rows, columns = np.triu_indices(len(r), 1)
    known = ~np.isnan(r[rows, columns])
    rows, columns = rows[known], columns[known]
    at = np.argsort(-np.abs(r[rows, columns]), kind="stable")[:k]
    names = np.array(matrix.index, object)
    sides = {"a": pd.Series(names[rows[at]], dtype="str"), "b": pd.Series(names[columns[at]], dtype="str")}
    return pd.DataFrame(sides).assign(r=r[rows[at], columns[at]])
