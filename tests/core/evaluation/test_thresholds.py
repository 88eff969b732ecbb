"""Who is above a threshold: whoever scores more, by however little, wherever it is counted; the threshold is below."""

from __future__ import annotations

import numpy as np
import pytest

from core.comparison import flips
from core.evaluation.metrics import Ranking
from core.evaluation.resample import Costs, Sorted
from core.evaluation.thresholds import Sweep
from core.evaluation.weakest import segments
from core.monitoring import calibration
from core.policy.decide import decide
from tests import make

THRESHOLDS = [0.3, 0.7, 0.9, 1 / 3, 2 / 3]


@pytest.fixture(params=THRESHOLDS)
def threshold(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
def label() -> np.ndarray:
    return np.array([0, 1, 0, 1, 1, 1, 0, 1])


@pytest.fixture
def score(threshold: float) -> np.ndarray:
    """Two users a float below the threshold, three at it, two a float above, and one far above."""
    below, above = np.nextafter(threshold, 0), np.nextafter(threshold, 1)
    return np.array([below, below, threshold, threshold, threshold, above, above, (1 + above) / 2])


def test_a_sweep_counts_whom_the_policy_flags(label: np.ndarray, score: np.ndarray, threshold: float) -> None:
    found = Sweep(label, score).confusion(threshold)
    assert (found.caught, found.false_alarms, found.missed, found.left_alone) == (2, 1, 3, 2)
    flagged = decide(make.policy(threshold, (1 + 3 * threshold) / 4, (1 + threshold) / 2), score).severity > 0
    assert flagged.sum() == found.caught + found.false_alarms


def test_each_threshold_of_a_sweep_flags_as_many_as_it_says(label: np.ndarray, score: np.ndarray) -> None:
    """Between neighbouring floats there is no middle to put one."""
    sweep = Sweep(label, score)
    assert sweep.flagged.tolist() == [0, 1, 3, 6, 8]
    assert [int((score > each).sum()) for each in sweep.threshold] == sweep.flagged.tolist()
    assert [sweep.confusion(each).caught for each in sweep.threshold] == sweep.caught.tolist() == [0, 1, 2, 4, 5]


def test_a_threshold_a_float_away_flags_whoever_lies_between(
    label: np.ndarray, score: np.ndarray, threshold: float
) -> None:  # fmt: skip
    counted = [
        Sweep(label, score).confusion(each)
        for each in (np.nextafter(threshold, 0), threshold, np.nextafter(threshold, 1))
    ]
    assert [each.caught + each.false_alarms for each in counted] == [6, 3, 1]


def test_figures_of_one_model_and_of_two_count_alike(label: np.ndarray, score: np.ndarray, threshold: float) -> None:
    ones = np.ones(len(label))
    alone = {name: events / of for name, (events, of) in Ranking(label, score).at(threshold).items()}
    paired = Sorted(label, score, {"band": threshold}, Costs()).figures(ones.astype(np.int64))
    expected = {"precision": 2 / 3, "recall": 2 / 5, "fpr": 1 / 3}
    assert {name: alone[name] for name in expected} == pytest.approx(expected)
    assert {name: paired[f"band {name}"] for name in expected} == pytest.approx(expected)


def test_segments_count_alike(label: np.ndarray, score: np.ndarray, threshold: float) -> None:
    groups = {"all": iter([("everybody", np.ones(len(label), bool))])}
    (row,) = segments(label, score, threshold, groups).to_dict("records")
    assert (row["selection_rate"], row["fpr"], row["fnr"]) == pytest.approx((3 / 8, 1 / 3, 3 / 5))


def test_two_models_are_held_against_each_other_in_the_bands_of_the_policy(score: np.ndarray) -> None:
    policy = make.policy()
    edges = np.array(list(policy.thresholds.values()))
    around = np.concatenate([score, edges, np.nextafter(edges, 0), np.nextafter(edges, 1)])
    assert flips.severity(around, policy.thresholds).tolist() == decide(policy, around).severity.tolist()


def test_groups_of_calibration_end_at_the_threshold_itself() -> None:
    for edge in make.policy().thresholds.values():
        assert edge in calibration.EDGES
        found = calibration.groups([np.nextafter(edge, 0), edge, np.nextafter(edge, 1)], [0, 0, 1], [1, 1, 1])
        assert found["n"].tolist() == [2, 1]
        assert found["observed"].tolist() == [0, 1]
