"""Thresholds that minimise what decisions cost a day, within what people can see and above what may not be gone below.

    rehearsal = planner.prepare(probability, label)
    plan = planner.plan(rehearsal, Demand(users_per_day=10_000, reviews_per_day=200))
    plan.feasible, plan.review, plan.remove, plan.expected["recall"].predicted_low

Labelled users must be ones that the model did not learn from: on others it scores too well, and a plan promises too
much. docs/planning.md has the formulas and how intervals were tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.errors import BadOptionError
from core.policy.thresholds.chance import Spread, Worlds, capacity, spreads, unplanned, worlds
from core.policy.thresholds.cheapest import EQUAL, Curves, Pairs, cheapest, least_flagged
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.figures import FIGURES, cells, figures, shifted
from core.policy.thresholds.promise import Figure, Promise
from core.policy.thresholds.ranked import Ranked, curves, rank

Floats = npt.NDArray[np.float64]
#: Points of a frontier.
POINTS: Final = 41


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """Labelled users, and made-up samples to try plans on: what plans are made of, whatever is demanded."""

    ranked: Ranked
    worlds: Worlds


@dataclass(frozen=True, slots=True)
class Correction:
    """How users of the sample count, so that there are as many spammers as expected.

    `sample`, `expected`: shares of spammers; `spam`, `legitimate`: how many each labelled user counts as.
    """

    sample: float
    expected: float

    @property
    def spam(self) -> float:
        return self.expected / self.sample

    @property
    def legitimate(self) -> float:
        return (1 - self.expected) / (1 - self.sample)

    def shifted(self, probability: npt.ArrayLike) -> Floats:
        """What calibrated probabilities (n,) are among users of whom the expected share are spammers.

        The odds are multiplied by those of the expected share over those of the sample's (Elkan, IJCAI 2001, theorem
        2). Thresholds of a plan stay on the scale of the model.

        >>> Correction(0.5, 0.1).shifted([0.5, 0.9]).round(2).tolist()
        [0.1, 0.5]
        """
        p = np.asarray(probability, float)
        return p * self.spam / (p * self.spam + (1 - p) * self.legitimate)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a demand cannot be met. The plan beside it is the nearest that can: it gives up what is named here.

    `recall`, `precision`: the most there is, recall within capacity, where the floor asks for more; `volume`: the
    fewest cases a day there are, where that is more than can be seen (a score of 1 is above every threshold). Each is
    None where it is not what lacks. `reviews_per_day`: the least capacity with which floors hold, None where none does.
    """

    recall: float | None
    precision: float | None
    volume: float | None
    reviews_per_day: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Thresholds for a demand, and what to expect of them.

    `expected`: a Figure for each of FIGURES; `cost` a day and the other counts are a day, also where they are
    predicted: the mean day of the period. `shortfall`: None where the demand is met; `correction`: None where users are
    as in the sample; `rows`: labelled users.
    """

    demand: Demand
    monitor: float
    review: float
    remove: float
    expected: Mapping[str, Figure]
    shortfall: Shortfall | None
    correction: Correction | None
    rows: int

    @property
    def armed(self) -> bool:
        return self.demand.armed

    @property
    def feasible(self) -> bool:
        return self.shortfall is None

    def as_json(self) -> dict[str, Any]:
        """As a command prints it."""
        return {
            "thresholds": {"monitor": self.monitor, "review": self.review, "remove": self.remove},
            "feasible": self.feasible,
            "armed": self.armed,
            "expected": {name: figure.as_json() for name, figure in self.expected.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """The cheapest plan for each of k capacities from 0 to where more is of no use, (k,) each.

    `reviews_per_day`: the capacity; `volume`: cases that people see; `cost` a day; `recall`, `precision`, NaN for none;
    `feasible`: whether the floors hold.
    """

    reviews_per_day: Floats
    volume: Floats
    cost: Floats
    recall: Floats
    precision: Floats
    feasible: npt.NDArray[np.bool_]


def prepare(
    probability: npt.ArrayLike, label: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, seed: int = 0
) -> Rehearsal:
    """From calibrated probabilities (n,), labels (n,), 1 for a spammer, and weights (n,); equal seeds, equal plans.

    Raises BadOptionError for what is no probability, label or weight, TooFewRowsError where one kind is absent.
    """
    ranked = rank(probability, label, weight)
    return Rehearsal(ranked, worlds(ranked, seed))


def plan(rehearsal: Rehearsal, demand: Demand) -> Plan:
    """The cheapest thresholds for a demand. Raises nothing: where it cannot be met the nearest plan says what lacks."""
    ranked = rehearsal.ranked
    of = _curves(ranked, demand.prevalence)
    pairs = cheapest(of, demand, capacity(of.users, demand))
    cell = cells(_curves(ranked, None), pairs)[0]
    review, remove = (float(ranked.cut[at[0]]) for at in (pairs.review, pairs.remove))
    expected = _expected(cell, demand, spreads(rehearsal.worlds, demand, cell, ranked.worth))
    return Plan(
        demand, min(demand.monitor, review), review, remove, expected,
        None if pairs.met[0] else _shortfall(of, expected, demand),
        None if demand.prevalence is None else Correction(ranked.prevalence, demand.prevalence),
        ranked.rows,
    )  # fmt: skip


def outlook(rehearsal: Rehearsal, demand: Demand, review: float, remove: float) -> Mapping[str, Figure]:
    """What to expect of thresholds that were not chosen by these users, such as those in force: a Figure of each.

    Floors and capacity of the demand are not looked at. Raises BadOptionError unless 0 < review <= remove < 1.
    """
    if not 0 < review <= remove < 1:
        raise BadOptionError("thresholds", f"must rise between 0 and 1, not {review}, {remove}.")
    ranked = rehearsal.ranked
    at = [np.array([max(int(np.searchsorted(ranked.cut, each, side="right")) - 1, 0)]) for each in (review, remove)]
    cell = cells(_curves(ranked, None), Pairs(at[0], at[1], np.array([True])))[0]
    return _expected(cell, demand, unplanned(rehearsal.worlds, demand, cell, ranked.worth))


def promise(rehearsal: Rehearsal, found: Plan, review: float, remove: float, model: str) -> Promise:
    """What is expected where a plan becomes a policy with these thresholds. model: the version that scored the users.

    Not armed, a plan says nothing of where removal begins: its precision is that of the `remove` that is given.
    """
    expected = dict(found.expected)
    if remove != found.remove:
        expected["precision"] = outlook(rehearsal, found.demand, review, remove)["precision"]
    return Promise(review, remove, found.demand, model, found.rows, MappingProxyType(expected))


def frontier(rehearsal: Rehearsal, demand: Demand, points: int = POINTS) -> Frontier:
    """What each capacity would cost at its cheapest, whatever capacity is demanded; on fewer cuts than a plan.

    Where floors hold, cost never rises with capacity.
    """
    ranked = rehearsal.worlds.ranked
    one = _curves(ranked, demand.prevalence)
    free = replace(demand, reviews_per_day=None)
    most = _volume(one, cheapest(one, free, capacity(one.users, free)), demand)
    offered = np.linspace(0, float(most[0]), points)
    of = Curves(*(np.repeat(each, points, axis=0) for each in (one.spam, one.legitimate, one.spammers, one.users)))
    pairs = cheapest(of, demand, offered * of.users / demand.users_per_day)
    value = figures(cells(of, pairs), demand, of.users / demand.users_per_day)
    return Frontier(offered, value["volume"], value["cost"], value["recall"], value["precision"], pairs.met)


def _curves(ranked: Ranked, prevalence: float | None) -> Curves:
    return curves(ranked.spam[None], ranked.legitimate[None], prevalence)


def _volume(of: Curves, pairs: Pairs, demand: Demand) -> Floats:
    return figures(cells(of, pairs), demand, of.users / demand.users_per_day)["volume"]


def _expected(cell: Floats, demand: Demand, spread: Mapping[str, Spread]) -> Mapping[str, Figure]:
    value = figures(shifted(cell[None], demand.prevalence), demand, cell.sum() / demand.users_per_day)
    nothing = Figure(None, None, None, None, None)
    return MappingProxyType({
        name: Figure(float(value[name][0]), *spread[name].long_run, *spread[name].period) if name in spread else nothing
        for name in FIGURES
    })  # fmt: skip


def _shortfall(of: Curves, expected: Mapping[str, Figure], demand: Demand) -> Shortfall:
    flagged, volume = least_flagged(of, demand), expected["volume"].value
    crowded = (
        volume is not None and demand.reviews_per_day is not None and volume > demand.reviews_per_day * (1 + EQUAL)
    )
    return Shortfall(
        _short(expected["recall"], demand.min_recall), _short(expected["precision"], demand.min_precision),
        volume if crowded else None,
        None if flagged is None else flagged * demand.users_per_day / float(of.users[0]),
    )  # fmt: skip


def _short(figure: Figure, floor: float | None) -> float | None:
    return figure.value if floor is not None and figure.value is not None and figure.value < floor else None
