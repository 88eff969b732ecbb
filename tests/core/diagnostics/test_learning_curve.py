"""Learning curve: smaller sets lie in larger ones, all are judged on the same users, and the sentence is honest."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from core.data import split
from core.diagnostics import learning_curve
from core.diagnostics.learning_curve import LearningCurve, Point
from core.errors import CancelledError, TooFewRowsError
from core.evaluation.estimate import Estimate
from core.home import Home
from tests import make

SHARES = (0.25, 0.5, 1.0)


def users(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return (random.random(n) < 0.2).astype(float), random.integers(0, 2**64, n, dtype=np.uint64, endpoint=False)


def scores(label: np.ndarray, keys: np.ndarray, noise: float) -> np.ndarray:
    test = split.in_test(keys)
    random = np.random.default_rng(5)
    return 1 / (1 + np.exp(-(2 * label[test] - 1 + noise * random.normal(size=test.sum()))))


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int, str]]:
    """What the job has reported."""
    return []


@pytest.fixture(scope="module")
def found(trained: Home, told: list[tuple[int, int, str]]) -> LearningCurve:
    """As the job leaves it for the pages."""
    dataset = make.learnt_from(trained).id
    trained.learning_curves.learning_curve_stored(lambda *each: told.append(each), dataset=dataset, shares=(0.4, 1.0))
    kept = trained.learning_curves.stored(dataset)
    assert kept is not None
    return kept


@given(st.integers(0, 50), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_smaller_set_lies_in_a_larger_one_and_has_about_its_share(seed: int, one: float, other: float) -> None:
    place = learning_curve.place(users(seed=seed)[1])
    less, more = sorted((one, other))
    assert not ((place < less) & ~(place < more)).any()
    assert (place < less).mean() == pytest.approx(less, abs=0.05)


def test_the_order_of_learning_knows_neither_the_test_part_nor_the_folds() -> None:
    keys = users(60_000)[1]
    place, test, fold = learning_curve.place(keys), split.in_test(keys), split.folds(keys, 3)
    assert (place < 0.1)[test].mean() == pytest.approx(0.1, abs=0.015)
    for k in range(3):
        assert (place < 0.1)[fold == k].mean() == pytest.approx(0.1, abs=0.01)


def test_nobody_of_the_test_part_is_learnt_from_and_all_are_judged_on_it() -> None:
    label, keys = users()
    sets = []

    def learn(chosen, progress):
        sets.append(chosen)
        return scores(label, keys, 3 / len(sets))

    curve = learning_curve.curve(label, keys, learn, name="users.csv", shares=SHARES)
    test = split.in_test(keys)
    assert not any((chosen & test).any() for chosen in sets)
    np.testing.assert_array_equal(sets[-1], ~test)
    assert [each.n for each in curve.points] == [chosen.sum() for chosen in sets]
    assert curve.n == test.sum()
    for at, each in enumerate(curve.points):
        expected = average_precision_score(label[test], scores(label, keys, 3 / (at + 1)))
        assert each.pr_auc.value == pytest.approx(expected)
        assert each.pr_auc.low < expected < each.pr_auc.high


def test_the_same_scores_gain_exactly_nothing() -> None:
    label, keys = users()
    curve = learning_curve.curve(
        label, keys, lambda _chosen, _progress: scores(label, keys, 1), name="users.csv", shares=SHARES
    )  # fmt: skip
    assert [each.gained for each in curve.points] == [Estimate(None, None, None), *[Estimate(0, 0, 0)] * 2]
    assert curve.sentence.endswith("changed by 0.000 (95 % 0.000 to 0.000): it has levelled off.")


@pytest.mark.parametrize(
    ("gained", "said"),
    [
        (Estimate(0.018, 0.014, 0.022), "rose by 0.018 (95 % 0.014 to 0.022): more users would help."),
        (Estimate(0.0, -0.011, 0.0041), "changed by 0.000 (95 % −0.011 to 0.0041): it has levelled off."),
        (Estimate(0.01, -0.02, 0.04), "changed by 0.010 (95 % −0.020 to 0.040): these users cannot tell whether more"),
        (Estimate(-0.02, -0.03, -0.01), "changed by −0.020 (95 % −0.030 to −0.010): it has levelled off."),
        (Estimate(0.01, None, None), "too few spammers to tell"),
    ],
)
def test_the_sentence_says_no_more_than_the_interval(gained: Estimate, said: str) -> None:
    none = Estimate(None, None, None)
    points = (Point(0.5, 500, 50, Estimate(0.7, 0.6, 0.8), none), Point(1.0, 1000, 99, Estimate(0.7, 0.6, 0.8), gained))
    assert said in LearningCurve("users.csv", 150, 15, points, (), 0).sentence
    assert "too few" in LearningCurve("users.csv", 150, 15, points[:1], (), 0).sentence


def test_shares_with_too_few_of_a_class_are_left_out_and_said() -> None:
    label, keys = users(1000)
    curve = learning_curve.curve(
        label, keys, lambda _chosen, _progress: scores(label, keys, 1), name="users.csv", shares=(0.01, 0.5, 1.0)
    )  # fmt: skip
    assert curve.left_out == (0.01,)
    assert [each.share for each in curve.points] == [0.5, 1.0]
    with pytest.raises(TooFewRowsError, match="to learn from"):
        learning_curve.curve(label[:100], keys[:100], lambda *_asked: np.zeros(0), name="users.csv")


@pytest.mark.slow
def test_the_last_point_is_the_model_that_training_gives(trained: Home, found: LearningCurve) -> None:
    metadata = trained.registry.load().metadata
    assert found.points[-1].n == metadata.data.trained_on
    assert found.points[-1].pr_auc.value == pytest.approx(metadata.figures.overall["pr_auc"].value)
    assert found.n == metadata.data.tested_on


def test_it_survives_being_stored_and_its_table_has_a_row_for_each_point(found: LearningCurve) -> None:
    assert LearningCurve.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found
    frame = found.frame()
    assert frame["users"].is_monotonic_increasing
    assert len(frame) == len(found.points)


def test_before_the_job_there_is_nothing(own: Home) -> None:
    assert own.learning_curves.stored(make.learnt_from(own).id) is None


def test_progress_never_goes_back_and_says_what_is_learnt_from(found: LearningCurve, told: list) -> None:
    done = [each[0] for each in told]
    assert done == sorted(done)
    assert told[-1][0] <= told[-1][1] == 1000
    said = " ".join(each[2] for each in told)
    assert all(f"Learning from {point.n:,} users" in said for point in found.points)


def test_a_cancellation_is_heard(trained: Home) -> None:
    def cancelled(_done: int, _of: int, what: str) -> None:
        if "Fold" in what:
            raise CancelledError("The learning curve")

    with pytest.raises(CancelledError):
        trained.learning_curves.learning_curve_stored(cancelled, dataset=make.learnt_from(trained).id)
