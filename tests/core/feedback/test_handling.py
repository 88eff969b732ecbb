"""How long a review takes: the median of what was timed of late."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from core.feedback.handling import ENOUGH, minutes_a_review
from tests.make import NOW


def timed(seconds: list[float | None], days_ago: int = 1) -> pd.DataFrame:
    return pd.DataFrame({"seconds": seconds, "time": NOW - timedelta(days=days_ago)})


def test_the_median_is_of_what_was_timed_of_late() -> None:
    late, before = timed([60.0] * 4 + [90.0] * 3 + [600.0] * 3 + [None] * 50), timed([6_000.0] * 50, days_ago=29)
    assert minutes_a_review(pd.concat([before, late]), now=NOW) == 1.5


def test_of_few_nothing_is_said() -> None:
    assert minutes_a_review(timed([60.0] * (ENOUGH - 1)), now=NOW) is None
    assert minutes_a_review(timed([]).astype({"seconds": "float64", "time": "datetime64[ns, UTC]"}), now=NOW) is None
