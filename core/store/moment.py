"""A moment as the database keeps it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator


def stored(moment: datetime) -> str:
    """As the database has it. Raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("A stored time needs a zone.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Moment(TypeDecorator[datetime]):
    """An aware time, stored as text in UTC to the microsecond, so that texts sort as times do."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        return None if value is None else stored(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)
