"""A simulated year: the loop notices that users have changed, learns from it, and what is live is better for it."""

from __future__ import annotations

import pytest

from core.home import Home
from tests.core.retraining import year
from tests.core.retraining.year import LEAD, SHIFT


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(3))
def test_a_new_pattern_is_noticed_learnt_and_put_in_charge_within_the_year(home: Home, seed: int) -> None:
    months = list(year.lived(home, seed))

    drift = [each.opened for each in home.incidents.recent() if each.finding.kind == "drift"]
    assert min(drift) == year.begins(SHIFT)
    assert [each.number for each in months if each.raised] == [SHIFT]
    promoted = [each for each in months if each.promoted_by]
    assert any(each.number >= SHIFT for each in promoted)
    live, never = year.last_quarter(home, months, seed)
    assert live - never >= 0.05

    store = home.feedback
    assert len(store.read()) == store.verify().rows == sum(each.verdicts for each in months)
    assert store.verify().whole
    last = promoted[-1]
    assert home.registry.rollback(by=LEAD, why="As it was.", now=year.begins(13)) == last.champion
    assert home.registry.champion() == last.champion
