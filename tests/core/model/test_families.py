"""Every family behind one interface: the same split, calibration and figures; weights whose effect is shown."""

from __future__ import annotations

import functools
import importlib.util

import numpy as np
import pytest

from core.data import split
from core.errors import BadOptionError, RefusedError
from core.evaluation import metrics
from core.model import calibrate, scikit
from core.model.boosted import LightGBM
from core.model.families import FAMILIES, Recipe, weight
from core.model.learner import Labels, Matrix, Options, Rows
from core.training import crossfit, train, weights
from core.training.train import Candidate
from tests import make

THRESHOLDS = {"monitor": 0.3}
OTHERS = [key for key in FAMILIES if key != "xgboost"]


def users(n: int = 900, seed: int = 0) -> tuple[Matrix, Labels, split.Keys]:
    frame = make.users(n, seed)
    features = frame[list(make.SCHEMA.names)].to_numpy(np.float32)
    return features, frame["spam"].to_numpy(np.float64), split.keys(frame, make.SCHEMA, bytes(16))


@pytest.fixture(autouse=True)
def _small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scikit, "TREES", 40)


def fit(recipe: Recipe, n: int = 900, seed: int = 0) -> Candidate:
    return train.fit(*users(n), THRESHOLDS, name="users.csv", seed=seed, recipe=recipe)


@functools.cache
def once(key: str) -> Candidate:
    """What tests that change nothing share."""
    return fit(Recipe(key), 600)


@pytest.fixture
def leading() -> Candidate:
    return once("xgboost")


def test_only_xgboost_can_lead_and_its_place_is_the_first() -> None:
    assert [key for key, family in FAMILIES.items() if family.can_lead] == ["xgboost"] == list(FAMILIES)[:1]
    assert len({family.name for family in FAMILIES.values()}) == len(FAMILIES) == 6


@pytest.mark.parametrize("key", OTHERS)
def test_each_family_learns_is_calibrated_and_judged_on_the_same_test_part(key: str, leading: Candidate) -> None:
    found = once(key)
    _, label, _ = users(600)
    assert (found.test == leading.test).all()
    assert found.figures.n == leading.figures.n
    assert (found.score >= 0).all()
    assert (found.score <= 1).all()
    assert found.figures.overall["pr_auc"].value == pytest.approx(metrics.pr_auc(label[found.test], found.score))
    # The label follows from three columns: whoever learns anything ranks well above chance.
    assert found.validation.pr_auc > label[~found.test].mean() + 0.2
    assert abs(found.score.mean() - label[found.test].mean()) < 0.08
    assert len(found.folds) == found.options.folds
    assert found.training_pr_auc > found.figures.positives / found.figures.n
    assert (found.rounds is None) == (key in {"logistic_regression", "random_forest", "extra_trees"})


@pytest.mark.parametrize("key", OTHERS)
def test_the_same_seed_gives_the_same_scores_to_the_last_bit(key: str) -> None:
    one, again = once(key), fit(Recipe(key), 600)
    assert one.score.tobytes() == again.score.tobytes()
    assert (one.calibration, one.validation, one.rounds) == (again.calibration, again.validation, again.rounds)


@pytest.mark.parametrize("key", OTHERS)
def test_nothing_of_the_test_part_reaches_what_is_learnt(key: str) -> None:
    features, label, keys = users(600)
    one, test = once(key), split.in_test(keys)
    noise = np.where(test[:, None], np.float32(99), features)
    other = train.fit(noise, np.where(test, 1 - label, label), keys, THRESHOLDS, name="x", recipe=Recipe(key))
    assert (one.calibration, one.validation) == (other.calibration, other.validation)
    assert np.array_equal(one.learner.margin(features), other.learner.margin(features))


@pytest.mark.parametrize("key", FAMILIES)
def test_missing_values_are_learnt_from_as_missing(key: str) -> None:
    """Nothing but the gap tells spammers apart, so that filling it in without a trace would lose them."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 600).astype(float)
    features = np.where(label == 1, np.nan, random.normal(size=600))[:, None].astype(np.float32)
    keys = random.integers(0, 2**63, 600).astype(np.uint64)
    found = train.fit(features, label, keys, THRESHOLDS, name="x", recipe=Recipe(key))
    assert found.figures.overall["roc_auc"].value == pytest.approx(1)


def test_the_median_of_missing_values_is_learnt_on_the_rows_learnt_from_alone() -> None:
    x = np.array([[1.0], [2.0], [3.0], [np.nan]] * 30, np.float32)
    y = np.tile([0.0, 1.0], 60)
    fitted = FAMILIES["logistic_regression"].fitted(Rows(x, y), Options({"C": 1.0}, 2), 0, None, lambda _share: None)
    far = np.array([[np.nan], [1e6]], np.float32)
    assert fitted.margin(far)[0] == pytest.approx(fitted.margin(far[:1])[0])


@pytest.mark.parametrize("key", FAMILIES)
def test_no_rows_have_no_margins_and_an_empty_column_does_no_harm(key: str) -> None:
    x, y, _ = users(300)
    x[:, 4] = np.nan
    family = FAMILIES[key]
    fitted = family.fitted(Rows(x, y), family.options(300), 0, 20, lambda _share: None)
    assert fitted.margin(x[:0]).shape == (0,)
    assert np.isfinite(fitted.margin(x)).all()


@pytest.mark.parametrize("key", FAMILIES)
def test_every_family_learns_from_levels_that_stand_in_no_order(key: str) -> None:
    random = np.random.default_rng(4)
    codes, other = random.integers(0, 8, 800), random.normal(size=800)
    y = np.isin(codes, [1, 4, 6]).astype(float)
    x = np.column_stack([other, np.where(random.random(800) < 0.05, np.nan, codes)]).astype(np.float32)
    family = FAMILIES[key]
    fitted = family.fitted(Rows(x, y, levels=(0, 9)), family.options(800), 0, 20, lambda _share: None)
    margin = fitted.margin(np.array([[0, 1], [0, 2], [0, 4], [0, 5], [0, 8], [0, np.nan]], np.float32))
    assert min(margin[0], margin[2]) > max(margin[1], margin[3])
    assert np.isfinite(margin).all()


@pytest.mark.parametrize("key", FAMILIES)
def test_what_the_listener_raises_ends_the_work(key: str) -> None:
    def stop(_what: str, share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.fit(*users(300), THRESHOLDS, name="x", recipe=Recipe(key), progress=stop)


@pytest.mark.parametrize("key", [key for key in FAMILIES if key not in {"random_forest", "extra_trees"}])
def test_a_spammer_who_weighs_more_weighs_as_much_as_several(key: str) -> None:
    """Weights are weights: twice the weight is the same as being there twice."""
    x, y, _ = users(400)
    family, none = FAMILIES[key], lambda _share: None
    plain = {"subsample": 1, "colsample_bytree": 1, "feature_fraction": 1.0, "bagging_fraction": 1.0, "bagging_freq": 0,
             "max_features": 1.0}  # fmt: skip
    options = family.options(400)
    options = options.having({name: value for name, value in plain.items() if name in options.parameters})
    twice = np.concatenate([np.arange(400), np.flatnonzero(y == 1)])
    weighed = family.fitted(Rows(x, y, np.where(y == 1, 2.0, 1.0)), options, 0, 25, none)
    repeated = family.fitted(Rows(x[twice], y[twice]), options, 0, 25, none)
    gap = np.abs(weighed.margin(x) - repeated.margin(x)).mean()
    unweighed = family.fitted(Rows(x, y), options, 0, 25, none)
    assert gap < 0.3 * np.abs(weighed.margin(x) - unweighed.margin(x)).mean()


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(Recipe(class_weight=10.0), marks=pytest.mark.slow),
        Recipe("logistic_regression", "balanced", hard_negatives=True),
    ],
)
def test_weights_leave_probabilities_at_the_natural_prevalence_and_show_what_they_do(recipe: Recipe) -> None:
    features, label, keys = users(1500)
    found = train.fit(features, label, keys, THRESHOLDS, name="x", recipe=recipe)
    rest = ~found.test
    assert found.calibration.probability(found.learner.margin(features[rest])).mean() == pytest.approx(
        label[rest].mean(), abs=0.03
    )
    plain = train.fit(features, label, keys, THRESHOLDS, name="x", recipe=Recipe(recipe.family))
    assert found.without == plain.validation
    assert found.without != found.validation
    assert plain.without is None


def test_validation_is_of_users_not_seen_and_of_nobody_in_the_test_part(leading: Candidate) -> None:
    features, label, keys = users(600)
    rest = ~leading.test
    rows, options = Rows(features[rest], label[rest]), leading.options
    fold = crossfit.folds(keys[rest], rows.y, options.folds, "x")
    margin = np.empty(rest.sum())
    for k in range(int(fold.max()) + 1):
        learnt = Recipe().learner.fitted(rows.only(fold != k), options, 0, leading.rounds, lambda _share: None)
        margin[fold == k] = learnt.margin(rows.x[fold == k])
    score = calibrate.fit(margin, rows.y).probability(margin)
    assert leading.validation.pr_auc == pytest.approx(metrics.pr_auc(rows.y, margin), abs=1e-6)
    assert leading.validation.brier == pytest.approx(np.mean((score - rows.y) ** 2), abs=1e-6)
    assert leading.validation.ece == pytest.approx(metrics.ece(rows.y, score), abs=1e-4)


def test_hard_negatives_are_the_legitimate_users_scored_highest_as_many_as_spammers() -> None:
    label = np.array([1.0, 0, 0, 0, 1, 0])
    hard = weights.hard_negatives(label, np.array([9.0, 1, 5, 3, 0, 4]))
    assert hard.tolist() == [False, False, True, False, False, True]
    assert weights.with_hard_negatives(None, hard).tolist() == [1, 1, weights.HARD, 1, 1, weights.HARD]
    assert weights.with_hard_negatives(np.full(6, 2.0), hard).tolist() == [2, 2, 6, 2, 2, 6]


def test_hard_negatives_make_noise_look_no_better_than_it_is() -> None:
    """They are found by models that saw other folds' labels: that must not leak into the figures of validation."""
    random = np.random.default_rng(1)
    label = (random.random(3000) < 0.2).astype(float)
    keys = random.integers(0, 2**64, 3000, dtype=np.uint64)
    noise = random.normal(size=(3000, 4)).astype(np.float32)
    found = train.fit(noise, label, keys, THRESHOLDS, name="x", recipe=Recipe("extra_trees", hard_negatives=True))
    assert found.validation.pr_auc == pytest.approx(label[~found.test].mean(), abs=0.03)


def test_balanced_weights_make_both_classes_count_alike() -> None:
    label = np.array([1.0, 0, 0, 0, 0, 1, 0, 0])
    weight_ = weights.of_classes(label, "balanced")
    assert weight_ is not None
    assert weight_[label == 1].sum() == weight_[label == 0].sum()
    assert weights.of_classes(label, "natural") is None
    assert weights.of_classes(label, 1) is None


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"family": "neural_net"}, "there is no neural_net; there are xgboost"),
        ({"class_weight": "heavy"}, "give natural, balanced or a number, not heavy"),
        ({"class_weight": 0.0}, "above 0"), ({"class_weight": -1.0}, "above 0"), ({"class_weight": np.nan}, "above 0"),
        ({"class_weight": np.inf}, "above 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_refused(chosen: dict[str, object], words: str) -> None:
    with pytest.raises(BadOptionError, match=words):
        Recipe(**chosen)


def test_a_family_whose_library_is_absent_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "lightgbm" else real(name))
    assert not LightGBM().available
    with pytest.raises(BadOptionError, match="LightGBM is not installed here"):
        Recipe("lightgbm")


def test_another_family_cannot_lead() -> None:
    Recipe().check_can_lead()
    with pytest.raises(RefusedError, match="Random forest cannot be promoted: only XGBoost can"):
        Recipe("random_forest").check_can_lead()


def test_a_large_forest_says_from_how_many_its_trees_learn() -> None:
    assert "Each of its trees learnt from 50,000 users" in FAMILIES["random_forest"].note(390_000)
    assert FAMILIES["random_forest"].note(50_000) == FAMILIES["xgboost"].note(50_000) == ""


@pytest.mark.parametrize(("text", "chosen"), [("Balanced", "balanced"), ("2.5", 2.5), (" natural ", "natural")])
def test_a_class_weight_is_read_as_written(text: str, chosen: float | str) -> None:
    assert weight(text) == chosen
