"""How the figures of a plan are named and written, wherever they stand."""

from __future__ import annotations

from typing import Final

from app.words import UNKNOWN, count, percent

NAMES: Final = {
    "volume": "Cases people see a day", "removed": "Removed by automation a day",
    "precision": "Precision of auto-remove", "recall": "Spammers caught",
    "missed": "Spammers missed a day", "legitimate_per_1000_flags": "Legitimate users per 1,000 flags",
    "cost": "Cost a day",
}  # fmt: skip
_SHARES: Final = frozenset({"precision", "recall"})


def value(name: str, number: float | None) -> str:
    """A figure by its name; \u2013 where there is none."""
    if number is None:
        return UNKNOWN
    if name in _SHARES:
        return percent(number)
    return count(number) if abs(number) >= 100 else f"{number:.1f}"


def ends(name: str, low: float | None, high: float | None) -> str:
    """'3.4 to 5.1', which no line breaks; \u2013 where there is no interval."""
    if low is None or high is None:
        return UNKNOWN
    return f"{value(name, low)} to {value(name, high)}".replace(" ", "\u00a0")
