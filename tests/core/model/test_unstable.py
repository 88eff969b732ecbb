"""Unstable folds are told from chance alike, whether there are two, three or eight of them."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation import cautions
from core.evaluation.estimate import Estimate

TEST = Estimate(0.7, 0.7 - 1.96 * 0.01, 0.7 + 1.96 * 0.01)  # a standard error of .01 on 15 % of the users


def alarms(folds: int, *, spread: float, times: int = 4_000) -> float:
    """Share of runs told unstable whose folds, of 85 % / `folds` of the users each, spread so many times as chance."""
    error = 0.01 * np.sqrt(0.15 / (0.85 / folds))
    drawn = np.random.default_rng(folds).normal(0.7, spread * error, (times, folds))
    return float(np.mean([cautions.unstable("v0001", tuple(row), TEST) is not None for row in drawn.tolist()]))


@pytest.mark.parametrize("folds", [2, 3, 8])
def test_chance_is_called_unstable_about_once_in_a_thousand_and_more_than_chance_is_found(folds: int) -> None:
    assert alarms(folds, spread=1) < 0.004
    assert alarms(folds, spread=6) > 0.5


def test_the_sentence_names_how_far_the_folds_lie_apart() -> None:
    said = cautions.unstable("t-0002", (0.5, 0.7, 0.9), TEST)
    assert said is not None
    assert said.startswith("The folds of t-0002 have PR-AUCs from 0.500 to 0.900")


@pytest.mark.parametrize("test", [Estimate(0.7, None, None), Estimate(0.7, 0.7, 0.7)])
def test_without_an_interval_or_with_one_fold_nothing_is_said(test: Estimate) -> None:
    assert cautions.unstable("v0001", (0.1, 0.9), test) is None
    assert cautions.unstable("v0001", (0.1,), TEST) is None
