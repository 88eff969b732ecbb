"""Who of the users of stored runs is reviewed today, given how many places there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.feedback.strata import STRATA
from core.planning import sampling
from core.planning.audits import Audits
from core.planning.day import Places
from core.planning.sampling import Bools, Floats

Codes = npt.NDArray[np.int8]
Positions = npt.NDArray[np.intp]
#: Gives the features (k, f) of the users at these positions, for those who are to be unlike each other.
Features = Callable[[Positions], npt.NDArray[np.number]]
CERTAIN, RANDOM, UNCERTAIN, AUDIT = (STRATA.index(name) for name in ("certain", "random", "uncertain", "audit"))


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Users of stored runs, each by the latest of them; all arrays (n,).

    `score`, `severity` (position in BANDS), `gap` to the review threshold and whether `flagged`, by the policy of the
    run; `worth`: what a review is expected to be worth; `drawable`: of a run of the model and policy in force;
    `before`: the largest inclusion by a plan of such a run, 0 for who could not be chosen yet; `chosen` by one of
    these; `sure`: certain by the plan of the user's own run; `asked` about by it; `known`: flagged, and open or judged
    on the same values; `draw`: the permanent random number; `audits`: who may be drawn to audit automatic removal.
    """

    score: Floats
    severity: Codes
    gap: Floats
    flagged: Bools
    worth: Floats
    drawable: Bools
    before: Floats
    chosen: Bools
    sure: Bools
    asked: Bools
    known: Bools
    draw: Floats
    audits: Audits

    @property
    def backlog(self) -> Positions:
        """Flagged users who have not been certain to be reviewed so far, in the order of the queue."""
        rows = np.flatnonzero(self.flagged & ~self.sure)
        return rows[np.argsort(-self.worth[rows], kind="stable")]

    @property
    def waiting(self) -> int:
        """How many flagged users are neither in the queue nor judged."""
        return int((self.flagged & ~self.sure & self.fresh).sum())

    @property
    def fresh(self) -> Bools:
        """Who is new in the queue where a plan makes them certain."""
        return ~(self.known | self.asked)

    @property
    def unseen(self) -> bool:
        """Whether somebody among those who may be drawn could not be drawn so far."""
        return bool((self.drawable & (self.before == 0)).any())


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What becomes of a pool, all (n,): position in STRATA, -1 where this plan gives none; the inclusion from now on;
    whether the user is new in the queue, and judged blind; `audited`: the inclusion in the audit. `used` and `drawn`:
    places taken in all and by random draws, as expected before them.
    """

    stratum: Codes
    inclusion: Floats
    new: Bools
    blind: Bools
    audited: Floats
    used: float
    drawn: float


def choose(pool: Pool, places: Places, features: Features | None = None) -> Choice:
    """Fill places; what the flagged and the unsure leave over goes to the random draw.

    Nobody's inclusion depends on the own random number: the flagged are certain in the order of the queue, until so
    many of them as there are places are new in it, and whether a user is reached follows from those before alone.
    """
    stratum, inclusion = np.full(len(pool.score), -1, np.int8), pool.before.copy()
    audit, audited = pool.audits.drawn(places.audit)
    stratum[audit], inclusion[audit] = AUDIT, 1.0
    pool = replace(pool, sure=pool.sure | audit)
    certain, new = _certain(pool, places.certain)
    stratum[certain], inclusion[certain] = CERTAIN, 1.0
    unsure = _unsure(pool, np.flatnonzero(pool.drawable & (inclusion < 1)), places.uncertain, features)
    stratum[unsure], inclusion[unsure] = UNCERTAIN, 1.0
    rest = np.flatnonzero(pool.drawable & (inclusion < 1))
    expected = places.random + (places.certain - new) + (places.uncertain - len(unsure))
    risen = sampling.risen(pool.score[rest], pool.severity[rest], inclusion[rest], expected)
    drawn, inclusion[rest], stratum[rest] = float((risen - inclusion[rest]).sum()), risen, RANDOM
    drawn_now = (stratum >= 0) & (pool.draw < inclusion) & ~pool.chosen
    asked = np.where(stratum == CERTAIN, pool.fresh, drawn_now & ~pool.known) | audit
    blind = sampling.blind(stratum == CERTAIN, asked, pool.draw)
    return Choice(
        stratum, inclusion, asked, blind, audited, new + len(unsure) + drawn + places.audit, drawn + places.audit
    )


def _certain(pool: Pool, most: int) -> tuple[Positions, int]:
    """The flagged who are certain from now on, and how many of them are new in the queue, at most `most`."""
    order = pool.backlog
    new = pool.fresh[order]
    reached = order[np.cumsum(new) - new < most] if most else order[:0]
    return reached, int(pool.fresh[reached].sum())


def _unsure(pool: Pool, open_: Positions, most: int, features: Features | None) -> Positions:
    if not most or not len(open_):
        return open_[:0]
    gap = pool.gap[open_]
    near = sampling.nearest(gap, most)
    rows = sampling.picks(gap[near], most, None if features is None else features(open_[near]))
    return open_[near[rows]]
