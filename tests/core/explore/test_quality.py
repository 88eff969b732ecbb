"""What is wrong with a dataset is found, said in a sentence, and not found where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.explore import duplicates, pairs, quality
from core.explore.duplicates import alike
from core.explore.quality import Finding, findings
from tests.core.data import hostile

FINE = ["missing", "constant", "near_copies", "duplicates", "opposite_labels", "leakage", "ids", "row_order"]


def clean(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(n, 3)), columns=["a", "b", "c"])
    return frame, (random.random(n) < 0.3).astype(float)


def look(frame: pd.DataFrame, label: np.ndarray | None = None, ids: pd.Series | None = None) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings(frame, hostile.columns(frame), label, ids=ids)}


def test_nothing_is_found_where_nothing_is_wrong():
    frame, label = clean()
    found = look(frame, label, pd.Series(range(1, 601)).astype("str"))
    assert list(found) == FINE
    assert {finding.severity for finding in found.values()} == {"fine"}


def test_without_a_label_only_what_needs_none_is_looked_for():
    assert list(look(clean()[0])) == ["missing", "constant", "near_copies", "duplicates"]


def test_missing_cells_and_constants_are_counted():
    frame, _ = clean(100)
    frame = frame.assign(flat=1, gone=np.nan, once=np.where(np.arange(100) == 0, np.nan, 2.0))
    found = look(frame)
    assert found["missing"].figure == 101 / 600
    assert found["missing"].features == ("gone", "once")
    assert found["missing"].sentence.replace("\u202f", " ") == (
        "101 cells are missing (16.8 % of all), in gone and once: nothing is filled in."
    )
    assert found["constant"].features == ("flat", "gone")
    assert found["constant"].sentence == "flat and gone are the same for every user: no model can learn from them."


def test_near_copies_are_all_pairs_whose_correlation_is_above_nine_tenths():
    frame, _ = clean()
    frame = frame.assign(d=-frame["a"], e=frame["b"] + np.arange(600) / 6000)
    found = look(frame)["near_copies"]
    assert found.figure == pytest.approx(-1)
    assert found.features == ("a", "d", "b", "e")
    assert found.sentence.startswith("a and d are near-copies (r = −1.000), and so is 1 other pair:")
    given = pairs.correlations(frame, list(frame))
    (again,) = [one for one in findings(frame, hostile.columns(frame), pearson=given) if one.code == "near_copies"]
    assert again == found


rows = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.sampled_from([0.0, -0.0, 1, np.nan])
)


@given(rows, st.integers(0, 9))
def test_users_who_are_alike_equal_pandas(values, seed):
    frame = pd.DataFrame(values + 0.0, columns=["a", "b", "c"])
    label = np.random.default_rng(seed).choice([0.0, 1.0, np.nan], len(frame))
    found = alike(pd.DataFrame(values, columns=["a", "b", "c"]), ["a", "b", "c"], label)
    assert found.users == frame.duplicated(keep=False).sum()
    assert found.copies == frame.duplicated().sum()
    grouped = pd.Series(label).groupby([frame[name].fillna(-9) for name in frame]).agg(["count", "nunique"])
    assert found.groups == (frame.fillna(-9).value_counts() > 1).sum()
    torn = grouped[grouped["nunique"] == 2]
    assert (found.opposed, found.opposed_groups) == (torn["count"].sum(), len(torn))


def test_whole_and_real_columns_have_the_same_duplicates():
    frame = pd.DataFrame({"a": [1, 1, 2], "b": [0, 0, 0]})
    assert alike(frame, ["a", "b"]) == alike(frame.astype(float), ["a", "b"])
    assert alike(frame, ["a", "b"]).users == 2


def test_different_rows_are_not_alike():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.integers(0, 9, (20000, 6))).rename(columns=str)
    assert alike(frame, list(frame)).copies == frame.duplicated().sum()
    swapped = pd.DataFrame({"a": [1, 2], "b": [2, 1]})
    assert alike(swapped, ["a", "b"]).users == 0


def test_identical_users_with_opposite_labels_are_a_warning():
    frame, label = clean(100)
    frame = pd.concat([frame, frame.head(4)], ignore_index=True)
    found = look(frame, np.append(label, 1 - label[:4]))
    assert found["opposite_labels"].figure == 8
    assert found["opposite_labels"].severity == "warning"
    assert found["opposite_labels"].sentence == (
        "8 users in 4 groups are alike in every feature and carry opposite labels: no model can tell them apart."
    )
    assert found["duplicates"].sentence.replace("\u202f", " ") == (
        "8 users (7.7 %) share every feature with another: 4 rows more than there are different users, "
        "and one score for all who are alike."
    )


def leaks(frame: pd.DataFrame, label: np.ndarray) -> list[str]:
    return [f.sentence.replace("\u202f", " ") for f in findings(frame, hostile.columns(frame), label) if f.features]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_that_ranks_users_too_well_is_suspected(sign):
    frame, label = clean()
    frame["leak"] = sign * (label * 5 + np.random.default_rng(1).normal(size=600))
    (sentence,) = leaks(frame, label)
    side = "above" if sign == 1 else "below"
    assert sentence.startswith(f"leak alone puts nearly every spammer {side} nearly every legitimate user (ROC-AUC ")


def test_values_that_hold_most_spammers_and_hardly_anyone_else_are_suspected():
    frame, label = clean()
    half = (label == 1) & (np.random.default_rng(1).random(600) < 0.7)
    (sentence,) = leaks(frame.assign(leak=half.astype(int)), label)
    share = f"{100 * half.sum() / label.sum():.1f}"
    expected = f"{share} % of the spammers have leak at 1, and 100.0 % of the users who do are spammers:"
    assert sentence.startswith(expected)
    spread = np.where(half, np.random.default_rng(2).normal(9, 1, 600), frame["a"])
    (sentence,) = leaks(frame.assign(leak=spread), label)
    assert " of the spammers have leak from " in sentence
    assert sentence.partition(",")[0].endswith(" on")


def test_what_is_missing_for_spammers_only_is_suspected():
    frame, label = clean()
    frame["leak"] = np.where((label == 1) & (frame["b"] < 0.8), np.nan, frame["c"])
    found = [sentence for sentence in leaks(frame, label) if "have no leak" in sentence]
    assert len(found) == 1


def test_the_larger_class_is_no_leak():
    random = np.random.default_rng(0)
    label = (random.random(4000) < 0.03).astype(float)
    # Nobody with a 1 is a spammer, and most users have a 1: that is what a good feature looks like.
    flag = ((label == 0) & (random.random(4000) < 0.6)).astype(int)
    frame = pd.DataFrame({"flag": flag, "noise": random.normal(size=4000)})
    assert leaks(frame, label) == []


def test_strong_features_of_real_users_are_no_leaks(shared):
    frame, label = hostile.real(shared, "spambase")
    assert look(frame, label)["leakage"].severity == "fine"


def test_ids_and_row_order_that_tell_the_label_are_a_warning():
    frame, label = clean()
    order = np.argsort(label, kind="stable")
    found = look(frame.iloc[order], label[order], pd.Series(range(600, 0, -1)).astype("str"))
    assert found["row_order"].severity == found["ids"].severity == "warning"
    assert (found["row_order"].figure, found["ids"].figure) == (1, 0)
    assert found["ids"].sentence == (
        "Users with lower ids are spammers more often (ROC-AUC 0.000, 95 % 0.000 to 0.000): "
        "a model that saw ids would learn them."
    )
    assert found["row_order"].sentence.startswith("Spammers stand later in the file (ROC-AUC 1.000")


def test_ids_that_are_no_numbers_have_no_order():
    frame, label = clean()
    assert "ids" not in look(frame, label, pd.Series([f"u{i}" for i in range(600)]))


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 200])
@pytest.mark.parametrize("label", hostile.LABELS)
def test_hostile_columns_are_looked_at(rows, label):
    frame = hostile.hostile(rows)
    ids = pd.Series(range(rows)).astype("str")
    found = findings(frame, hostile.columns(frame), hostile.LABELS[label](rows), ids=ids)
    assert bool(found) == (rows > 0)
    assert all(np.isfinite(finding.figure) for finding in found)
    assert [quality.SEVERITIES.index(f.severity) for f in found] == sorted(
        quality.SEVERITIES.index(f.severity) for f in found
    )


def test_too_few_labels_are_said_and_nothing_is_claimed():
    frame, _ = clean(12)
    found = look(frame, np.append(np.ones(2), np.zeros(10)))
    assert found["too_few"].sentence == (
        "2 spammers and 10 legitimate users are labelled, too few to judge whether something gives the label away."
    )
    assert not {"leakage", "ids", "row_order"} & found.keys()


def test_chance_is_no_order():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=300)})
    labels = [(random.random(300) < 0.3).astype(float) for _ in range(40)]
    assert {look(frame, label)["row_order"].severity for label in labels} == {"fine"}


rows_and_names = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)


@given(rows_and_names)
def test_groups_are_those_of_equal_rows_the_largest_first(names):
    frame = pd.DataFrame({"x": [ord(name) for name in names]}, index=range(1, len(names) + 1))
    group = duplicates.groups(frame, ["x"])
    sizes = frame["x"].value_counts()
    assert ((group > 0) == frame.duplicated(keep=False)).all()
    for number in range(1, group.max() + 1):
        (value,) = frame.loc[group == number, "x"].unique()
        assert (group == number).sum() == sizes[value]
    assert sorted(sizes[sizes > 1], reverse=True) == [(group == n).sum() for n in range(1, group.max() + 1)]
    table = duplicates.duplicates(group, frame)
    assert table["group"].is_monotonic_increasing
    assert table["x"].tolist() == frame.loc[table["row"], "x"].tolist()


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0]), st.sampled_from([0.0, 1.0, np.nan])), min_size=1, max_size=30))
def test_every_user_of_a_torn_group_stands_once_beside_the_other_label(users):
    frame = pd.DataFrame({"x": [x for x, _ in users]}, index=range(5, len(users) + 5))
    label = np.array([known for _, known in users])
    ids = pd.Series([f"u{row}" for row in frame.index], frame.index, dtype="str")
    table = duplicates.opposites(duplicates.groups(frame, ["x"]), label, ids, frame)
    torn = [x for x in (1.0, 2.0) if {0.0, 1.0} <= set(label[frame["x"] == x])]
    for who, value in (("spammer", 1), ("legitimate", 0)):
        expected = ids[frame["x"].isin(torn) & (label == value)]
        assert sorted(table[who].dropna()) == sorted(expected)
        assert table[who].dropna().tolist() == ids[table[f"{who}_row"].dropna()].tolist()
    assert len(table) == sum(max((label[frame["x"] == x] == k).sum() for k in (0, 1)) for x in torn)
    assert alike(frame, ["x"], label).opposed == table[["spammer", "legitimate"]].notna().to_numpy().sum()


def test_a_feature_with_the_name_of_an_evidence_column_keeps_its_values():
    frame = pd.DataFrame({"row": [9, 9], "group": [4, 4], "input_row": [1, 1]}, index=[1, 2])
    table = duplicates.duplicates(duplicates.groups(frame, list(frame)), frame)
    assert table.columns.tolist() == ["group", "row", "input_row", "input_group", "input_input_row"]
    assert table.iloc[0].tolist() == [1, 1, 9, 4, 1]


def test_spammers_along_an_order_are_counted_in_parts_of_equal_size():
    label = np.append(np.zeros(300), np.ones(100))
    table = quality.along(np.arange(1, 401), label)
    assert (table["n"].sum(), len(table)) == (400, quality.PARTS)
    assert table["n"].between(19, 21).all()
    for part in table.itertuples():
        assert part.spammers == label[int(part.low) - 1 : int(part.high)].sum()


def test_ids_are_numbers_where_nearly_all_are():
    numbers = quality.as_numbers(pd.Series([*map(str, range(99)), "x"]))
    assert numbers is not None
    assert numbers[:99].tolist() == list(range(99))
    assert np.isnan(numbers[99])
    assert quality.as_numbers(pd.Series(["1", "x"])) is None
    assert quality.as_numbers(pd.Series([], dtype="str")) is None


@pytest.mark.parametrize(("rows", "start"), [(1, "1 row was turned away because its id is"), (2, "2 rows were turned")])
def test_rows_with_an_id_again_are_said(rows, start):
    found = quality.repeated_ids(rows)
    assert (found.severity, found.figure) == ("note", rows)
    assert found.sentence.startswith(start)
    assert quality.repeated_ids(0).severity == "fine"
