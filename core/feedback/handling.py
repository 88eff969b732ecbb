"""How long a verdict takes, as it was measured on Review."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import pandas as pd

#: Verdicts from which a median is told, and days that it is of.
ENOUGH: Final = 10
_DAYS: Final = 28


def minutes_a_review(verdicts: pd.DataFrame, *, now: datetime) -> float | None:
    """The median over the last 28 days, in minutes; None while there are fewer than ten that were timed.

    verdicts: as of `Ledger.frame`. What was judged in one step, or came with a file, was not timed.
    """
    timed = verdicts["seconds"][verdicts["time"] > now - timedelta(days=_DAYS)].dropna()
    return float(timed.median()) / 60 if len(timed) >= ENOUGH else None


def reviews_in(hours: float, minutes: float) -> int:
    """Whole reviews of so many minutes each in so many hours.

    >>> reviews_in(4, 1.5), reviews_in(0, 1), reviews_in(0.1, 6)
    (160, 0, 1)
    """
    return int(hours * 60 / minutes + 1e-9)
