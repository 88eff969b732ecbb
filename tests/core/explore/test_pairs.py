"""Two features: cells are counted as pandas counts them, correlations equal pandas' and scipy's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from core.explore import pairs
from tests.core.data import hostile

METHODS = ("pearson", "spearman")


def compare(frame: pd.DataFrame, method: str) -> None:
    ours = pairs.correlations(frame, list(frame), method)
    theirs = frame.corr(method)
    # pandas divides rounding errors by rounding errors where a feature is constant; there is no correlation.
    constant = frame.nunique() < 2
    theirs.loc[constant, :] = theirs.loc[:, constant] = np.nan
    pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_correlations_equal_pandas(method, seed):
    compare(hostile.ordinary(seed=seed), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", hostile.REAL)
def test_correlations_equal_pandas_on_real_users(method, name, shared):
    frame, _ = hostile.real(shared, name)
    compare(frame, method)


@pytest.mark.parametrize("method", METHODS)
def test_correlations_do_not_depend_on_how_many_rows_are_read_at_once(method, monkeypatch):
    frame = hostile.ordinary(100)
    whole = pairs.correlations(frame, list(frame), method)
    monkeypatch.setattr("core.explore.correlation.CELLS", 70)
    pd.testing.assert_frame_equal(pairs.correlations(frame, list(frame), method), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("method", "theirs"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_missing_values_are_left_out_pair_by_pair(method, theirs):
    frame = hostile.ordinary()
    ours = pairs.correlations(frame, ["gaps", "holes"], method).loc["gaps", "holes"]
    both = frame[["gaps", "holes"]].dropna()
    assert ours == pytest.approx(theirs(both["gaps"], both["holes"]).statistic, abs=1e-12)


def test_an_outlier_in_rows_that_are_left_out_costs_no_digits():
    random = np.random.default_rng(0)
    x = random.normal(size=500)
    y = x + random.normal(size=500)
    x[0], y[0] = 1e15, np.nan
    ours = pairs.correlations(pd.DataFrame({"x": x, "y": y}), ["x", "y"]).loc["x", "y"]
    # What is left of x once the outlier is gone is exact; pandas says the same of these rows alone.
    assert ours == pytest.approx(pearsonr(x[1:], y[1:]).statistic, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_constant_where_both_are_known_has_no_correlation(method):
    frame = pd.DataFrame({"x": [0.1, 0.1, 0.1, 5.0], "y": [1.0, 2, 3, np.nan], "z": [1, 1, 1, 1]})
    matrix = pairs.correlations(frame, ["x", "y", "z"], method)
    assert np.isnan(matrix.loc["x", "y"])
    assert matrix.loc["z"].isna().all()
    assert matrix.loc["x", "x"] == pytest.approx(1)


@pytest.mark.parametrize("rows", [0, 1, 5, 200])
@pytest.mark.parametrize("method", METHODS)
def test_hostile_columns_have_correlations_or_none(method, rows):
    frame = hostile.hostile(rows)
    matrix = pairs.correlations(frame, list(frame), method)
    assert matrix.loc["missing"].isna().all()
    assert matrix.loc["constant"].isna().all()
    assert matrix.loc["tenths"].isna().all()
    assert (matrix.abs().max().dropna() <= 1).all()
    assert sorted(pairs.clustered(matrix)) == sorted(frame)
    assert pairs.strongest(matrix)["r"].notna().all()
    if rows == 200:
        assert matrix.loc["smallest", "smallest"] == pytest.approx(1)
        assert matrix.loc["largest", "largest"] == pytest.approx(1)


def test_features_that_go_together_stand_side_by_side_and_constants_last():
    random = np.random.default_rng(0)
    a, b = random.normal(size=300), random.normal(size=300)
    noise = random.normal(size=(300, 2)) / 5
    frame = pd.DataFrame({"a": a, "b": b, "flat": 1, "not a": -a + noise[:, 0], "like b": b + noise[:, 1]})
    order = pairs.clustered(pairs.correlations(frame, list(frame)))
    assert {frozenset(order[:2]), frozenset(order[2:4])} == {frozenset({"a", "not a"}), frozenset({"b", "like b"})}
    assert order[4] == "flat"
    assert pairs.clustered(pairs.correlations(frame, ["flat", "a"])) == ["a", "flat"]
    assert pairs.clustered(pairs.correlations(frame, [])) == []


def test_the_strongest_pairs_come_first_each_once():
    frame = hostile.ordinary()
    matrix = pairs.correlations(frame, list(frame))
    table = pairs.strongest(matrix, 5)
    upper = matrix.where(np.triu(np.ones(matrix.shape, bool), 1)).stack().abs().sort_values(ascending=False)
    assert list(zip(table["a"], table["b"], strict=True)) == upper.index[:5].tolist()
    assert table["r"].abs().tolist() == upper.head(5).tolist()
    assert len(pairs.strongest(matrix, 999)) == 36


def test_cells_are_counted_as_pandas_does():
    frame, label = hostile.ordinary(), hostile.label(unknown=0.1)
    found = pairs.joint(frame["tier"], frame["holes"], label)
    assert found.n.shape == (9, len(found.x.starts))
    assert len(found.x.starts) <= 30
    place = np.array(found.x.labels, object)[found.x.index(frame["tier"])]
    both = frame["holes"].notna()
    table = pd.crosstab(frame["holes"][both], pd.Series(place)[both]).reindex(columns=found.x.labels, fill_value=0)
    assert (found.n == table.to_numpy()).all()
    rates = pd.Series(label).groupby([frame["holes"], pd.Series(place)]).mean().unstack()
    assert np.allclose(found.rate, rates.reindex(columns=found.x.labels), equal_nan=True)
    assert found.left_out == frame["holes"].isna().sum()


def test_the_table_of_cells_holds_everybody_with_both_values():
    frame, label = hostile.ordinary(), hostile.label(unknown=0.1)
    found = pairs.joint(frame["real"], frame["gaps"], label, most=12)
    table = found.table()
    assert max(found.n.shape) <= 12
    assert table["n"].sum() == frame["gaps"].notna().sum() == len(frame) - found.left_out
    assert table["spammers"].sum() == (label[frame["gaps"].notna()] == 1).sum()
    assert (table["n"] > 0).all()


def test_without_a_label_cells_have_users_and_no_rate():
    found = pairs.joint(pd.Series([1, 2, 2]), pd.Series([1, 1, 1]))
    assert found.n.tolist() == [[1, 2]]
    assert np.isnan(found.rate).all()
    assert found.table()["n"].tolist() == [1, 2]


@pytest.mark.parametrize("rows", [0, 5, 200])
def test_hostile_columns_have_cells(rows):
    frame = hostile.hostile(rows)
    for name in frame:
        found = pairs.joint(frame[name], frame["distinct"], hostile.LABELS["both classes"](rows))
        assert found.n.sum() + found.left_out == rows
        assert found.table()["n"].sum() == found.n.sum()
