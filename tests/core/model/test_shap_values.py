"""Contributions are exact: with the bias they add up to the margin, on every way they are computed."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
import shap
import xgboost as xgb
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numba.core import caching

from core.model import shap_values, tree_check
from core.model.forest import Forest
from core.model.learner import Matrix, Strongest
from core.model.shap.kernel import BLOCK
from core.model.shap.lookup import BEYOND, compiled, look_up, one_by_one
from core.model.shap_values import ShapValues
from core.model.trees import Trees, loaded

EXACT = 1e-4
#: More than a block, so that the last one is not full.
MANY = BLOCK + 500


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


def trees(booster: xgb.Booster) -> Trees:
    return loaded(bytes(booster.save_raw("ubj")))


def by_xgboost(booster: xgb.Booster, features: Matrix) -> np.ndarray:
    values = booster.predict(xgb.DMatrix(features), pred_contribs=True)
    return np.asarray(values[:, :-1])


def by_xgboost_margin(booster: xgb.Booster, features: Matrix) -> np.ndarray:
    return np.asarray(booster.inplace_predict(features, predict_type="margin", missing=np.nan))


def gap(booster: xgb.Booster, features: Matrix, values: np.ndarray) -> float:
    """How far contributions and the booster's own bias are from the margins."""
    total = values.sum(axis=1, dtype=np.float64) + Trees(booster).bias(features.shape[1])
    return float(np.abs(total - by_xgboost_margin(booster, features)).max())


@pytest.mark.parametrize("n", [1, 2, BLOCK - 1, BLOCK, MANY, 9 * BLOCK + 1])
def test_contributions_and_bias_add_up_to_the_margin(booster: xgb.Booster, n: int) -> None:
    features = users(n, seed=n)
    values = trees(booster).contributions(features)
    assert values.shape == features.shape
    assert gap(booster, features, values) < EXACT


def test_margins_are_to_the_bit_those_of_xgboost(booster: xgb.Booster, at_thresholds: Matrix) -> None:
    for features in (at_thresholds, users(9 * BLOCK + 1, seed=11)):
        expected = by_xgboost_margin(booster, features)
        assert (trees(booster).margin(features) == expected).all()
        assert (trees(booster).strongest(features, 3)[0] == expected).all()


def test_a_value_on_a_threshold_goes_the_same_way_in_both(booster: xgb.Booster, at_thresholds: Matrix) -> None:
    values = trees(booster).contributions(at_thresholds)
    assert np.abs(values - by_xgboost(booster, at_thresholds)).max() < EXACT
    assert gap(booster, at_thresholds, values) < EXACT


def test_they_equal_those_of_the_shap_package(booster: xgb.Booster, at_thresholds: Matrix) -> None:
    features = np.concatenate([users(60, seed=7), at_thresholds[:60]])
    expected = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent").shap_values(features)
    assert np.abs(trees(booster).contributions(features) - expected).max() < EXACT


def test_a_row_is_explained_alike_alone_and_among_many(booster: xgb.Booster) -> None:
    features = users(9 * BLOCK + 1, seed=12)
    together = trees(booster).contributions(features)
    for row in (0, 5, BLOCK, len(features) - 1):
        assert (trees(booster).contributions(features[row : row + 1])[0] == together[row]).all()


def test_the_strongest_are_the_largest_contributions_above_zero(booster: xgb.Booster) -> None:
    features = users(MANY, seed=4)
    contributions = trees(booster).contributions(features)
    for k in (1, 3, 8):
        _, found = trees(booster).strongest(features, k)
        expected = Strongest.of(contributions, k)
        assert found.features.shape == found.pushes.shape == (MANY, k)
        assert (found.features == expected.features).all()
        assert (found.pushes == expected.pushes).all()


@st.composite
def pushes(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.tuples(st.integers(0, 6), st.integers(1, 7)))
    # Few distinct values, so that there are ties and zeros.
    values = st.sampled_from([-2.0, -0.5, -0.0, 0.0, 1e-30, 0.5, 1.5])
    return draw(arrays.arrays(np.float32, shape, elements=values))


@given(pushes(), st.integers(1, 9))
def test_the_strongest_are_the_k_largest_above_zero_in_the_order_of_the_columns(values: np.ndarray, k: int) -> None:
    found = Strongest.of(values, k)
    assert found.features.shape == found.pushes.shape == (len(values), k)
    for row, positions in zip(values.tolist(), found.features.tolist(), strict=True):
        ranked = sorted((i for i, push in enumerate(row) if push > 0), key=lambda i: (-row[i], i))[:k]
        assert positions == ranked + [-1] * (k - len(ranked))


def test_users_with_nothing_but_gaps_are_explained(booster: xgb.Booster) -> None:
    features = np.full((MANY, 6), np.nan, np.float32)
    values = trees(booster).contributions(features)
    assert gap(booster, features, values) < EXACT
    assert np.abs(values - by_xgboost(booster, features)).max() < EXACT


def test_a_feature_that_no_tree_uses_has_no_say(booster: xgb.Booster) -> None:
    assert not trees(booster).contributions(users(MANY, seed=9))[:, 5].any()


def test_nobody_is_explained_without_trouble(booster: xgb.Booster) -> None:
    nobody = np.empty((0, 6), np.float32)
    assert trees(booster).contributions(nobody).shape == (0, 6)
    margin, strongest = trees(booster).strongest(nobody, 3)
    assert (margin.shape, strongest.features.shape, strongest.pushes.shape) == ((0,), (0, 3), (0, 3))


def test_tables_made_part_by_part_give_the_same(booster: xgb.Booster, monkeypatch: pytest.MonkeyPatch) -> None:
    features, forest = users(MANY, seed=6), forest_of(booster)
    whole = ShapValues.of(forest)
    monkeypatch.setattr(shap_values, "MOST_TABLES", 20_000)
    parts = ShapValues.of(forest)
    assert parts.tables is None
    assert len(parts.parts) > 3
    assert np.abs(parts.contributions(features) - whole.contributions(features)).max() < 1e-5
    margin, strongest = parts.strongest(features, 3)
    assert (margin == whole.margin(features)).all()
    assert np.abs(strongest.pushes - whole.strongest(features, 3)[1].pushes).max() < 1e-5


def test_what_no_table_holds_is_explained_by_xgboost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees of twelve splits above a leaf, and few rows where tables would be made for them alone."""
    random = np.random.default_rng(0)
    features = random.normal(size=(3000, 6)).astype(np.float32)
    deep = grown(features, features.prod(axis=1) > 0, max_depth=12, rounds=4, min_child_weight=0.1)
    with pytest.raises(ValueError, match="12 splits above a leaf, and tables are made for 8 at most"):
        ShapValues.of(forest_of(deep))
    rows = features[:200]
    assert (trees(deep).margin(rows) == by_xgboost_margin(deep, rows)).all()
    assert np.abs(trees(deep).contributions(rows) - by_xgboost(deep, rows)).max() < 1e-6
    margin, strongest = trees(deep).strongest(rows, 2)
    assert (margin == by_xgboost_margin(deep, rows)).all()
    assert (strongest.features == Strongest.of(trees(deep).contributions(rows), 2).features).all()

    flat = grown(features, features[:, 0] > 0, max_depth=4, rounds=20)
    monkeypatch.setattr(shap_values, "MOST_TABLES", 2_000)
    assert np.abs(trees(flat).contributions(rows) - by_xgboost(flat, rows)).max() < EXACT


def test_trees_that_never_split_and_thresholds_beyond_a_byte() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(4000, 2)).astype(np.float32)
    label = random.random(4000) < 1 / (1 + np.exp(-10 * np.sin(20 * features[:, 0])))
    many = grown(features, label, max_depth=6, rounds=60, max_bin=2000, subsample=0.3, min_child_weight=0)
    tables = ShapValues.of(forest_of(many)).tables
    assert tables is not None
    assert tables.step_cut.dtype == np.uint16
    still = grown(features, label, gamma=1e9, rounds=3)
    assert (forest_of(still).left == -1).all()
    for each in (many, still):
        assert (trees(each).margin(features) == by_xgboost_margin(each, features)).all()
        assert np.abs(trees(each).contributions(features[:300]) - by_xgboost(each, features[:300])).max() < EXACT


@pytest.mark.parametrize("bits", range(9))
def test_rows_looked_up_at_once_are_those_looked_up_one_by_one(bits: int) -> None:
    random = np.random.default_rng(bits)
    table = random.normal(size=5 + (1 << bits) + BEYOND).astype(np.float32)
    patterns = random.integers(0, 1 << bits, 7 + 48).astype(np.uint8)
    for rows in (1, 15, 16, 33, 48):
        sums = random.normal(size=3 + 48).astype(np.float32)
        expected = sums.copy()
        one_by_one(expected, 3, patterns, 7, table, 5, rows)
        look_up(sums, 3, patterns, 7, table, 5, bits, rows)
        assert (sums[: 3 + rows] == expected[: 3 + rows]).all()
        assert (expected[3 : 3 + rows] != 0).all()


def test_where_nothing_compiled_can_be_kept_it_is_compiled_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    @compiled
    def doubled(value: int) -> int:
        return 2 * value

    assert doubled(3) == 6


def grown(features: Matrix, label: np.ndarray, rounds: int, **parameters: Any) -> xgb.Booster:
    home = {"objective": "binary:logistic", "eta": 0.3, "nthread": 1, "seed": 0, **parameters}
    return xgb.train(home, xgb.QuantileDMatrix(features, label, max_bin=parameters.get("max_bin", 256)), rounds)


@st.composite
def boosters(draw: st.DrawFn) -> tuple[xgb.Booster, Matrix]:
    """Random boosters of depth 1 to 8, grown on whole and real numbers and, at times, on categories; and rows for
    them, with values missing and values equal to thresholds.
    """
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, with_categories = 1500, draw(st.booleans())
    features = np.column_stack(
        [random.poisson(3, n), random.normal(size=n), random.integers(0, 2, n), random.integers(0, 40, n)]
    ).astype(np.float32)
    features[random.random(features.shape) < 0.05] = np.nan
    label = random.random(n) < 1 / (1 + np.exp(-np.nan_to_num(features @ random.normal(size=4) / 3)))
    kinds = ["q", "q", "c", "c"] if with_categories else ["q"] * 4
    data = xgb.DMatrix(features, label, feature_types=kinds, enable_categorical=True)
    parameters = {
        "objective": "binary:logistic", "tree_method": "hist", "nthread": 1, "seed": 0,
        "max_depth": draw(st.integers(1, 8)), "eta": draw(st.sampled_from([0.05, 0.5])),
        "min_child_weight": draw(st.sampled_from([0.1, 5])), "max_cat_to_onehot": draw(st.sampled_from([1, 100])),
        "base_score": draw(st.sampled_from([0.5, 0.027, 0.9])),
    }  # fmt: skip
    booster = xgb.train(parameters, data, num_boost_round=draw(st.integers(1, 12)))
    if draw(st.booleans()):  # carried on from where it stood, as retraining does
        booster = xgb.train(parameters, data, num_boost_round=3, xgb_model=booster)
    rows = features[random.choice(n, 400)]
    rows[random.random(rows.shape) < 0.05] = np.nan
    thresholds = booster.trees_to_dataframe()
    for column in range(2):
        splits = thresholds.loc[thresholds["Feature"] == f"f{column}", "Split"].to_numpy(np.float32)
        if len(splits):
            at = random.random(len(rows)) < 0.1
            rows[at, column] = random.choice(splits, int(at.sum()))
    if with_categories:
        rows[:3, 3] = 39, 40, 77  # one that was known, and two beyond all
    return booster, rows


@given(boosters())
def test_margins_after_each_round_are_those_of_so_many_rounds(drawn: tuple[xgb.Booster, Matrix]) -> None:
    booster, rows = drawn
    trees = Trees(booster)
    after = trees.after_each_round(rows)
    assert after.shape == (len(rows), trees.rounds)
    for rounds in {1, max(trees.rounds // 2, 1), trees.rounds}:
        assert (after[:, rounds - 1] == trees[:rounds].margin(rows)).all()


@given(boosters())
def test_random_boosters_are_scored_and_explained_exactly(drawn: tuple[xgb.Booster, Matrix]) -> None:
    booster, rows = drawn
    forest = tree_check.forest(bytes(booster.save_raw("ubj")))
    data = xgb.DMatrix(rows, feature_types=booster.feature_types, enable_categorical=True)
    found = ShapValues.of(forest)
    contributions, theirs = found.contributions(rows), booster.predict(data, pred_contribs=True)[:, :-1]
    # Of numbers of 32 bits: margins may be of fifty log-odds here.
    exact = EXACT / 100 * (10 + np.maximum.reduceat(np.abs(np.where(forest.leaf, forest.value, 0)), forest.first).sum())
    assert (found.margin(rows) == booster.predict(data, output_margin=True)).all()
    assert np.abs(contributions.sum(axis=1, dtype=float) + mean(forest) - found.margin(rows)).max() < exact
    assert np.abs(contributions - theirs).max() < max(EXACT, 20 * exact)
    # XGBoost loses more digits on the way: where the two are apart, the definition tells who is right.
    apart = np.flatnonzero((np.abs(contributions - theirs) >= EXACT).any(axis=1))
    for row in {0, 1, *apart[:5].tolist()}:
        assert np.abs(contributions[row] - by_definition(forest, rows[row])).max() < exact


def by_definition(forest: Forest, row: np.ndarray) -> np.ndarray:
    """Shapley values over all sets of the features, of the margin expected where only those of a set are known."""
    features = range(forest.features)
    worth = {
        known: sum(expected(forest, int(root), row, known) for root in forest.first)
        for size in range(forest.features + 1)
        for known in map(frozenset, itertools.combinations(features, size))
    }
    weight = [math.factorial(s) * math.factorial(forest.features - s - 1) for s in features]
    return np.array([
        sum(
            weight[len(known)] * (worth[known | {feature}] - value)
            for known, value in worth.items() if feature not in known
        ) / math.factorial(forest.features)
        for feature in features
    ])  # fmt: skip


def mean(forest: Forest) -> float:
    nothing = np.empty(0, np.float32)
    return float(forest.base) + sum(expected(forest, int(root), nothing, frozenset()) for root in forest.first)


def expected(forest: Forest, node: int, row: np.ndarray, known: frozenset[int]) -> float:
    """What a tree adds to the margin from a node on; both ways by their shares of users where a feature is unknown."""
    left, right, feature = int(forest.left[node]), int(forest.right[node]), int(forest.feature[node])
    if left < 0:
        return float(forest.value[node])
    if feature not in known:
        cover = forest.cover.astype(float)
        ways = ((left, cover[left] / cover[node]), (right, cover[right] / cover[node]))
        return sum(share * expected(forest, child, row, known) for child, share in ways)
    value = row[feature]
    if np.isnan(value):
        goes_left = bool(forest.default_left[node])
    elif node in forest.right_levels:
        goes_left = int(value) not in forest.right_levels[node]
    else:
        goes_left = bool(value < forest.value[node])
    return expected(forest, left if goes_left else right, row, known)


def forest_of(booster: xgb.Booster) -> Forest:
    """The forest of a booster as its JSON tells it, also with categories, of which no version has any yet."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    grown = learner["gradient_booster"]["model"]["trees"]
    first = np.cumsum([0, *(len(tree["parents"]) for tree in grown)])[:-1].astype(np.int64)

    def all_of(name: str, kind: Any, *, nowhere: int | None = None) -> np.ndarray:
        values = [np.asarray(tree[name], kind) for tree in grown]
        if nowhere is not None:
            values = [np.where(each == nowhere, -1, each + begin) for each, begin in zip(values, first, strict=True)]
        return np.concatenate(values)

    right = {
        int(begin + node): np.asarray(tree["categories"][start : start + size], np.int64)
        for tree, begin in zip(grown, first, strict=True)
        for node, start, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        )
    }
    base = np.float32(learner["learner_model_param"]["base_score"].strip("[]"))
    return Forest(
        int(learner["learner_model_param"]["num_feature"]), np.float32(-math.log(np.float32(1) / base - np.float32(1))),
        first, all_of("left_children", np.int64, nowhere=-1), all_of("right_children", np.int64, nowhere=-1),
        all_of("parents", np.int64, nowhere=2**31 - 1), all_of("split_indices", np.int64),
        all_of("split_conditions", np.float32), all_of("sum_hessian", np.float32),
        all_of("default_left", np.bool_), right,
    )  # fmt: skip
