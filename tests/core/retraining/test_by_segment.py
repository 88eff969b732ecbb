"""The checks of every segment: what is worse in one is named, and so is where verdicts contradict the history."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from core.retraining import by_segment
from tests.core.retraining.test_gate_checks import population


def test_a_segment_in_which_it_is_worse_is_named_though_it_is_better_on_the_whole() -> None:
    label, score, blurred = population(4000)
    inside = np.arange(4000) % 8 == 0
    candidate = np.where(inside, np.minimum(score + 0.3, 1), score)
    halves = [("low", np.arange(4000) < 2000), ("high", np.arange(4000) >= 2000)]
    groups = {"tier": [("3", inside), ("4", ~inside)], "links": halves}

    found = by_segment.segments(label, blurred, candidate, np.ones(4000), groups)
    assert found.state == "failed"
    assert "where tier is 3" in found.sentence
    assert by_segment.segments(label, blurred, score, np.ones(4000), groups).state == "passed"
    assert by_segment.segments(label, blurred, score, np.ones(4000), {"all": [("1", label >= 0)]}).state == "open"


def test_verdicts_that_contradict_the_history_in_a_segment_are_left_to_a_person() -> None:
    label, score, _ = population(4000)
    old, tier = np.arange(4000) % 3 == 0, np.arange(4000) % 4
    groups = {"tier": [(str(k), tier == k) for k in range(4)]}
    flipped = np.where(~old & (tier == 2) & (np.arange(4000) % 5 == 0), 1.0, label)

    found = by_segment.old_labels(flipped, score, np.ones(4000), old, groups)
    assert found.state == "open"
    assert "Where tier is 2, verdicts call" in found.sentence
    # The same pattern in both sources is no contradiction, however wrong the champion is about it.
    both = np.where((tier == 2) & (np.arange(4000) % 5 == 0), 1.0, label)
    assert by_segment.old_labels(both, score, np.ones(4000), old, groups).state == "passed"
    assert by_segment.old_labels(label, score, np.ones(4000), old, groups).state == "passed"
    assert by_segment.old_labels(label, score, np.ones(4000), old | True, groups).state == "passed"
    assert by_segment.old_labels(label, score, np.ones(4000), old & False, groups).state == "open"


def test_with_equal_weights_a_segment_is_tested_as_students_paired_test_does() -> None:
    change = np.random.default_rng(3).normal(0.02, 0.2, 5000)
    p, share = by_segment.worse(change, np.full(5000, 3.0), np.full(5000, 0.1))

    assert p == pytest.approx(float(ttest_1samp(change, 0, alternative="greater").pvalue), rel=0.01)
    assert share == pytest.approx(change.mean() / 0.1)
