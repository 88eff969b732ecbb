"""What the thresholds of a policy are made for: the work of a day, what decisions cost, what may not be gone below."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from core.errors import BadOptionError

#: What the share of a day's reviews that is drawn at random may be.
RANDOM_SHARES: Final = (0.05, 0.5)
MOST_REVIEWS: Final = 1_000_000
#: What costs and floors are called where a table says that they are: in files, and in what is wrong with them.
COSTS: Final[Mapping[str, str]] = {"cost_removal": "removal", "cost_review": "review", "cost_miss": "miss"}
FLOORS: Final[Mapping[str, str]] = {"min_recall": "recall", "min_precision": "precision"}


@dataclass(frozen=True, slots=True)
class Aims:
    """Valid from birth; raises BadOptionError that names the field.

    `reviews_a_day` and `random_share`, the part of them that is drawn at random, are what the queue has from the
    activation on, None for what it has anyway. Costs are in any one unit: of a legitimate user whom automation removes,
    of a case that a person sees, of a spammer whom nobody looks at; those given here put the cheapest thresholds near
    .7 and .9, as the first policy of a home has them. `min_recall`: share of all spammers above `review`;
    `min_precision`: share of spammers above `remove`; None for no floor.
    """

    reviews_a_day: int | None = None
    random_share: float | None = None
    cost_removal: float = 10.0
    cost_review: float = 1.0
    cost_miss: float = 1.5
    min_recall: float | None = None
    min_precision: float | None = None

    def __post_init__(self) -> None:
        if self.reviews_a_day is not None:
            _check("capacity, reviews_a_day", self.reviews_a_day, 0, MOST_REVIEWS, whole=True)
        if self.random_share is not None:
            _check("capacity, random_share", self.random_share, *RANDOM_SHARES)
        for name, word in COSTS.items():
            _check(f"costs, {word}", getattr(self, name), 0, math.inf)
        for name, word in FLOORS.items():
            if getattr(self, name) is not None:
                _check(f"targets, {word}", getattr(self, name), 0, 1)

    def wanted(self, given: Mapping[str, float | None]) -> dict[str, float | None]:
        """Fields of a demand on a plan: as they are given, and as it is written here where they are None.

        >>> Aims(reviews_a_day=200).wanted({"cost_miss": 3.0, "reviews_per_day": None})
        {'cost_miss': 3.0, 'reviews_per_day': 200}
        """
        own = {"reviews_per_day": self.reviews_a_day} | {name: getattr(self, name) for name in (*COSTS, *FLOORS)}
        return {name: own[name] if value is None else value for name, value in given.items()}

    def as_json(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Aims:
        """What `as_json` gave. Raises BadOptionError, and TypeError for what is none of the fields."""
        return cls(**raw)


def _check(place: str, value: object, least: float, most: float, *, whole: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise BadOptionError(place, f"{str(value)[:40]} is no {'whole ' * whole}number.")
    if not (least <= value <= most and math.isfinite(value)):
        ends = f"from {least:g} to {most:,}" if math.isfinite(most) else f"of at least {least:g}"
        raise BadOptionError(place, f"give a number {ends}, not {value}.")


#: What a home begins with.
USUAL: Final = Aims()
