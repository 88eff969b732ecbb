"""How two sets of users differ: statistics equal scipy's and hand-made ones, and chance is told from change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import ks_2samp, mannwhitneyu

from core.explore import shift
from core.explore import value_counts as tallies
from core.explore.profile import profile
from core.explore.shift import compare, psi, psi_against, psi_by_chance
from tests.core.data import hostile

samples = arrays.arrays(np.float64, st.integers(2, 40), elements=st.sampled_from([-1.0, 0, 0.5, 1, 2, 3, 1e12]))


@given(samples, samples)
def test_statistics_equal_scipy(a, b):
    row = shift.difference(tallies.of(a), tallies.of(b))
    assert row["ks"] == pytest.approx(ks_2samp(b, a, method="asymp").statistic, abs=1e-12)
    delta = 2 * mannwhitneyu(b, a, method="asymptotic").statistic / (len(a) * len(b)) - 1
    assert row["delta"] == pytest.approx(delta, abs=1e-12)
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    expected = (b.mean() - a.mean()) / spread if spread else np.nan
    assert row["smd"] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@given(arrays.arrays(np.int64, (2, 6), elements=st.integers(0, 90)))
def test_the_index_is_symmetric_positive_and_finite(counts):
    if not counts.sum(axis=1).all():
        assert np.isnan(psi(*counts))
        return
    assert psi(*counts) == pytest.approx(psi(*counts[::-1]))
    assert psi(*counts) >= 0
    assert np.isfinite(psi(*counts))


def test_the_index_is_that_of_shares_with_half_a_user_more_in_each_bin():
    p, q = np.array([10.5, 90.5]) / 101, np.array([30.5, 10.5]) / 41
    assert psi([10, 90, 0], [30, 10, 0]) == pytest.approx(np.sum((q - p) * np.log(q / p)))
    assert psi([100, 900], [100, 900]) == 0


def test_chance_stays_below_its_bound_19_times_of_20():
    random = np.random.default_rng(0)
    share = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    a, b = random.multinomial(3000, share, 2000), random.multinomial(800, share, 2000)
    below = np.mean([psi(*pair) < psi_by_chance(*pair) for pair in zip(a, b, strict=True)])
    assert 0.93 < below < 0.97


def test_features_that_changed_come_first_weighted_by_their_use():
    random = np.random.default_rng(0)
    a = pd.DataFrame({"same": random.normal(size=900), "moved": random.normal(size=900), "unused": np.zeros(900)})
    b = a.assign(moved=a["moved"] + 0.5, unused=1.0)
    assert compare(a, b, list(a))["feature"].tolist() == ["unused", "moved", "same"]
    table = compare(a, b, list(a), {"moved": 3.0, "same": 1.0})
    assert table["feature"].tolist() == ["moved", "unused", "same"]
    assert table["use"].tolist() == [0.75, 0, 0.25]
    assert table["weighted"].tolist() == (table["psi"] * table["use"]).tolist()
    moved = table.iloc[0]
    assert moved["smd"] == pytest.approx(0.5, abs=0.02)
    assert moved["psi"] > moved["psi_by_chance"]
    same = table.iloc[2]
    assert (same["ks"], same["delta"], same["smd"], same["psi"]) == (0, 0, 0, 0)


def test_a_change_of_what_is_missing_is_a_shift():
    a, b = pd.DataFrame({"x": np.arange(100.0)}), pd.DataFrame({"x": [*np.arange(50.0) * 2, *[np.nan] * 50]})
    row = compare(a, b, ["x"]).iloc[0]
    assert (row["missing_a"], row["missing_b"], row["missing_change"]) == (0, 0.5, 0.5)
    assert row["psi"] > 1
    assert row["ks"] < 0.05


def test_means_and_missing_shares_equal_pandas_on_real_users(shared):
    frame, label = hostile.real(shared, "twitter_spammers")
    a, b = frame[label == 0], frame[label == 1]
    table = compare(a, b, list(frame)).set_index("feature")
    assert table["mean_a"].tolist() == pytest.approx(a.mean().reindex(table.index).tolist())
    assert table["missing_b"].tolist() == b.isna().mean().reindex(table.index).tolist()
    # Between spammers and others, Cliff's delta says the same as the ROC-AUC does.
    found = profile(hostile.columns(frame), lambda name: tallies.of(frame[name], label))
    area = found.set_index("feature")["auc"].reindex(table.index)
    assert table["delta"].tolist() == pytest.approx((2 * area - 1).tolist())


@pytest.mark.parametrize("rows", [(0, 0), (0, 5), (5, 0), (1, 1), (200, 5)])
def test_hostile_columns_are_compared(rows):
    a, b = (hostile.hostile(n) for n in rows)
    table = compare(a, b, list(a), dict.fromkeys(a, 0.0))
    assert sorted(table["feature"]) == sorted(a)
    assert not np.isinf(table.select_dtypes("number")).any(axis=None)


def test_the_same_users_do_not_differ_from_their_own_histogram():
    values = np.random.default_rng(0).normal(size=5000)
    kept = values.astype(np.float32).astype(float)
    edges = np.append(np.unique(np.quantile(kept, np.linspace(0, 1, 64), method="lower")), np.nextafter(kept.max(), 9))
    counts, _ = np.histogram(kept, edges)
    found, chance = psi_against(edges, counts, 0, values)
    assert found == 0
    assert 0 < chance < 0.02
    moved, _ = psi_against(edges, counts, 0, values + 0.5)
    assert moved > 0.2


def test_values_rounded_to_float32_stay_in_their_bin():
    tenth = float(np.float32(0.1))
    edges = [0.0, tenth, np.nextafter(tenth, 1)]
    assert psi_against(edges, [50, 50], 0, np.repeat([0.0, 0.1], 50))[0] == 0


def test_what_was_never_seen_in_training_counts():
    edges, counts = [0.0, np.nextafter(0.0, 1)], [100]
    assert psi_against(edges, counts, 0, np.zeros(100))[0] == 0
    for values in (np.ones(100), -np.ones(100), np.full(100, np.nan)):
        assert psi_against(edges, counts, 0, values)[0] > 5
    assert psi_against([], [], 100, np.full(100, np.nan))[0] == 0
    assert psi_against([], [], 100, np.ones(100))[0] > 5
    assert np.isnan(psi_against(edges, counts, 0, np.empty(0))[0])


def test_progress_is_told():
    seen = []
    compare(*[pd.DataFrame({"x": [1]})] * 2, ["x"], progress=lambda *step: seen.append(step))
    assert seen == [(0, 1), (1, 1)]
