"""The checks of the gate: weighted gains against a slow reference, and what makes each pass, stay open or fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import average_precision_score

from core.evaluation import metrics
from core.retraining import gate_checks
from core.retraining.paired_gain import Gain, gains

UNKNOWN = float("nan")


def population(n: int = 3000, seed: int = 0, noise: float = 1.0) -> tuple[Any, Any, Any]:
    """label, calibrated score, and the same score blurred."""
    random = np.random.default_rng(seed)
    odds = random.normal(-2, 2, n)
    label = (random.random(n) < expit(odds)).astype(float)
    return label, expit(odds), expit(odds + random.normal(0, noise, n))


ranks = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(1, 4)), min_size=4, max_size=40)


@given(ranks)
def test_a_user_who_stands_for_three_counts_as_three_users_would(rows: list[tuple[bool, int, int]]) -> None:
    y, p, w = (np.array(column, float) for column in zip(*rows, strict=True))
    if not 0 < y.sum() < len(y):
        return
    p /= 6
    found = gains(y, p, 1 - p, w, 0.5, seed=0, replicates=3)
    times = w.astype(int)
    apart, many = np.repeat(y, times), np.repeat(p, times)

    assert found["pr_auc"].a == pytest.approx(average_precision_score(apart, many))
    assert found["pr_auc"].b == pytest.approx(average_precision_score(apart, 1 - many))
    flagged = many > 0.5
    assert found["precision"].a == pytest.approx(apart[flagged].mean() if flagged.any() else UNKNOWN, nan_ok=True)


def test_calibration_error_of_equal_weights_is_that_of_the_figures() -> None:
    label, score, blurred = population(1500)
    found = gains(label, score, blurred, np.full(1500, 7.0), 0.9, seed=1, replicates=20)["ece"]

    assert found.a == pytest.approx(metrics.ece(label, score), abs=1e-12)
    assert found.b == pytest.approx(metrics.ece(label, blurred), abs=1e-12)


def test_a_difference_that_is_there_is_found_and_none_between_a_model_and_itself() -> None:
    label, score, blurred = population()
    found = gains(label, blurred, score, np.ones(3000), 0.9, seed=0, replicates=300)["pr_auc"]
    same = gains(label, score, score, np.ones(3000), 0.9, seed=0, replicates=30)["pr_auc"]

    assert 0 < found.low < found.value < found.high
    assert (same.value, same.low, same.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Gain(0.70, 0.715, 0.006, 0.025), "passed"),
        (Gain(0.70, 0.715, 0.005, 0.025), "open"),
        (Gain(0.70, 0.71, 0.001, 0.02), "open"),
        (Gain(0.70, 0.72, -0.001, 0.04), "open"),
        (Gain(0.70, 0.68, -0.03, -0.01), "failed"),
        (Gain(0.70, 0.698, -0.003, -0.001), "open"),
    ],
)
def test_a_gain_passes_when_it_is_worth_it_beyond_chance(found: Gain, state: str) -> None:
    assert gate_checks.gain(found, (100, 100), 30).state == state
    assert gate_checks.gain(found, (29, 1000), 30).state == "open"


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Gain(0.9, 0.89, -0.05, 0.03), "passed"),
        (Gain(0.9, 0.84, -0.12, 0.03), "open"),
        (Gain(0.9, 0.85, -0.09, -0.01), "failed"),
        (Gain(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN), "passed"),
        (Gain(0.9, UNKNOWN, UNKNOWN, UNKNOWN), "open"),
    ],
)
def test_precision_of_the_top_band_may_not_be_lost(found: Gain, state: str) -> None:
    assert gate_checks.precision(found, 0.9, (50, 50)).state == state


def test_of_few_in_the_top_band_only_evidence_counts() -> None:
    assert gate_checks.precision(Gain(1.0, 0.9, -0.3, 0.0), 0.9, (12, 10)).state == "passed"
    assert gate_checks.precision(Gain(1.0, 0.5, -0.8, -0.2), 0.9, (12, 10)).state == "failed"
    assert gate_checks.precision(Gain(0.9, UNKNOWN, UNKNOWN, UNKNOWN), 0.9, (12, 0)).state == "passed"


def test_where_the_champion_puts_nobody_there_precision_has_to_be_what_scores_say() -> None:
    assert gate_checks.precision(Gain(UNKNOWN, 0.84, UNKNOWN, UNKNOWN), 0.9, (0, 50)).state == "open"
    assert gate_checks.precision(Gain(UNKNOWN, 0.86, UNKNOWN, UNKNOWN), 0.9, (0, 50)).state == "passed"


def test_that_all_of_the_few_in_the_champions_top_band_are_spammers_is_no_evidence_against_many_nearly_all() -> None:
    assert gate_checks.precision(Gain(1.0, 0.987, -0.04, -0.001), 0.9, (8, 89)).state == "passed"
    assert gate_checks.precision(Gain(1.0, 0.87, -0.22, -0.05), 0.9, (7, 61)).state == "passed"
    assert gate_checks.precision(Gain(1.0, 0.7, -0.42, -0.2), 0.9, (7, 61)).state == "open"
    assert gate_checks.precision(Gain(1.0, 0.4, -0.72, -0.5), 0.9, (7, 61)).state == "failed"
    assert gate_checks.precision(Gain(0.5, 0.8, 0.1, 0.5), 0.9, (8, 60)).state == "passed"


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Gain(0.02, 0.025, -0.01, 0.02), "passed"),
        (Gain(0.02, 0.045, -0.01, 0.06), "open"),
        (Gain(0.02, 0.06, 0.025, 0.07), "failed"),
    ],
)
def test_calibration_may_not_be_lost(found: Gain, state: str) -> None:
    assert gate_checks.calibration(found).state == state


def test_golden_items_lost_by_chance_stay_open_and_many_lost_fail() -> None:
    label = np.tile([1.0, 0.0], 20)
    right = label == 1

    def without(k: int) -> Any:
        return np.where(np.arange(40) < k, ~right, right)

    assert gate_checks.golden(label, right, right).state == "passed"
    assert gate_checks.golden(label, right, without(2)).state == "open"
    assert gate_checks.golden(label, right, without(12)).state == "failed"
    assert gate_checks.golden(label, without(12), right).state == "passed"


def test_flips_count_by_the_users_they_stand_for() -> None:
    changed = np.array([True, False, False])

    assert gate_checks.flips(changed, np.array([1.0, 20, 20])).state == "passed"
    assert gate_checks.flips(changed, np.array([20.0, 20, 20])).state == "open"


def test_reasons_and_speed_are_held_against_their_thresholds() -> None:
    assert gate_checks.reasons(np.array([0.5, 0.6, UNKNOWN])).state == "passed"
    assert gate_checks.reasons(np.array([0.2, 0.6, UNKNOWN])).state == "open"
    assert gate_checks.reasons(np.array([UNKNOWN])).state == "passed"
    assert gate_checks.speed(1.0, 1.9).state == "passed"
    assert gate_checks.speed(1.0, 2.1).state == "open"


def test_a_candidate_that_nobody_waits_for_is_fast_enough_however_fast_the_champion_is() -> None:
    assert gate_checks.speed(0.3e-6, 1.5e-6).state == "passed"
    assert gate_checks.speed(3e-6, 15e-6).state == "open"


def test_a_check_says_what_was_found_what_it_is_held_against_and_in_words_both() -> None:
    many = gate_checks.precision(Gain(0.9, 0.8, -0.15, 0.01), 0.7, (50, 40))
    assert (many.figure, many.threshold) == (0.8, pytest.approx(0.85))
    assert many.sentence == (
        "In the top band 80.0\u202f% of 40 judges are spammers, 90.0\u202f% of 50 by the champion, which may be chance."
    )
    assert gate_checks.precision(Gain(0.9, 0.8, -0.15, 0.01), 0.7, (12, 40)).threshold == pytest.approx(0.65)
    nobody = gate_checks.precision(Gain(0.9, UNKNOWN, UNKNOWN, UNKNOWN), 0.9, (50, 0))
    assert (nobody.state, nobody.sentence) == ("open", "It puts no judge into the top band, the champion 50.")

    calibration = gate_checks.calibration(Gain(0.03, 0.04, -0.01, 0.03))
    assert (calibration.figure, calibration.threshold) == (0.04, pytest.approx(0.05))
    assert calibration.sentence == "Calibration error is 0.040, 0.030 of the champion."

    label = np.array([1.0, 1.0, 0.0, 0.0])
    golden = gate_checks.golden(label, label == 1, np.array([True, False, True, False]))
    assert (golden.figure, golden.threshold) == (0.5, 1.0)
    assert golden.sentence == "Of 4 golden items it judges 2 rightly, the champion 4."

    slow = gate_checks.speed(2e-6, 1e-5)
    assert (slow.figure, slow.threshold) == (pytest.approx(5.0), gate_checks.SLOWER)
    assert slow.sentence == (
        "It takes 5.0 times as long as the champion to score, 10.0 µs a user; 2 times may be, or 5 µs."
    )


def test_limits_themselves_pass() -> None:
    assert gate_checks.speed(gate_checks.QUICK / 5, gate_checks.QUICK).state == "passed"
    assert gate_checks.speed(1.0, gate_checks.SLOWER).state == "passed"
    assert gate_checks.reasons(np.array([gate_checks.LEAST_OVERLAP])).state == "passed"
    assert gate_checks.flips(np.array([True, False]), np.array([15.0, 85.0])).state == "passed"
    assert gate_checks.calibration(Gain(0.0, 0.02, -0.01, 0.03)).state == "passed"
    assert gate_checks.calibration(Gain(0.0, 0.03, 0.02, 0.04)).state == "open"
