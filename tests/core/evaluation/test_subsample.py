"""A sample that stands for all: the classes keep their size, figures are those of all users, intervals hold them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from core.evaluation import subsample
from core.evaluation.resample import Costs, Sorted


def scored(n: int, rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = (random.random(n) < rate).astype(float)
    return label, 1 / (1 + np.exp(-(random.normal(size=n) + 2 * label - 2)))


def pr_auc(label: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    return Sorted(label, score, {}, Costs()).figures(weight)["pr_auc"]


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 100), st.integers(0, 9))
def test_the_weights_of_a_class_add_up_to_it_but_for_less_than_one_factor(a: int, b: int, most: int, seed: int) -> None:
    label = np.random.default_rng(seed).permutation(np.repeat([0, 1], [a, b]))
    sample = subsample.thin(label, seed=seed, most=most)
    assert (np.diff(sample.at) > 0).all()
    for value, n in ((0, a), (1, b)):
        weight = sample.weight[label[sample.at] == value]
        assert len(set(weight)) == 1
        assert 0 < len(weight) <= most
        assert abs(int(weight.sum()) - n) < weight[0]


def test_where_there_are_few_users_all_are_taken_as_they_are() -> None:
    label, _ = scored(500, 0.2, 0)
    sample = subsample.thin(label, seed=3)
    np.testing.assert_array_equal(sample.at, np.arange(500))
    np.testing.assert_array_equal(sample.weight, 1)
    assert sample.sentence == ""


def test_seeds_reproduce_and_differ() -> None:
    label, _ = scored(5000, 0.1, 0)
    one, same, other = (subsample.thin(label, seed=seed, most=300).at for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(subsample.draws(9, seed=1), subsample.draws(9, seed=1))


def test_weighted_figures_are_those_of_users_repeated_as_often() -> None:
    label, score = scored(3000, 0.1, 1)
    sample = subsample.thin(label, seed=0, most=500)
    again = np.repeat(sample.at, sample.weight)
    found = pr_auc(label[sample.at], score[sample.at], sample.weight)
    assert found == pytest.approx(average_precision_score(label[again], score[again]), abs=1e-12)


def test_over_many_samples_the_figure_is_that_of_all_users() -> None:
    label, score = scored(20_000, 0.03, 2)
    whole = average_precision_score(label, score)
    found = []
    for seed in range(200):
        sample = subsample.thin(label, seed=seed, most=1000)
        found.append(pr_auc(label[sample.at], score[sample.at], sample.weight))
    assert np.mean(found) == pytest.approx(whole, abs=4 * np.std(found) / np.sqrt(len(found)) + 0.002)
    assert np.std(found) > 0


def test_a_draw_of_one_class_has_no_figure_and_no_figure_has_no_interval() -> None:
    label, score = np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.9])
    times = np.array([[1, 1, 0], [0, 0, 2], [1, 0, 1]], np.uint8)
    over = subsample.drawn(Sorted(label, score, {}, Costs()), np.ones(3, np.int64), times)["pr_auc"]
    np.testing.assert_array_equal(np.isnan(over), [True, True, False])
    assert subsample.estimate(float("nan"), over).value is None
    assert subsample.estimate(0.5, over[:2]).low is None


def test_a_share_counts_each_user_as_often_as_those_it_stands_for() -> None:
    weight, times = np.array([1, 3] * 50), subsample.draws(100, seed=0)
    events = np.arange(100) % 2 == 1
    found = subsample.share(events, weight, times, few=10)
    assert found.value == 0.75
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.75 < found.high
    few = subsample.share(np.arange(100) < 3, weight, times, few=10)
    assert (few.low, few.high) == (None, None)
    none = subsample.share(np.zeros(100, bool), weight, times, few=10)
    assert (none.value, none.low, none.high) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_intervals_of_a_thinned_sample_hold_the_truth_about_as_often_as_they_say() -> None:
    label, score = scored(2_000_000, 0.1, 7)
    truth = average_precision_score(label, score)
    random, inside = np.random.default_rng(0), 0
    for seed in range(1000):
        rows = random.integers(0, len(label), 10_000)
        sample = subsample.thin(label[rows], seed=seed, most=3000)
        at = rows[sample.at]
        model = Sorted(label[at], score[at], {}, Costs())
        over = subsample.drawn(model, sample.weight, subsample.draws(len(at), seed=seed))["pr_auc"]
        found = subsample.estimate(model.figures(sample.weight)["pr_auc"], over)
        inside += found.low <= truth <= found.high
    assert 930 <= inside <= 970
