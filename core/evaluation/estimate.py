"""A figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; None where it is not defined (precision when nobody is flagged)."""

    value: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, float | None]:
        return {"value": self.value, "low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Estimate:
        return cls(raw["value"], raw["low"], raw["high"])
