"""What the gate promises over many candidates: chance is hardly ever promoted, a true gain mostly, poison never."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest
from scipy.stats import beta

from tests.core.retraining import simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
#: The first seed: what the gate asks for was chosen on others.
FIRST: Final = 10_000


def most(events: int, of: int, level: float = 0.99) -> float:
    """The one-sided upper bound of a share (Clopper and Pearson)."""
    return 1.0 if events == of else float(beta.ppf(level, events + 1, of - events))


def test_of_300_candidates_of_the_same_recipe_with_nothing_new_to_learn_at_most_5_in_100_are_promoted() -> None:
    found = Counter(simulated.null(seed) for seed in range(FIRST, FIRST + 300))

    assert found["promote"] <= 15, found
    assert most(found["promote"], 300) < 0.09


def test_a_true_gain_of_3_points_is_promoted_in_at_least_80_of_100() -> None:
    found = Counter(simulated.better(seed) for seed in range(FIRST, FIRST + 100))

    assert found["promote"] >= 80, found


def test_of_100_candidates_that_learnt_from_feedback_flipped_against_one_segment_none_is_promoted() -> None:
    found = Counter(simulated.poisoned(seed) for seed in range(FIRST, FIRST + 100))

    assert found["promote"] == 0, found
