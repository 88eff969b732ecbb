"""How long each kind of data is kept: the table `[retention]` of `data/settings.toml`, in days.

    [retention]
    datasets_days = 365      # files and days of the API on which nothing depends, with their runs
    runs_days = 180          # runs on which nothing depends; their datasets stay
    cases_days = 90          # context and features of cases that were decided; verdicts stay
    predictions_days = 365   # predictions from outside
    jobs_days = 30           # what is kept of jobs that are over
    logs_days = 30           # logs that are written to no more
    verdicts_days = 730      # verdicts: their lines become blanks, and the chain holds
    decisions_days = 730     # decisions that every consumer has confirmed, on users of whom no verdict is left
    audit_days = 730         # lines of the audit log, but for promotions: blanks, and the chain holds
    notes_days = 365         # notes on users
    incidents_days = 365     # incidents that are over
    comparisons_days = 180   # comparisons; they are made anew when they are asked for
    training_days = 365      # training runs that became no version, but for the latest

None has a default: what is not named stays for ever.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from core.access.home_options import HomeOptions
from core.errors import BadOptionError

TABLE: Final = "retention"
_MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Periods:
    """Days for which each kind is kept, None for ever. Raises BadOptionError."""

    datasets_days: int | None = None
    runs_days: int | None = None
    cases_days: int | None = None
    predictions_days: int | None = None
    jobs_days: int | None = None
    logs_days: int | None = None
    verdicts_days: int | None = None
    decisions_days: int | None = None
    audit_days: int | None = None
    notes_days: int | None = None
    incidents_days: int | None = None
    comparisons_days: int | None = None
    training_days: int | None = None

    def __post_init__(self) -> None:
        for name, days in asdict(self).items():
            if days is not None and (
                not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _MOST_DAYS
            ):
                raise BadOptionError(name, f"give a whole number of days from 1 to {_MOST_DAYS:,}, not {days}.")

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def end(days: int | None, now: datetime) -> datetime | None:
    """What is from before this moment is past its time; None where it is kept for ever."""
    return None if days is None else now - timedelta(days=days)


@dataclass(frozen=True, slots=True, eq=False)
class RetentionOptions:
    """What a home has chosen."""

    options: HomeOptions

    def load(self) -> Periods:
        """Raises BadOptionError when the file is no TOML, or names what is not known or cannot be."""
        return Periods(**self.options.table(TABLE, [field.name for field in fields(Periods)]))
