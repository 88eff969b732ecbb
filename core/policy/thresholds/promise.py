"""What was expected of the thresholds of a plan when somebody made them a policy's, to be held against what happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.policy.thresholds.demand import Demand


@dataclass(frozen=True, slots=True)
class Figure:
    """What a plan comes to: the value on the sample, where it lies in the long run, and where in the period; 95 %.

    All None where there is nothing to tell of, as of the precision of nobody.
    """

    value: float | None
    low: float | None
    high: float | None
    predicted_low: float | None
    predicted_high: float | None

    def kept(self, happened: float) -> bool | None:
        """Whether what happened in the period lies where it was predicted; None where nothing was."""
        if self.predicted_low is None or self.predicted_high is None:
            return None
        return self.predicted_low <= happened <= self.predicted_high

    def as_json(self) -> dict[str, float | None]:
        return {
            "value": self.value, "low": self.low, "high": self.high,
            "predicted_low": self.predicted_low, "predicted_high": self.predicted_high,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promise:
    """The `expected` figures by name, of users above `review` and `remove`, for a `demand`; planned on so many `rows`
    labelled users, scored by a `model` version. The counts and the cost are a day.
    """

    review: float
    remove: float
    demand: Demand
    model: str
    rows: int
    expected: Mapping[str, Figure]

    def speaks_for(self, review: float, remove: float) -> bool:
        """Whether it is about these thresholds."""
        return (self.review, self.remove) == (review, remove)

    def as_json(self) -> dict[str, Any]:
        return {
            "review": self.review, "remove": self.remove, "demand": asdict(self.demand), "model": self.model,
            "rows": self.rows, "expected": {name: figure.as_json() for name, figure in self.expected.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Promise:
        """What `as_json` gave. Raises BadOptionError, KeyError and TypeError for anything else."""
        expected = {name: Figure(**figure) for name, figure in raw["expected"].items()}
        return cls(raw["review"], raw["remove"], Demand(**raw["demand"]), raw["model"], raw["rows"], expected)
