"""Importance: permuting is what others mean by it, near-copies are seen through, and it agrees with itself."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import permutation_importance
from sklearn.metrics import average_precision_score

from core.diagnostics import importance
from core.diagnostics.disturb import deal
from core.diagnostics.importance import Importance, Permuted
from core.evaluation.estimate import Estimate
from core.home import Home
from core.scoring.scorer import Scorer
from tests import make


def users(n: int = 1500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features: strong, weak, a copy of strong, noise and a constant."""
    random = np.random.default_rng(seed)
    strong, weak, noise = random.normal(size=(3, n))
    label = (2 * strong + weak + random.normal(size=n) > 2.5).astype(float)
    return np.stack([strong, weak, strong + 0.01 * noise, noise, np.ones(n)], axis=1).astype(np.float32), label


def predict(features: np.ndarray) -> np.ndarray:
    x = features.astype(np.float64)
    return 1 / (1 + np.exp(-(2 * x[:, 0] + x[:, 1] - 2.5)))


def halves(features: np.ndarray) -> np.ndarray:
    """Reads strong and its copy alike."""
    x = features.astype(np.float64)
    return 1 / (1 + np.exp(-(x[:, 0] + x[:, 2] + x[:, 1] - 2.5)))


def permuted(groups, *, predict=predict, seed=0, repeats=5, weight=None):
    features, label = users()
    weights = np.ones(len(label), np.int64) if weight is None else weight
    return importance.permute(
        features, label, weights, groups, predict, seed=seed, repeats=repeats, replicates=50
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(trained: Home) -> Importance:
    """As the job leaves it for the pages."""
    dataset = make.learnt_from(trained).id
    trained.importance.importance_stored(lambda *_told: None, version="v0001", dataset=dataset)
    kept = trained.importance.stored("v0001", dataset)
    assert kept is not None
    return kept


class Made(ClassifierMixin, BaseEstimator):
    """`predict` as scikit-learn wants to have it."""

    def fit(self, _x, _y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, x):
        p = predict(x)
        return np.stack([1 - p, p], axis=1)


def test_it_is_what_scikit_learn_finds_but_for_chance() -> None:
    features, label = users()
    made = Made().fit(features, label)
    theirs = permutation_importance(
        made, features, label, scoring="average_precision", n_repeats=60, random_state=1
    )  # fmt: skip
    value, ours = permuted([[at] for at in range(5)], repeats=60)
    assert value == pytest.approx(average_precision_score(label, predict(features)))
    for at, (lost, spread) in enumerate(ours):
        error = np.hypot(spread, theirs.importances_std[at]) / np.sqrt(60)
        assert lost.value == pytest.approx(theirs.importances_mean[at], abs=4 * error + 1e-12)
        assert spread == pytest.approx(theirs.importances_std[at], rel=0.5, abs=1e-12)


def test_permuting_the_only_feature_that_is_read_leaves_nothing_but_chance() -> None:
    _, label = users()
    value, [(lost, _)] = permuted([[0, 1]])
    assert value - lost.value == pytest.approx(label.mean(), abs=0.04)
    assert lost.low > 0.4


def test_a_feature_that_is_not_read_or_constant_costs_exactly_nothing() -> None:
    for lost, spread in permuted([[3], [4]])[1]:
        assert (lost, spread) == (Estimate(0, 0, 0), 0)


def test_near_copies_hide_behind_each_other_until_permuted_together() -> None:
    _, [one, other, both] = permuted([[0], [2], [0, 2]], predict=halves)
    assert both[0].low > max(one[0].high, other[0].high)


def test_a_group_is_dealt_out_as_one() -> None:
    seen = []

    def looking(features: np.ndarray) -> np.ndarray:
        seen.append(features)
        return predict(features)

    permuted([[0, 2]], predict=looking, repeats=1)
    assert np.abs(seen[1][:, 0] - seen[1][:, 2]).max() < 0.1


def test_seeds_reproduce_and_differ() -> None:
    assert permuted([[0], [1]], seed=1) == permuted([[0], [1]], seed=1)
    assert permuted([[0], [1]], seed=1) != permuted([[0], [1]], seed=2)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=50), st.integers(0, 99))
def test_values_are_dealt_from_those_whom_the_sample_stands_for(weights: list[int], seed: int) -> None:
    weight = np.array(weights)
    dealt = np.bincount(deal(weight, np.random.default_rng(seed)), minlength=len(weight))
    assert dealt.sum() == len(weight)
    assert (dealt <= weight).all()


def test_near_copies_are_joined_by_chains_whatever_the_sign() -> None:
    r = np.eye(5)
    r[0, 1] = r[1, 0] = 0.95
    r[1, 3] = r[3, 1] = -0.92
    r[2, 4] = r[4, 2] = np.nan
    assert importance.near_copies(pd.DataFrame(r)) == [[0, 1, 3]]
    assert importance.near_copies(pd.DataFrame(np.full((2, 2), np.nan))) == []


def test_a_version_is_asked_about_every_feature_on_rows_it_has_not_learnt_from(
    trained: Home, found: Importance
) -> None:
    model, dataset = trained.registry.load(), make.learnt_from(trained)
    rows = trained.common_rows.rows((model,), dataset, make.SCHEMA)
    score, features = Scorer(model).score(rows.frame).probability, Scorer(model).matrix(rows.frame)
    assert found.pr_auc == pytest.approx(average_precision_score(rows.label, score))
    assert [each.features[0] for each in found.features] == list(make.SCHEMA.names)
    shap = np.abs(model.explainer.contributions(features)).mean(axis=0)
    np.testing.assert_allclose([each.shap for each in found.features], shap, rtol=1e-5)
    assert found.constant == ("constant",)
    assert found.strongest()[0].features == ("links",)
    assert found.copies == ()


def test_the_sentence_names_the_strongest_and_says_whether_both_ways_agree(found: Importance) -> None:
    assert found.sentence.startswith("v0001 needs links most: permuting it costs 0.")
    assert f"(Spearman {found.agreement:.2f}): 4 of the 4 strongest" in found.sentence


def made(lost: list[float], shap: list[float], copies: tuple[Permuted, ...] = ()) -> Importance:
    features = tuple(
        Permuted((f"X{i}",), Estimate(a, a - 0.01, a + 0.01), 0.001, b)
        for i, (a, b) in enumerate(zip(lost, shap, strict=True))
    )
    return Importance("v0001", 100, 10, 0.7, features, copies, (), 5, 0)


def test_before_the_job_there_is_nothing(own: Home) -> None:
    assert own.importance.stored("v0001", make.learnt_from(own).id) is None


def test_agreement_is_that_of_ranks() -> None:
    assert made([0.4, 0.2, 0.1, 0], [9, 4, 2, 1]).agreement == 1
    assert made([0.4, 0.2, 0.1, 0], [1, 2, 4, 9]).agreement == -1
    assert "differently (Spearman -1.00)" in made([0.4, 0.2, 0.1, 0], [1, 2, 4, 9]).sentence
    assert "no second feature" in made([0.4], [1]).sentence


def test_near_copies_are_warned_of_with_what_they_cost_alone_and_together() -> None:
    copies = (Permuted(("X0", "X1"), Estimate(0.5, 0.4, 0.6), 0.01),)
    (warning,) = made([0.1, 0.02, 0], [1, 1, 0], copies).warnings()
    assert warning.startswith("X0 and X1 are near-copies")
    assert "Alone they cost 0.100 and 0.020 PR-AUC, permuted together 0.500." in warning
    assert made([0.1, 0.2], [1, 1]).warnings() == ()


def test_it_survives_being_stored_and_its_table_is_strongest_first(found: Importance) -> None:
    assert Importance.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found
    frame = found.frame()
    assert frame["lost"].is_monotonic_decreasing
    assert len(frame) == len(make.SCHEMA.names)
