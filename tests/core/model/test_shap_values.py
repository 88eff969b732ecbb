"""Contributions are exact: with the bias they add up to the margin, on every way they are computed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shap
import xgboost as xgb

from core.errors import TrustdeskError
from core.model import shap_values
from core.model.learner import Matrix
from core.model.shap_values import FEW_ROWS, Helper, TreeExplainer
from core.model.trees import Trees
from core.registry import registry

EXACT = 1e-4
MANY = FEW_ROWS + 500


def users(n: int, seed: int) -> Matrix:
    """Counts, flags, reals, a constant and one feature that is often missing; other ones at times."""
    random = np.random.default_rng(seed)
    columns = [
        random.poisson(2, n), random.integers(0, 2, n), random.normal(size=n),
        # As seconds since 1970: the 32-bit floats are 128 apart, so that many users stand side by side.
        1.7e9 + random.integers(0, 3000, n), np.where(random.random(n) < 0.4, np.nan, random.normal(size=n)),
    ]  # fmt: skip
    features = np.stack(columns, axis=1).astype(np.float32)
    features[random.random(features.shape) < 0.03] = np.nan
    return np.column_stack([features, np.full(n, 3, np.float32)])


@pytest.fixture(scope="module")
def booster() -> xgb.Booster:
    features = users(4000, seed=0)
    links, flag, ratio, since, other, _ = features.T
    odds = np.nan_to_num(links - 2 * flag + ratio * other + (since - 1.7e9) / 3e3)
    label = np.random.default_rng(1).random(4000) < 1 / (1 + np.exp(-odds + 2))
    home = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.2, "nthread": 1, "seed": 0}
    return xgb.train(home, xgb.DMatrix(features, label), num_boost_round=40)


@pytest.fixture(scope="module")
def at_thresholds(booster: xgb.Booster) -> Matrix:
    """Rows whose every value is a threshold of some tree, or its neighbour among the 32-bit floats."""
    table = booster.trees_to_dataframe()
    features = users(MANY, seed=2)
    random = np.random.default_rng(3)
    for column in range(features.shape[1]):
        splits = table.loc[table["Feature"] == f"f{column}", "Split"].to_numpy(np.float32)
        if len(splits):
            near = [splits, np.nextafter(splits, np.float32(np.inf)), np.nextafter(splits, np.float32(-np.inf))]
            features[:, column] = random.choice(np.concatenate(near), MANY)
    return features


@pytest.fixture(scope="module")
def helper(booster: xgb.Booster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helper]:
    path = tmp_path_factory.mktemp("trees") / registry.TREES
    booster.save_model(path)
    with explainer(booster).helping(path) as found:
        yield found


def explainer(booster: xgb.Booster) -> TreeExplainer:
    return TreeExplainer(Trees(booster))


def by_xgboost(booster: xgb.Booster, features: Matrix) -> np.ndarray:
    values = booster.predict(xgb.DMatrix(features), pred_contribs=True)
    return np.asarray(values[:, :-1])


def gap(booster: xgb.Booster, features: Matrix, values: np.ndarray) -> float:
    """How far contributions and the booster's own bias are from the margins."""
    total = values.sum(axis=1, dtype=np.float64) + Trees(booster).bias(features.shape[1])
    return float(np.abs(total - Trees(booster).margin(features)).max())


@pytest.mark.parametrize("n", [1, 2, FEW_ROWS - 1, FEW_ROWS, MANY])
def test_contributions_and_bias_add_up_to_the_margin(booster: xgb.Booster, n: int) -> None:
    features = users(n, seed=n)
    values = explainer(booster).contributions(features)
    assert values.shape == features.shape
    assert gap(booster, features, values) < EXACT


def test_both_ways_to_compute_them_agree(booster: xgb.Booster) -> None:
    features = users(MANY, seed=4)
    values = explainer(booster).contributions(features)
    assert np.abs(values - by_xgboost(booster, features)).max() < EXACT


def test_a_value_on_a_threshold_goes_the_same_way_in_both(booster: xgb.Booster, at_thresholds: Matrix) -> None:
    values = explainer(booster).contributions(at_thresholds)
    assert np.abs(values - by_xgboost(booster, at_thresholds)).max() < EXACT
    assert gap(booster, at_thresholds, values) < EXACT


def test_the_helper_process_gives_the_same(booster: xgb.Booster, at_thresholds: Matrix, helper: Helper) -> None:
    for features in (at_thresholds, users(MANY, seed=5)):
        values = explainer(booster).contributions(features, helper=helper)
        assert np.abs(values - explainer(booster).contributions(features)).max() < EXACT
        assert gap(booster, features, values) < EXACT


def test_chunks_make_no_difference(booster: xgb.Booster, monkeypatch: pytest.MonkeyPatch) -> None:
    features = users(MANY, seed=6)
    whole = explainer(booster).contributions(features)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(shap_values, "CHUNK", 700)
    parts = explainer(booster).contributions(features, progress=lambda done, of: told.append((done, of)))
    assert np.abs(parts - whole).max() < 1e-5
    assert told == [(700, MANY), (1400, MANY), (MANY, MANY)]


def test_they_equal_those_of_the_shap_package(booster: xgb.Booster, at_thresholds: Matrix) -> None:
    features = np.concatenate([users(60, seed=7), at_thresholds[:60]])
    expected = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent").shap_values(features)
    for start in (features, np.tile(features, (FEW_ROWS // len(features) + 1, 1))):
        values = explainer(booster).contributions(start)[: len(features)]
        assert np.abs(values - expected).max() < EXACT


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_few_trees_are_shared_out_too(booster: xgb.Booster, helper: Helper, rounds: int) -> None:
    features = users(MANY, seed=8)
    part = booster[:rounds]
    assert gap(part, features, explainer(part).contributions(features, helper=helper)) < EXACT


def test_users_with_nothing_but_gaps_are_explained(booster: xgb.Booster) -> None:
    features = np.full((MANY, 6), np.nan, np.float32)
    values = explainer(booster).contributions(features)
    assert gap(booster, features, values) < EXACT
    assert np.abs(values - by_xgboost(booster, features)).max() < EXACT


def test_a_feature_that_no_tree_uses_has_no_say(booster: xgb.Booster) -> None:
    for n in (10, MANY):
        assert not explainer(booster).contributions(users(n, seed=9))[:, 5].any()


def test_nobody_is_explained_without_trouble(booster: xgb.Booster) -> None:
    assert explainer(booster).contributions(np.empty((0, 6), np.float32)).shape == (0, 6)


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_helper_that_died_is_said_in_a_sentence(booster: xgb.Booster, tmp_path: Path, when: str) -> None:
    booster.save_model(tmp_path / registry.TREES)
    features = users(MANY, seed=10)
    with explainer(booster).helping(tmp_path / registry.TREES) as dying:
        if when == "during":
            dying.begin(features, 0, 1)
        dying._process.kill()
        dying._process.wait()
        with pytest.raises(TrustdeskError, match="helper process that computes reasons ended early"):
            dying.result() if when == "during" else explainer(booster).contributions(features, helper=dying)


def test_a_helper_leaves_no_process_and_no_files_behind(booster: xgb.Booster, tmp_path: Path) -> None:
    booster.save_model(tmp_path / registry.TREES)
    with explainer(booster).helping(tmp_path / registry.TREES) as short:
        folder = short._folder
        assert folder.is_dir()
    assert short._process.poll() is not None
    assert not folder.exists()
