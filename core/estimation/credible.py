"""How many spammers there are among some users of a run: estimate, interval and certified bounds, cell by cell.

A cell is one of `sampling_cells`, or several that are estimated as one; the cells of a part are independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.estimation import bounds
from core.estimation.bounds import TAIL, Interval
from core.estimation.sampling_cells import Labels, Users, cells

Floats = npt.NDArray[np.float64]
#: Below this mean score spammers are so rare that the size of the sample, which Hájek corrects, is not what matters.
RARE: Final = 0.1
#: Users chosen but all still pending count by their scores while these expect so small a part of the spammers of the
#: part; else one user sent to review would leave a whole run without figures.
FILLED: Final = 0.1
#: What may go wrong in certified bounds is shared among cells; one of rare events gets this many times what others get.
_RARE_STAKES: Final = 3

#: Positions of the cells that make up each cell of a part.
Group = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: how many users, their scores summed, and the labels (k,) there are, with their weights (k,).

    `largest` and `smallest` weight a label may have; `variance` of the estimated number of spammers that the scores
    let expect; `expected` spammers among the labels; whether the users were drawn at `random` or are certain.
    """

    size: int
    score: float
    label: Floats
    weight: Floats
    largest: float
    smallest: float
    variance: float
    expected: float
    random: bool

    @property
    def known(self) -> Interval:
        """What the number of spammers can be for certain."""
        spammers = float(self.label.sum())
        return spammers, self.size - (len(self.label) - spammers)

    @property
    def open(self) -> bool:
        """Whether there are labels, and not of all users."""
        return 0 < len(self.label) < self.size

    @property
    def rare(self) -> bool:
        return self.random and self.score < RARE * self.size

    @property
    def value(self) -> float:
        """The estimated number of spammers, NaN without labels."""
        if not len(self.label):
            return 0.0 if not self.size else np.nan
        total = float(self.weight @ self.label)
        return float(np.clip(total if self.rare else self.size * total / self.weight.sum(), *self.known))

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the number of spammers."""
        if not self.open:
            return self.known
        if self.rare:
            seen = self.weight[self.label == 1]
            return self._possible(bounds.rare(seen, seen, self.largest))
        if not self.random:
            return self.certified(TAIL)
        low, high = bounds.common(self.weight, self.weight, self.label)
        return self._possible((self.size * low, self.size * high))

    @property
    def stakes(self) -> int:
        """How many parts of what may go wrong its certified bounds get: most where they gain most by it."""
        return (_RARE_STAKES if self.rare else 1) if self.open else 0

    def certified(self, tail: float) -> Interval:
        """Bounds of the number of spammers, each wrong with probability <= tail."""
        if not self.open:
            return self.known
        if self.rare:
            seen = self.weight[self.label == 1]
            return self._possible(bounds.certified_rare(seen, self.largest, self.variance, tail))
        return bounds.certified_common(int(self.label.sum()), len(self.label), self.size, self._odds_ratio, tail)

    @property
    def _odds_ratio(self) -> float:
        return (self.largest - 1) / (self.smallest - 1) if self.largest > self.smallest > 1 else 1.0

    def _possible(self, ends: Interval) -> Interval:
        """Ends that can be: a number of users is whole, and what was judged is known."""
        return max(float(np.floor(ends[0])), self.known[0]), min(float(np.ceil(ends[1])), self.known[1])


@dataclass(frozen=True, slots=True)
class Part:
    """Users in cells that are independent of each other."""

    cells: tuple[Cell, ...]

    @property
    def size(self) -> int:
        return sum(cell.size for cell in self.cells)

    @property
    def expected(self) -> float:
        return sum(cell.expected for cell in self.cells)

    @property
    def labels(self) -> int:
        return sum(len(cell.label) for cell in self.cells)

    @property
    def events(self) -> int:
        return int(sum(cell.label.sum() for cell in self.cells))

    @property
    def value(self) -> float:
        """The estimated number of spammers, NaN while cells that matter have no labels."""
        return sum(self._values)

    @property
    def _values(self) -> list[float]:
        blank = sum(cell.score for cell in self.cells if np.isnan(cell.value))
        few = blank < FILLED * sum(cell.score for cell in self.cells)
        return [cell.score if few and np.isnan(cell.value) else cell.value for cell in self.cells]

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the number of spammers; a cell without labels may hold any number.

        To add roots of squares presumes that no two cells are at the end of theirs at once. Where nearly everybody is
        judged they are: all spammers have been seen, in each. That stays possible, and so does the same of legitimate
        users, until it was too unlikely to see all there are.
        """
        low, high = bounds.added(self._values, [cell.interval for cell in self.cells])
        least, most = zip(*(cell.known for cell in self.cells), strict=True)
        return sum(least) if self._all_seen(1) else low, sum(most) if self._all_seen(0) else high

    def _all_seen(self, label: int) -> bool:
        """Whether those with this label may be all there are: each was seen with probability 1 / weight."""
        surprise = sum(float(np.log(cell.weight[cell.label == label]).sum()) for cell in self.cells)
        return surprise < -float(np.log(TAIL))

    @property
    def stakes(self) -> int:
        return sum(cell.stakes for cell in self.cells)

    def certified(self, stake: float) -> Interval:
        """Bounds of the number of spammers: the sums of those of its cells, which hold all at once (Bonferroni)."""
        low, high = zip(*(cell.certified(cell.stakes * stake) for cell in self.cells), strict=True)
        return sum(low), sum(high)


def part_of(users: Users, labels: Labels, group: Group) -> Part:
    """The users of these cells, with the labels there are."""
    of = cells(labels.severity, labels.inclusion)
    return Part(tuple(_cell(users, labels, np.isin(of, members), list(members)) for members in group))


def _cell(users: Users, labels: Labels, inside: npt.NDArray[np.bool_], members: list[int]) -> Cell:
    given = inside & ~np.isnan(labels.label)
    size, score = int(users.size[members].sum()), float(users.score[members].sum())
    per = inside.sum() / given.sum() if given.any() else 1.0
    return Cell(
        size=size,
        score=score,
        label=labels.label[given],
        weight=per / labels.inclusion[given],
        largest=float(per / users.lowest[members].min()),
        smallest=float(per / max(users.highest[members].max(), users.lowest[members].min())),
        variance=float(per * users.spread[members].sum() - score),
        expected=float(users.seen[members].sum() / per) if given.any() else 0.0,
        random=members[0] % 2 == 1,
    )
