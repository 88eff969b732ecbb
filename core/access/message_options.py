"""What this home keeps people's messages for, and how long: the table `[messages]` of `data/settings.toml`.

    [messages]
    purpose = "To find fraud in the chat of our shop"
    retention_days = 180        # after so many days what people wrote is erased

Neither has a default: whoever keeps what others write states both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from core.access.home_options import HomeOptions
from core.errors import BadOptionError

TABLE: Final = "messages"
#: Characters of a purpose: it stands on one line, wherever texts are shown.
_MOST_PURPOSE: Final = 300
_MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Keeping:
    """What texts are kept for and for how many days, "" and None where that is not stated. Raises BadOptionError."""

    purpose: str = ""
    retention_days: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.purpose, str) or len(self.purpose) > _MOST_PURPOSE or not self.purpose.isprintable():
            raise BadOptionError("purpose", f"give one line of at most {_MOST_PURPOSE} characters under [{TABLE}].")
        days = self.retention_days
        if days is not None and (not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _MOST_DAYS):
            raise BadOptionError("retention_days", f"give a whole number of days from 1 to {_MOST_DAYS:,}, not {days}.")

    @property
    def unstated(self) -> str:
        """What is asked of a home that does not state both; "" where it does."""
        absent = [] if self.purpose.strip() else ["purpose (what people's messages are kept for)"]
        absent += [] if self.retention_days else ["retention_days (after how many days they are erased)"]
        if not absent:
            return ""
        return f"State {' and '.join(absent)} under [{TABLE}] in data/settings.toml: what people write is kept here."

    @property
    def sentence(self) -> str:
        """What is stated, as people read it; "" where nothing is."""
        purpose = f"Kept for: {self.purpose.strip().rstrip('.')}." if self.purpose.strip() else ""
        until = f"Erased after {self.retention_days:,} days." if self.retention_days else ""
        return " ".join(filter(None, (purpose, until)))

    def end(self, now: datetime) -> datetime | None:
        """What was written down before this moment is past its time; None where no time is stated."""
        return None if self.retention_days is None else now - timedelta(days=self.retention_days)


@dataclass(frozen=True, slots=True, eq=False)
class MessageOptions:
    """What a home has stated."""

    options: HomeOptions

    def load(self) -> Keeping:
        """Raises BadOptionError when the file is no TOML, or names what is not known or cannot be."""
        return Keeping(**self.options.table(TABLE, [field.name for field in fields(Keeping)]))
