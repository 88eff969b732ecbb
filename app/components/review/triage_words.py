"""What columns, orders and filters of the list of cases are called on screen."""

from __future__ import annotations

from typing import Final

from app.words import count, label, legible
from core.review.case_list import CaseSort
from core.review.cases import CaseFilters
from core.scoring.listing.sorting import COLUMN

#: Keys of columns that we add to those of files.
COLUMNS: Final = {
    "case": "Case", "score": "Score", "category": "Category", "action": "Band", "reasons": "Reasons, strongest first",
    "values": "Values", "decided_by": "Decided by", "blind": "Blind", "waiting": "Waiting since",
    "assigned": "Assigned to", "with": "With", "snoozed": "Snoozed until",
}  # fmt: skip
_ORDERS: Final = {
    "queue": ("Queue", "last first", "first to judge first"),
    "score": ("Score", "high to low", "low to high"),
    "action": ("Band", "strictest first", "mildest first"),
    "category": ("Category", "Z to A", "A to Z"),
    "user": ("User", "Z to A", "A to Z"),
    "waiting": ("Waiting", "longest first", "shortest first"),
    "assigned": ("Assigned to", "Z to A", "A to Z"),
}  # fmt: skip


def column_name(key: str) -> str:
    return legible(key.removeprefix(COLUMN)) if key.startswith(COLUMN) else COLUMNS.get(key, key)


def order_name(text: str) -> str:
    """text: as `CaseSort.text`."""
    sort = CaseSort.of(text)
    name, falling, rising = _ORDERS[sort.by]
    return f"{name}, {falling if sort.descending else rising}"


def told(filters: CaseFilters) -> dict[str, str]:
    """What each filter says, by its name in the address, as plain text."""
    found: dict[str, str] = {}
    if filters.text.strip():
        found["q"] = f"“{legible(filters.text.strip())[:30]}”"
    if filters.bands:
        found["bands"] = _some([label(band) for band in filters.bands])
    if filters.scores != (0.0, 1.0):
        found["score"] = f"Score {filters.scores[0]:.2f} to {filters.scores[1]:.2f}"
    if filters.categories:
        found["categories"] = f"Category {_some(filters.categories)}"
    if filters.min_age_hours:
        found["queue_age"] = f"Waits {filters.min_age_hours:g} h or longer"
    if filters.feature is not None and filters.within is not None:
        low, high = filters.within
        found["feature"] = f"{legible(filters.feature)} {low:g} to {high:g}"
    if filters.context is not None and filters.values:
        found["context"] = f"{legible(filters.context)}: {_some(filters.values)}"
    if filters.snoozed:
        found["snoozed"] = "Snoozed"
    if filters.strata:
        found["strata"] = f"Stratum {_some(filters.strata)}"
    return found


def _some(values: tuple[str, ...] | list[str]) -> str:
    rest = f" and {count(len(values) - 2)} more" if len(values) > 2 else ""
    return ", ".join(map(legible, values[:2])) + rest
