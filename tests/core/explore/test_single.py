"""One feature: bins hold every value, counts and rates equal pandas, intervals equal scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import binomtest

from core.explore import bins as binning
from core.explore import single
from core.explore import value_counts as tallies
from core.explore.interval import wilson
from tests.core.data import hostile

SCALES = (None, "linear", "log", "quantile")


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilsons_interval_is_scipys(events, of):
    events = min(events, of)
    expected = binomtest(events, of).proportion_ci(method="wilson")
    low, high = wilson([events], [of])
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nobody_has_no_interval():
    low, high = wilson([0], [0])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


columns = st.one_of(
    arrays.arrays(np.int64, st.integers(1, 80), elements=st.integers(-50, 300)),
    arrays.arrays(np.float64, st.integers(1, 80), elements=st.floats(-(2.0**100), 2.0**100)),
    arrays.arrays(np.float64, st.integers(1, 80), elements=st.sampled_from([0, 0, 0, *np.geomspace(1e-9, 1e12, 40)])),
)


@given(columns, st.sampled_from(SCALES), st.integers(3, 30))
def test_bins_are_few_ascend_and_hold_every_value(values, scale, most):
    tally = tallies.of(values)
    bins = binning.of(tally, most=most, scale=scale)
    at = bins.index(values)
    starts, ends = np.array(bins.starts), np.array(bins.ends)
    assert 1 <= len(starts) <= most
    assert np.all(np.diff(starts) > 0)
    assert starts[0] == values.min()
    assert ends[-1] == values.max()
    assert np.all((starts[at] <= values) & (values <= ends[at]))
    assert len(set(bins.labels)) == len(starts)
    assert bins.counted(tally)[0].tolist() == np.bincount(at, minlength=len(starts)).tolist()


def test_few_values_have_a_bin_each():
    bins = binning.of(tallies.of([3, 1, 1, -2, np.nan]))
    assert bins.labels == ("-2", "1", "3")
    assert bins.made == "values"
    assert bins.index([-2, 3, np.nan]).tolist() == [0, 2, -1]


def test_zero_stands_alone_where_most_users_have_it():
    values = np.append(np.zeros(600), np.arange(1, 401))
    bins = binning.of(tallies.of(values))
    assert bins.labels[:2] == ("0", "1 to 14")
    assert bins.made == "linear"
    real = binning.of(tallies.of(np.append(np.zeros(600), np.arange(1, 401) / 7 + 2)))
    assert real.labels[0] == "0"
    assert real.starts[1] == 1 / 7 + 2


def test_zero_stands_alone_between_negative_and_positive_values():
    bins = binning.of(tallies.of(np.append(np.zeros(900), np.arange(-100, 101) / 3)), most=9)
    assert len(bins.labels) == 9
    assert bins.labels.count("0") == 1
    assert bins.labels.index("0") == 4


def test_bins_of_whole_numbers_are_equally_wide():
    bins = binning.of(tallies.of(np.arange(94)), scale="linear")
    width = np.array(bins.ends) - np.array(bins.starts)
    assert set(width[:-1]) == {3.0}


def test_one_value_of_a_trillion_does_not_put_everybody_into_one_bin():
    values = np.append(np.random.default_rng(0).normal(size=5000), 1e12)
    for scale in SCALES:
        users, _, _ = (bins := binning.of(tallies.of(values), scale=scale)).counted(tallies.of(values))
        assert users.max() < 1000
        assert bins.ends[-1] == 1e12


def test_a_long_tail_is_cut_at_equal_ratios_and_a_negative_one_is_not():
    long = np.exp(3 * np.random.default_rng(0).normal(size=2000))
    assert binning.of(tallies.of(long)).made == "log"
    ratios = np.diff(np.log(binning.of(tallies.of(long)).starts))
    assert np.allclose(ratios, ratios[0])
    assert binning.of(tallies.of(-long)).made == "linear"
    assert binning.of(tallies.of(np.append(long, -1)), scale="log").made == "linear"


def test_quantile_bins_hold_about_equally_many():
    values = np.random.default_rng(0).normal(size=3000)
    users, _, _ = binning.of(tallies.of(values), scale="quantile").counted(tallies.of(values))
    assert len(users) == 30
    assert set(users) <= {99, 100, 101}


def test_bins_of_one_set_serve_another():
    bins = binning.of(tallies.of([1, 2, 3]))
    users, _, _ = bins.counted(tallies.of([0, 2, 9, 9]))
    assert users.tolist() == [1, 1, 2]
    nothing = binning.of(tallies.of([np.nan]))
    assert nothing.index([1.0]).tolist() == [-1]
    assert nothing.counted(tallies.of([1.0]))[0].tolist() == []


def check_rates(column: pd.Series, label: np.ndarray, scale: str | None) -> None:
    tally = tallies.of(column, label)
    bins = binning.of(tally, scale=scale)
    table = single.rates(tally, bins)
    names = [*bins.labels, "missing"]
    place = pd.Series(np.array(names, object)[bins.index(column)])
    grouped = pd.Series(label).groupby(place)
    expected = pd.DataFrame({"n": place.value_counts(), "labelled": grouped.count(), "spammers": grouped.sum()})
    expected = expected.reindex(table["bin"]).fillna(0).astype(int)
    assert table["n"].sum() == len(column)
    for name in expected:
        assert table[name].tolist() == expected[name].tolist()
    for row in table[table["labelled"] > 0].itertuples():
        wilsons = binomtest(row.spammers, row.labelled).proportion_ci(method="wilson")
        assert row.rate == row.spammers / row.labelled
        assert (row.low95, row.high95) == pytest.approx((wilsons.low, wilsons.high), abs=1e-9)
    assert table.loc[table["labelled"] == 0, ["rate", "low95", "high95"]].isna().all(axis=None)


@pytest.mark.parametrize("scale", SCALES)
def test_spam_rates_equal_pandas_and_scipy(scale):
    frame, label = hostile.ordinary(), hostile.label(unknown=0.1)
    for name in frame:
        check_rates(frame[name], label, scale)


@pytest.mark.parametrize("name", hostile.REAL)
def test_spam_rates_equal_them_on_real_users(name, shared):
    frame, label = hostile.real(shared, name)
    for column in frame.columns[::4]:
        check_rates(frame[column], label, None)


def test_a_distribution_is_of_everybody_in_the_group():
    tally = tallies.of([0, 0, 1, np.nan, 1], [1, 0, 0, 1, np.nan])
    table = single.distribution(tally, binning.of(tally)).set_index("bin")
    assert table["n"].to_dict() == {"0": 2, "1": 2, "missing": 1}
    assert table["share"].tolist() == [0.4, 0.4, 0.2]
    assert table["share_spammers"].tolist() == [0.5, 0, 0.5]
    assert table["share_legitimate"].tolist() == [0.5, 0.5, 0]
    bare = single.distribution(tallies.of([0, 1]), binning.of(tallies.of([0, 1])))
    assert bare["share"].tolist() == [0.5, 0.5]
    assert bare[["share_spammers", "share_legitimate"]].isna().all(axis=None)


def test_the_commonest_values_equal_pandas():
    frame, label = hostile.ordinary(), hostile.label()
    table = single.commonest(tallies.of(frame["holes"], label), k=4)
    counts = frame["holes"].value_counts()
    assert table["n"].tolist() == counts.head(4).tolist()
    for row in table.itertuples():
        mine = label[frame["holes"] == row.value]
        assert (row.n, row.share, row.rate) == (len(mine), len(mine) / len(frame), mine.mean())
    assert single.commonest(tallies.of([2, 1, 1, 2, 3]))["value"].tolist() == [1, 2, 3]


def test_outliers_lie_beyond_tukeys_outer_fences():
    values = pd.Series(np.append(np.random.default_rng(0).normal(size=999), 50), index=range(1, 1001))
    found = single.outliers(values, most=3)
    q1, q3 = values.quantile([0.25, 0.75])
    assert (found.low, found.high) == pytest.approx((q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)))
    assert (found.count, found.share, found.apart) == (1, 0.001, None)
    furthest = (values - values.median()).abs().sort_values(ascending=False).index[:3]
    assert found.extreme["row"].tolist() == furthest.tolist()
    assert found.extreme["value"].tolist() == values[furthest].tolist()


def test_where_most_users_have_one_value_outliers_are_among_the_others():
    values = pd.Series([0.0] * 600 + list(range(1, 101)) + [1e12, np.nan])
    found = single.outliers(values)
    others = values[values > 0]
    q1, q3 = others.quantile([0.25, 0.75])
    assert found.apart == 0
    assert found.high == pytest.approx(q3 + 3 * (q3 - q1))
    assert (found.count, found.share) == (1, 1 / 701)
    assert found.extreme["value"].iloc[0] == 1e12
    assert 0 not in found.extreme["value"].tolist()


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 200])
@pytest.mark.parametrize("label", hostile.LABELS)
def test_hostile_columns_have_all_tables(rows, label):
    frame = hostile.hostile(rows)
    for name in frame:
        tally = tallies.of(frame[name], hostile.LABELS[label](rows))
        for scale in SCALES:
            bins = binning.of(tally, scale=scale)
            assert single.rates(tally, bins)["n"].sum() == rows
            assert single.distribution(tally, bins)["n"].sum() == rows
            assert len(set(bins.labels)) == len(bins.labels)
        assert len(single.commonest(tally)) <= 10
        assert len(single.outliers(frame[name]).extreme) <= 10
