"""What columns, orders and filters of a list of users are called on screen."""

from __future__ import annotations

from typing import Final

from app.queries import services
from app.words import count, label, legible
from core.policy.bands import BANDS
from core.policy.decide import SCORE
from core.scoring.filters import Filters
from core.scoring.listing.sorting import COLUMN, Sort

#: Keys of columns that we add to those of the file; `reasons` cannot be sorted by.
COLUMNS: Final = {
    "score": "Score", "action": "Band", "category": "Category", "reasons": "Reasons", "decided_by": "Decided by",
    "novel": "Outside training", "missing": "Missing values", "label": "Known label", "runs": "Runs", "row": "Row",
}  # fmt: skip
_WAYS: Final = {
    "action": ("strictest first", "mildest first"), "row": ("last first", "as in the file"),
    "label": ("spammers first", "legitimate first"), "category": ("Z to A", "A to Z"),
    "decided_by": ("Z to A", "A to Z"),
}  # fmt: skip


def column_name(key: str) -> str:
    if key == "user":
        return legible(services.schema().id or "User")
    return legible(key.removeprefix(COLUMN)) if key.startswith(COLUMN) else COLUMNS.get(key, key)


def order_name(text: str) -> str:
    """text: as `Sort.text`."""
    sort = Sort.of(text)
    number = not sort.column or sort.column in services.schema().measures
    falling, rising = _WAYS.get(sort.by, ("high to low", "low to high") if number else ("Z to A", "A to Z"))
    return f"{column_name(sort.by)}, {falling if sort.descending else rising}"


def decider(by: str) -> str:
    """`rule:new accounts` as a person would say it."""
    return "the score" if by == SCORE else legible(by.replace(":", " ", 1))


def told(filters: Filters) -> dict[str, str]:
    """What each filter says beyond flagged or everyone, by its name in the address, as plain text."""
    found: dict[str, str] = {}
    if filters.group in BANDS:
        found["group"] = label(filters.group)
    if filters.scores != (0.0, 1.0):
        found["score"] = f"Score {filters.scores[0]:.2f} to {filters.scores[1]:.2f}"
    if filters.text.strip():
        found["q"] = f"“{legible(filters.text.strip())[:30]}”"
    if filters.reason is not None:
        found["reason"] = f"Reason {legible(filters.reason)}"
    if filters.feature is not None and filters.within is not None:
        found["feature"] = f"{legible(filters.feature)} {_range(*filters.within)}"
    if filters.context is not None and filters.values:
        named = ", ".join(legible(value) for value in filters.values[:2])
        rest = f" and {count(len(filters.values) - 2)} more" if len(filters.values) > 2 else ""
        found["context"] = f"{legible(filters.context)}: {named}{rest}"
    if filters.decided_by is not None:
        found["by"] = f"Decided by {decider(filters.decided_by)}"
    if filters.category is not None:
        found["category"] = f"Category {legible(filters.category)}"
    if filters.label != "any":
        found["label"] = "Known spammers" if filters.label == "spammer" else "Known legitimate"
    if filters.novel:
        found["novel"] = "Outside the training range"
    if filters.incomplete:
        found["incomplete"] = "With missing values"
    return found


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"
