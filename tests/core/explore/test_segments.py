"""The spam rate of context values equals pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from core.explore.segments import groupable, segments
from tests.core.data import hostile


def countries(n: int = 900, seed: int = 0) -> pd.Series:
    random = np.random.default_rng(seed)
    names = random.choice(["DE", "KE", "PK", "US", "a, b", "<i>", None], n, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.01, 0.04])
    return pd.Series(names, dtype="str")


def test_rates_equal_pandas_and_scipy():
    values, label = countries(), hostile.label(900, unknown=0.1)
    table = segments(values, label).set_index("segment")
    grouped = pd.Series(label).groupby(values)
    assert table["n"].sum() == 900
    assert table["share"].sum() == pytest.approx(1)
    assert table.index[:2].tolist() == values.value_counts().index[:2].tolist()
    for name, row in table.drop(index="missing").iterrows():
        assert row["n"] == (values == name).sum()
        assert row["labelled"] == grouped.count()[name]
        assert row["spammers"] == grouped.sum()[name]
        assert row["rate"] == grouped.mean()[name]
        wilson = binomtest(int(row["spammers"]), int(row["labelled"])).proportion_ci(method="wilson")
        assert (row["low95"], row["high95"]) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
        assert row["small"] == (row["labelled"] < 30)
    gone = table.loc["missing"]
    assert (gone["kind"], gone["n"]) == ("missing", values.isna().sum())


def test_rare_values_are_put_together():
    values = pd.Series(["b"] * 3 + ["a"] * 3 + ["c"] * 2 + ["d", "e", "f"], dtype="str")
    table = segments(values, np.ones(11), most=2)
    assert table["segment"].tolist() == ["a", "b", "other 4 values"]
    assert table["kind"].tolist() == ["value", "value", "others"]
    assert table["n"].tolist() == [3, 3, 5]
    assert segments(values, most=5)["segment"].tolist()[-1] == "other 1 value"


def test_a_value_called_missing_is_not_the_missing():
    table = segments(pd.Series(["missing", None, "missing"], dtype="str"), np.array([1.0, 0, 1]))
    assert table["kind"].tolist() == ["value", "missing"]
    assert table["rate"].tolist() == [1, 0]


def test_without_labels_there_are_users_only():
    table = segments(countries())
    assert table["rate"].isna().all()
    assert table["small"].tolist() == (table["n"] < 30).tolist()


@pytest.mark.parametrize("values", [[], [None, None], ["x"]])
@pytest.mark.parametrize("label", hostile.LABELS)
def test_hardly_any_rows_have_a_table(values, label):
    table = segments(pd.Series(values, dtype="str"), hostile.LABELS[label](len(values)))
    assert table["n"].sum() == len(values)
    assert table["small"].all()


def test_columns_that_divide_users_come_with_the_fewest_values_first():
    columns = {
        "name": ["a", "b", "c", "d", "e", None],
        "many": ["a", "a", "b", "c", "d", "e"],
        "same": ["a"] * 6,
        "few": ["a", "a", "b", "b", None, None],
        "none": [None] * 6,
    }
    assert groupable({name: pd.Series(values, dtype="str") for name, values in columns.items()}) == [
        "few", "many", "same",
    ]  # fmt: skip
    assert groupable({}) == []
