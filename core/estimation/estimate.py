"""Precision and recall of what is live, from labels of users who were chosen with known probabilities.

Whoever was judged with inclusion probability pi stands for 1 / pi users (Horvitz and Thompson, JASA 47, 1952). Users
are put into cells by band and by whether they were certain to be judged, and estimated cell by cell:

- certain: the share of spammers among the labels, times the users of the cell; no error once all are judged;
- random, few spammers expected: the Horvitz-Thompson total sum(y / pi), with the interval `bounds.rare`;
- random, otherwise: the Hájek share sum(y / pi) / sum(1 / pi) times the users, with the interval `bounds.common`.

Users not judged yet and `unsure` ones are missing: a label counts 1 / (pi r), where r is the share of the chosen users
of the cell that have one. That is right when those without do not differ within a cell; `worst` and `best` say how far
the unsure ones could move the figure. A cell without any label counts by its scores where it is small, as anything
between none and all in the interval; where it is not small, there is no figure.

Where fewer than 30 spammers were to be expected among the labels, it is too early for a figure, and the ends of
precision are `bounds.certified_rare` and `bounds.certified_common`, which need no large numbers. Those of recall are so
below 5 only: the first users drawn in a band have equal weights, so that the interval is nearly the exact one of a
Poisson count, and little more than half as wide. Simulations hold it (`tests/core/estimation/test_period_coverage.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from core.estimation import bounds
from core.estimation.bounds import TAIL, Interval
from core.estimation.credible import Group, Part, part_of
from core.estimation.sampling_cells import Labels, Users, cells
from core.policy.bands import BANDS

Bools = npt.NDArray[np.bool_]
#: Spammers to be expected among the labels before a figure is more than "too few to say".
ENOUGH: Final = 30
#: Spammers to be expected before recall has the interval that is not certified.
SOON: Final = 5
#: From this band on a user counts as flagged: someone looks or the user is removed.
REVIEW: Final = BANDS.index("human_review")

#: What figures are about. The random users of the two flagged bands go together where they are added up: alone, one
#: of the bands is often so small that none of its users is drawn.
_BAND: Final[tuple[Group, ...]] = tuple(((2 * k,), (2 * k + 1,)) for k in range(len(BANDS)))
_FLAGGED: Final[Group] = ((4,), (6,), (5, 7))
_MISSED: Final[Group] = ((0,), (1,), (2,), (3,))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, its 95 % interval, and what it rests on; NaN where there is no figure.

    `judged` users are labelled spammer (`events`) or legitimate, `pending` ones have no verdict yet; with the `unsure`
    they are all that were chosen. `expected_events` spammers were to be expected among the labels; unless that is
    `enough`, or `SOON` for recall, the interval is of certified bounds. `worst` and `best`: the value if the unsure
    were all what lowers or all what raises it. `naive` = naive_events / naive_of counts labels as if they were all
    users.

    In recall, events and expected_events are of the flagged or of the missed users, whichever has fewer expected.
    """

    value: float
    low: float
    high: float
    events: int
    expected_events: float
    judged: int
    pending: int
    unsure: int
    worst: float
    best: float
    naive: float
    naive_events: int
    naive_of: int

    @property
    def enough(self) -> bool:
        """Whether there is something to say; else show the interval alone, as too few to say."""
        return self.expected_events >= ENOUGH and not np.isnan(self.value)


@dataclass(frozen=True, slots=True)
class Figures:
    """Precision of each band in the order of BANDS, of both flagged bands together, and recall over all users.

    Of `allow` and `monitor` it is the share of spammers among users whom nobody looks at but the audit.
    """

    bands: tuple[Estimate, ...]
    precision: Estimate
    recall: Estimate


def figures(users: Users, labels: Labels) -> Figures:
    """All figures of one run, from all its users and the labels of those chosen.

    `expected_events` and which interval is used depend on the scores and on how many labels there are, never on what
    they say. Raises ValueError when a label has a lower inclusion than any user of its cell.
    """
    return Figures(
        recall=recall(users, labels),
        bands=tuple(_precision(users, labels, group) for group in _BAND),
        precision=_precision(users, labels, _FLAGGED),
    )


def recall(users: Users, labels: Labels) -> Estimate:
    """Recall alone, as `figures` has it. Raises ValueError as that does."""
    if (labels.inclusion < users.lowest[cells(labels.severity, labels.inclusion)]).any():
        raise ValueError("The labels are of other users: some have a lower inclusion than any user of the run.")
    return _recall(users, labels)


def _precision(users: Users, labels: Labels, group: Group) -> Estimate:
    part = part_of(users, labels, group)
    worst, best = (_share(part_of(users, each, group)) for each in _guesses(labels, (0, 0), (1, 1)))
    mine = np.isin(cells(labels.severity, labels.inclusion), [cell for members in group for cell in members])
    start = _counted(labels, mine, part, part.events, part.labels)
    if not part.size:
        return start
    start = replace(start, value=_share(part))
    # Few legitimate users are as hard to count as few spammers.
    if start.enough and part.labels - part.expected >= ENOUGH:
        low, high = part.interval
    else:
        apart = part_of(users, labels, _apart(group))
        low, high = apart.certified(TAIL / max(apart.stakes, 1))
    return _ended(start, (low / part.size, high / part.size), worst, best)


def _share(part: Part) -> float:
    return part.value / part.size if part.size else np.nan


def _recall(users: Users, labels: Labels) -> Estimate:
    flagged, missed = part_of(users, labels, _FLAGGED), part_of(users, labels, _MISSED)
    worst, best = (_found(part_of(users, each, _FLAGGED), part_of(users, each, _MISSED))
                   for each in _guesses(labels, (0, 1), (1, 0)))  # fmt: skip
    scarce = min(flagged, missed, key=lambda part: part.expected)
    everyone = np.ones(len(labels.label), bool)
    start = _counted(labels, everyone, scarce, flagged.events, flagged.events + missed.events)
    start = replace(start, value=_found(flagged, missed))
    if start.expected_events >= SOON and not np.isnan(start.value):
        ends = bounds.part(flagged.value, missed.value, flagged.interval, missed.interval)
    else:
        ends = _certified(part_of(users, labels, _apart(_FLAGGED)), missed)
    return _ended(start, ends, worst, best)


def _found(flagged: Part, missed: Part) -> float:
    """Recall: of all spammers the share that is flagged, NaN where there is none."""
    spammers = flagged.value + missed.value
    return flagged.value / spammers if spammers else np.nan


def _guesses(labels: Labels, *unsure: tuple[float, float]) -> Iterator[Labels]:
    """The labels, the unsure ones of flagged users and of others guessed in each of these ways."""
    return (labels.with_unsure(flagged, others, REVIEW) for flagged, others in unsure)


def _certified(flagged: Part, missed: Part) -> Interval:
    """Bounds of recall from those of both parts, which hold at once."""
    stake = TAIL / max(flagged.stakes + missed.stakes, 1)
    (low, high), (least, most) = flagged.certified(stake), missed.certified(stake)
    return low / (low + most) if low else 0.0, high / (high + least) if least else 1.0


def _apart(group: Group) -> Group:
    """Each cell for itself: bounds are the closer the more alike the inclusion of the users of a cell is."""
    return tuple((cell,) for members in group for cell in members)


def _counted(labels: Labels, mine: Bools, part: Part, naive_events: int, naive_of: int) -> Estimate:
    """An estimate of nothing yet, with what can be counted."""
    return Estimate(
        value=np.nan, low=0.0, high=1.0,
        events=part.events,
        expected_events=part.expected,
        judged=int((mine & ~np.isnan(labels.label)).sum()),
        pending=int((mine & ~labels.judged).sum()),
        unsure=int((mine & labels.unsure).sum()),
        worst=np.nan, best=np.nan,
        naive=naive_events / naive_of if naive_of else np.nan,
        naive_events=naive_events, naive_of=naive_of,
    )  # fmt: skip


def _ended(start: Estimate, ends: Interval, worst: float, best: float) -> Estimate:
    """With its ends: an interval always holds its value, and so do worst and best."""
    low, high = np.fmin(ends[0], start.value), np.fmax(ends[1], start.value)
    least, most = np.fmin(worst, start.value), np.fmax(best, start.value)
    return replace(start, low=float(low), high=float(high), worst=float(least), best=float(most))
