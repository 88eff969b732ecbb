"""The feature table equals pandas and scikit-learn, and tallies answer as the rows they count would."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import mutual_info_score, roc_auc_score

from core.explore import profile as profiles
from core.explore import value_counts as tallies
from core.schema.schema import Column
from tests.core.data import hostile

SHARES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
values = st.one_of(
    arrays.arrays(np.int64, st.integers(1, 60), elements=st.integers(-3, 9)),
    arrays.arrays(np.int64, st.integers(1, 60), elements=st.integers(-(2**52), 2**52)),
    arrays.arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([np.nan, -0.0, 0.0, 0.5, 1.0, 1e12])),
)


def profile(frame, columns, label=None, **options):
    return profiles.profile(columns, lambda name: tallies.of(frame[name], label), **options)


def labelled(values, seed=0):
    random = np.random.default_rng(seed)
    return random.choice([0.0, 1.0, np.nan], len(values), p=[0.5, 0.3, 0.2])


@given(values)
def test_a_tally_counts_every_row_once(values):
    label = labelled(values)
    tally = tallies.of(values, label)
    rows = pd.DataFrame({"value": values.astype(float) + 0.0, "label": label})
    counts = rows["value"].value_counts().sort_index()
    assert tally.values.tolist() == counts.index.tolist()
    assert tally.counts.tolist() == counts.tolist()
    for part, which in ((tally.spammers, 1), (tally.legitimate, 0)):
        expected = rows["value"][rows["label"] == which].value_counts().reindex(counts.index, fill_value=0)
        assert part.tolist() == expected.tolist()
    gone = rows[rows["value"].isna()]
    assert tally.missing == (len(gone), (gone["label"] == 1).sum(), (gone["label"] == 0).sum())


@given(values, st.integers(0, 2**32 - 1))
def test_counting_those_left_out_tells_who_is_left(values, seed):
    label = labelled(values)
    out = np.random.default_rng(seed).random(len(values)) < 0.4
    left = tallies.without(tallies.of(values, label), tallies.of(values[out], label[out]))
    expected = tallies.of(values[~out], label[~out])
    for name in ("values", "counts", "spammers", "legitimate"):
        assert getattr(left, name).tolist() == getattr(expected, name).tolist()
    assert (left.missing, left.labelled) == (expected.missing, expected.labelled)


@given(values)
def test_coded_values_can_be_read_back(values):
    codes, distinct = tallies.coded(values)
    floats = values.astype(float)
    assert np.array_equal(np.where(codes < 0, np.nan, np.append(distinct, np.nan)[codes]), floats, equal_nan=True)
    assert np.all(np.diff(distinct) > 0)


def test_the_interval_of_an_auc_is_delongs():
    # By hand, from the placements of each user among the other class.
    spam, legitimate = np.array([1.0, 2, 2, 5]), np.array([0.0, 1, 1, 2, 3])
    wins = (spam[:, None] > legitimate) + 0.5 * (spam[:, None] == legitimate)
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / 4 + wins.mean(axis=0).var(ddof=1) / 5)
    tally = tallies.of(np.append(spam, legitimate), np.append(np.ones(4), np.zeros(5)))
    low, high = tallies.auc_interval(tally)
    assert tallies.auc(tally) == pytest.approx(wins.mean())
    assert low == pytest.approx(wins.mean() - 1.959964 * error, abs=1e-6)
    assert high == pytest.approx(min(wins.mean() + 1.959964 * error, 1.0), abs=1e-6)


def check(frame: pd.DataFrame, label: np.ndarray) -> None:
    table = profile(frame, hostile.columns(frame), label).set_index("feature")
    quantiles = frame.quantile(list(SHARES.values()))
    for name in frame:
        row, column = table.loc[name], frame[name]
        assert row["missing"] == column.isna().mean()
        assert row["distinct"] == column.nunique()
        assert (row["min"], row["max"]) == (column.min(), column.max())
        assert row["mean"] == pytest.approx(column.mean(), rel=1e-9)
        assert row[list(SHARES)].tolist() == pytest.approx(quantiles[name].tolist(), rel=1e-12)
        assert sum(row["spark"]) == column.notna().sum()
        assert len(row["spark"]) <= 16
        known = column.notna() & ~np.isnan(label)
        assert row["auc"] == pytest.approx(roc_auc_score(label[known], column[known]), abs=1e-12)
        assert row["auc_rows"] == known.sum()
        assert row["mi"] == pytest.approx(information(column.to_numpy(float), label), abs=1e-12)


def information(values: np.ndarray, label: np.ndarray) -> float:
    seen = values[~np.isnan(values)]
    starts = np.unique(seen)
    if len(starts) > 64:
        starts = np.unique(np.quantile(seen, np.linspace(0, 1, 64), method="lower"))
    binned = np.where(np.isnan(values), -1, np.searchsorted(starts, values, side="right"))
    known = ~np.isnan(label)
    return mutual_info_score(label[known], binned[known])


@pytest.mark.parametrize("seed", range(3))
def test_the_table_equals_pandas_and_scikit_learn(seed):
    check(hostile.ordinary(seed=seed), hostile.label(seed=seed, unknown=0.1))


@pytest.mark.parametrize("name", hostile.REAL)
def test_the_table_equals_them_on_real_users(name, shared):
    check(*hostile.real(shared, name))


def test_without_a_label_only_what_needs_one_is_not_known():
    frame = hostile.ordinary()
    bare, full = (profile(frame, hostile.columns(frame), label) for label in (None, hostile.label()))
    judged = ["auc", "auc_rows", "mi"]
    pd.testing.assert_frame_equal(bare.drop(columns=judged), full.drop(columns=judged))
    assert bare[["auc", "mi"]].isna().all(axis=None)
    assert (bare["auc_rows"] == 0).all()


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 200])
@pytest.mark.parametrize("label", hostile.LABELS)
def test_hostile_columns_have_a_row_each(rows, label):
    frame = hostile.hostile(rows)
    table = profile(frame, hostile.columns(frame), hostile.LABELS[label](rows))
    assert table["feature"].tolist() == list(frame)
    assert not np.isinf(table.select_dtypes("number")).any(axis=None)
    gone = table.set_index("feature").loc["missing"]
    assert gone[["min", "median", "max", "mean", "auc"]].isna().all()
    assert gone["spark"] == []


def test_kinds_come_from_the_schema_and_progress_is_told():
    seen = []
    frame = pd.DataFrame({"a": [1, 2], "b": [0, 1]})
    table = profile(frame, [Column("b", "flag"), Column("a", "count")], progress=lambda *step: seen.append(step))
    assert table[["feature", "kind"]].to_numpy().tolist() == [["b", "flag"], ["a", "count"]]
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_no_columns_make_an_empty_table():
    table = profile(pd.DataFrame(index=range(3)), [])
    assert table.empty
    assert "auc" in table


@given(arrays.arrays(np.int64, (2, 7), elements=st.integers(0, 50)))
def test_mutual_information_is_scikit_learns(counts):
    if not counts.sum():
        assert np.isnan(profiles.mutual_information(counts))
        return
    expected = mutual_info_score(None, None, contingency=counts)
    assert profiles.mutual_information(counts) == pytest.approx(expected, abs=1e-12)
