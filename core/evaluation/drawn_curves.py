"""Curves of one model with their 95 % intervals: lift by the share of users reviewed, expected cost by threshold."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.evaluation.resample import REPLICATES, Costs, Floats, Ints
from core.evaluation.thresholds import Sweep

#: Points of a curve.
SHARES: Final = 60
#: The smallest share of users shown, or ten of them where that is more: of fewer, chance alone would be seen.
LEAST: Final = 0.001
FEWEST: Final = 10
THRESHOLDS: Final = np.arange(0, 100) / 100
#: Costs are told of so many users.
PER: Final = 1_000
#: Cells between which a draw of users is followed; inside of one, spammers are spread evenly.
_CELLS: Final = 600


def lift(sweep: Sweep, *, seed: int) -> pd.DataFrame:
    """How many times as many spammers the highest scores hold as users drawn at random.

    Columns: share (of all users, reviewed from the highest score down), users, caught (of the spammers, of equal scores
    as many as a draw among them holds), lift, low, high (95 % interval, bootstrap of users).
    """
    share = np.geomspace(min(max(LEAST, FEWEST / sweep.n), 1.0), 1.0, SHARES)
    caught = np.interp(share * sweep.n, sweep.flagged, sweep.caught)
    places = np.unique(np.searchsorted(sweep.flagged, np.geomspace(1, sweep.n, _CELLS))).astype(np.int64)
    flagged, spammers = _drawn(sweep, np.append(0, places[places > 0]), seed)
    found = [np.interp(share * sweep.n, *draw) for draw in zip(flagged, spammers, strict=True)]
    all_ = spammers[:, -1:].astype(float)
    drawn = np.divide(found, all_ * share, out=np.full((len(all_), SHARES), np.nan), where=all_ > 0)
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    return pd.DataFrame(
        {
            "share": share, "users": share * sweep.n, "caught": caught, "lift": caught / sweep.positives / share,
            "low": low, "high": high,
        }
    )  # fmt: skip


def expected_cost(sweep: Sweep, costs: Costs, *, seed: int) -> pd.DataFrame:
    """What decisions cost per 1,000 users when users scored above a threshold are flagged.

    Columns: threshold (0 to .99, in steps of .01), flagged (users), cost, low, high (95 % interval, bootstrap of
    users).
    """
    place = np.array([sweep.place(above) for above in THRESHOLDS])
    cells, back = np.unique(np.concatenate([[0], place, [len(sweep.flagged) - 1]]), return_inverse=True)
    flagged, caught = _drawn(sweep, cells, seed)
    told = PER / sweep.n
    drawn = told * _cost(flagged, caught, caught[:, -1:], costs)[:, back[1:-1]]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    cost = told * _cost(sweep.flagged[place], sweep.caught[place], np.array(sweep.positives), costs)
    return pd.DataFrame(
        {"threshold": THRESHOLDS, "flagged": sweep.flagged[place], "cost": cost, "low": low, "high": high}
    )  # fmt: skip


def _cost(flagged: Ints, caught: Ints, positives: Ints, costs: Costs) -> Floats:
    mistakes = costs.missed * (positives - caught) + costs.false_alarm * (flagged - caught)
    found: Floats = (mistakes + costs.caught * caught).astype(float)
    return found


def _drawn(sweep: Sweep, places: npt.NDArray[np.int64], seed: int) -> tuple[Ints, Ints]:
    """Users flagged and spammers caught at places (m,) of the sweep, the first and the last among them, in draws of as
    many users with replacement: (draws, m) each. A draw of users is one of how many come from each cell between places.
    """
    spammers = np.diff(sweep.caught[places])
    cells = np.concatenate([spammers, np.diff(sweep.flagged[places]) - spammers])
    drawn = np.random.default_rng(seed).multinomial(sweep.n, cells / sweep.n, size=REPLICATES).astype(np.int64)
    spam, legitimate = np.split(drawn, 2, axis=1)
    start = np.zeros((REPLICATES, 1), np.int64)
    return (
        np.hstack([start, np.cumsum(spam + legitimate, axis=1)]),
        np.hstack([start, np.cumsum(spam, axis=1)]),
    )
