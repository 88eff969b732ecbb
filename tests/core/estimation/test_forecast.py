"""What a plan promises to say: narrower by the day, and enough when the estimator says so."""

from __future__ import annotations

import numpy as np
import pytest

from core.estimation.forecast import DAYS, forecast
from core.home import Home
from core.planning.day import Places
from tests import make
from tests.core.estimation.test_coverage import scores
from tests.core.planning.pools import pool
from tests.core.review import reviewing


def test_intervals_get_narrower_and_there_is_a_figure_once_30_spammers_are_expected() -> None:
    random = np.random.default_rng(5)
    users = pool(scores(20_000, random), make.policy(), random.random(20_000))
    found = forecast(users, Places(160, 0, 40.0))
    assert all(one >= other - 0.02 for one, other in zip(found.widths, found.widths[1:], strict=False))
    assert found.enough is not None
    assert DAYS[0] < found.enough < DAYS[-1]
    assert f"enough for a figure after about {found.enough} days" in found.sentence
    fewer = forecast(users, Places(160, 0, 10.0))
    assert fewer.enough is not None
    assert fewer.enough > found.enough


def test_where_no_day_brings_enough_it_says_so() -> None:
    found = forecast(pool(np.full(5_000, 1e-4), make.policy(), np.zeros(5_000)), Places(1, 0, 1.0))
    assert found.enough is None
    assert "only after more than 40 days" in found.sentence


def test_a_home_looks_ahead_from_its_backlog(own: Home) -> None:
    assert own.forecasts.ahead() is None
    reviewing.scored(own, make.users(900, seed=1))
    found = own.forecasts.ahead()
    assert found is not None
    assert found.widths[-1] == pytest.approx(0, abs=1e-9)  # by then everybody is judged
