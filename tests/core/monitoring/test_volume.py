"""Volume: what was scored, what waits and what was judged, counted by hand as well."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from core.monitoring import volume
from core.policy.bands import BANDS
from tests import make
from tests.core.monitoring.test_drift import scored
from tests.core.review.reviewing import judge, planned, waiting
from tests.make import NOW

HOUR = timedelta(hours=1)


def test_runs_are_told_oldest_first_with_the_share_of_each_band(own):
    first, second = scored(own, make.users(200, seed=1)), scored(own, make.users(50, seed=2))
    frame = volume.runs_frame([second, first])
    assert frame["run"].tolist() == [first.id, second.id]
    assert frame[list(BANDS)].sum(axis=1).tolist() == pytest.approx([1, 1])
    assert frame["allow"][1] == second.counts["allow"] / 50
    score = np.sort(own.runs.scores(first.id)["probability"].to_numpy())
    low = own.volume.quantiles(first)
    assert low == pytest.approx(np.quantile(score, volume.LEVELS))


def test_a_run_without_users_has_no_shares(own):
    run = make.run_of_nobody(own, make.users(2))
    assert np.isnan(volume.runs_frame([run])["allow"][0])
    assert np.isnan(own.volume.quantiles(run)).all()


def test_an_empty_queue_waits_for_nobody(own):
    found = own.volume.queue(now=NOW)
    assert (found.open, found.late, found.judged_a_day) == (0, 0, None)
    assert np.isnan(found.oldest_hours)
    assert len(found.days) == 14


def test_the_queue_counts_who_waits_who_is_late_and_who_was_judged_on_which_day(own):
    planned(own, make.users(200, seed=1), capacity=4, audit=0.05, uncertain=0)
    open_ = waiting(own)
    judge(own, open_[0], now=NOW + 20 * HOUR)
    judge(own, open_[1], now=NOW + 30 * HOUR)
    found = own.volume.queue(now=NOW + 50 * HOUR, days=3)
    assert (found.open, found.late) == (len(open_) - 2, len(open_) - 2)
    assert (found.oldest_hours, found.median_hours) == (50, 50)
    # Queued at noon of 1 March; judged at 8 and at 18 o'clock of the day after.
    assert found.days["queued"].tolist() == [len(open_), 0, 0]
    assert found.days["judged"].tolist() == [0, 2, 0]
    assert found.judged_a_day is None, "two whole days are no pace"
    later = own.volume.queue(now=NOW + 74 * HOUR, days=14)
    assert later.judged_a_day == pytest.approx(2 / 3), "of the three days since work began, not of fourteen"
    assert own.volume.queue(now=NOW + 47 * HOUR).late == 0
