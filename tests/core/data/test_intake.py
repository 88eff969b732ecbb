"""Accepted rows: which column becomes what, and what is said about what is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.intake import Checked, Problem, read
from core.errors import MissingColumnsError, SchemaError
from core.schema import schema as schemas
from core.schema.schema import Column, Label, Schema

USERS = Schema(
    (Column("a", "count", 0), Column("b", "real"), Column("c", "flag", 0, 1)),
    id="id",
    label=Label("spam"),
    context=("bio",),
)


def check(text: str, schema: Schema = USERS, *, allow_missing: bool = False, need_label: bool = False) -> Checked:
    checked = read("users.csv", text.encode(), schema, allow_missing=allow_missing, need_label=need_label)
    assert checked.received == len(checked.frame) + len(checked.rejected)
    return checked


def problem(checked: Checked, code: str, column: str | None = None) -> Problem:
    return next(found for found in checked.problems if found.code == code and column in (None, found.column))


def test_columns_come_out_in_the_order_of_the_schema_whatever_the_order_of_the_file() -> None:
    checked = check("note,C,bio, B ,spam,A,Id\nn,1,hi,0.5,1,7,u1\n")
    assert list(checked.frame) == ["id", "spam", "a", "b", "c", "bio", "note"]
    assert checked.frame.iloc[0].tolist() == ["u1", 1.0, 7, 0.5, 1, "hi", "n"]
    assert checked.context == ("bio", "note")
    assert checked.problems == ()


def test_types_are_int_where_whole_and_complete_and_text_is_pandas_own() -> None:
    frame = check("id,spam,a,b,c,bio\nu1,1,7,1,0,x\nu2,0,8,2,,y\n").frame
    assert frame.dtypes.astype(str).to_dict() == {
        "id": "str", "spam": "float64", "a": "int64", "b": "float64", "c": "float64", "bio": "str",
    }  # fmt: skip


def test_a_whole_number_too_large_for_a_float_to_hold_exactly_stays_a_float() -> None:
    assert check("id,a,b,c\nu1,9007199254740991,0,0\n").frame["a"].dtype == np.int64
    assert check("id,a,b,c\nu1,9007199254740992,0,0\n").frame["a"].dtype == np.float64


def test_accepted_numbers_may_be_written_to() -> None:
    # scikit-learn and in-place edits refuse read-only memory, which Arrow hands out.
    frame = check("id,a,b,c\nu1,1,2,1\n").frame
    frame.loc[1, "a"], frame.loc[1, "b"] = 4, 5.0
    assert list(frame.loc[1, ["a", "b"]]) == [4, 5.0]


def test_the_index_is_the_number_of_the_record_with_rejected_ones_counted() -> None:
    frame = check("id,a,b,c\nu1,1,0,0\nu2,x,0,0\nu3,3,0,0\n").frame
    assert frame.index.name == "row"
    assert frame.index.tolist() == [1, 3]


@pytest.mark.parametrize("cell", ["7", " 7 ", "7.0", "+7", "7e0", "70e-1", "007", "7.", '"7"', "\t7"])
def test_the_same_count_may_be_written_in_many_ways(cell: str) -> None:
    frame = check(f"id,a,b,c\nu1,{cell},0,0\n").frame
    assert frame["a"].tolist() == [7]
    assert frame["a"].dtype == np.int64


@pytest.mark.parametrize(
    "cell", ["", " ", "NA", "na", "N/A", "#N/A", "NaN", "nan", " nan ", "NULL", "null", "None", '""']
)
def test_missing_cells_stay_missing_and_are_counted(cell: str) -> None:
    checked = check(f"id,a,b,c\nu1,{cell},0,0\nu2,0,{cell},1\n")
    assert len(checked.frame) == 2
    assert checked.frame["a"].isna().tolist() == [True, False]
    assert checked.frame["b"].isna().tolist() == [False, True]
    found = problem(checked, "missing", "a")
    assert (found.rows, found.rejected) == (1, False)
    assert found.sentence == "a: 1 cell is missing (first on line 2). Missing stays missing: nothing is filled in."


def test_a_fraction_in_a_whole_column_is_kept_and_flagged() -> None:
    checked = check("id,a,b,c\nu1,1,0,0\nu2,1.5,0,0\n")
    assert checked.frame["a"].tolist() == [1.0, 1.5]
    found = problem(checked, "not_whole")
    assert (found.column, found.rows, found.rejected) == ("a", 1, False)
    assert found.sentence.startswith("a: 1 value is not whole, although it is a count (first on line 3).")


def test_values_outside_the_range_are_kept_and_flagged() -> None:
    checked = check("id,a,b,c\nu1,-1,-5,2\nu2,-2,0,1\n")
    assert checked.frame["a"].tolist() == [-1, -2]
    assert problem(checked, "out_of_range", "a").rows == 2
    assert "outside the range from 0 (first on line 2)" in problem(checked, "out_of_range", "a").sentence
    assert "outside 0 to 1" in problem(checked, "out_of_range", "c").sentence
    assert not [found for found in checked.problems if found.column == "b"]


def test_ids_are_text_stripped_and_never_reformatted() -> None:
    assert check("id,a,b,c\n 007 ,1,0,0\n7,1,0,0\n1e3,1,0,0\n").frame["id"].tolist() == ["007", "7", "1e3"]


def test_without_an_id_in_the_schema_the_record_number_is_the_id() -> None:
    frame = check("a\n1\nx\n3\n", Schema((Column("a"),))).frame
    assert frame["row_number"].tolist() == ["1", "3"]
    assert str(frame["row_number"].dtype) == "str"


def test_a_schema_without_id_cannot_have_a_feature_called_row_number() -> None:
    with pytest.raises(SchemaError, match="row_number is taken"):
        check("row_number\n1\n", Schema((Column("Row_Number"),)))


def test_an_absent_id_label_or_feature_is_named() -> None:
    with pytest.raises(MissingColumnsError, match=r"^id is missing from users\.csv\. Add it to the file"):
        check("a,b,c\n1,2,0\n")
    with pytest.raises(MissingColumnsError, match=r"^spam is missing"):
        check("id,a,b,c\nu,1,2,0\n", need_label=True)
    with pytest.raises(
        MissingColumnsError, match=r"^b and c are missing .* as missing \(--allow-missing\)\.$"
    ) as caught:
        check("id,a\nu,1\n")
    assert caught.value.columns == ("b", "c")


def test_a_needed_label_that_the_schema_does_not_name_is_a_schema_error() -> None:
    with pytest.raises(SchemaError, match="no label column"):
        check("a\n1\n", Schema((Column("a"),)), need_label=True)


def test_with_allow_missing_absent_features_are_missing_throughout() -> None:
    checked = check("id,b\nu1,1\nu2,2\n", allow_missing=True)
    assert checked.absent == ("a", "c")
    assert list(checked.frame) == ["id", "a", "b", "c"]
    assert checked.frame[["a", "c"]].isna().all(axis=None)
    assert checked.frame["a"].dtype == np.float64
    assert problem(checked, "absent_column", "c").rows == 2


def test_context_is_kept_as_written_and_only_an_empty_cell_is_missing() -> None:
    checked = check('id,a,b,c,bio\nu1,1,0,0, NA \nu2,1,0,0,\nu3,1,0,0,"a, ""b""\nc"\n')
    assert checked.frame["bio"].isna().tolist() == [False, True, False]
    assert checked.frame["bio"].tolist()[::2] == [" NA ", 'a, "b"\nc']


def test_a_further_column_named_like_a_result_steps_aside() -> None:
    checked = check("id,a,b,c,Score,reason_2,input_score\nu1,1,0,0,x,y,z\n")
    assert checked.context == ("input_Score_", "input_reason_2", "input_score")
    assert checked.frame.iloc[0, 4:].tolist() == ["x", "y", "z"]
    found = problem(checked, "renamed_column", "input_reason_2")
    assert found.sentence == "The column reason_2 has the name of a result: it is kept as input_reason_2."
    assert not found.rejected


def test_columns_without_a_name_are_named_by_their_position() -> None:
    checked = check("id,a,b,c,,\nu1,1,0,0,x,\n")
    assert checked.context == ("column 5", "column 6")
    assert problem(checked, "unnamed_column", "column 5").rows == 1


def test_the_label_is_read_as_text_and_as_a_number() -> None:
    frame = check("id,spam,a,b,c\nu1,1.0,1,0,0\nu2,0,1,0,0\nu3, 1 ,1,0,0\nu4,0e5,1,0,0\n", need_label=True).frame
    assert frame["spam"].tolist() == [1.0, 0.0, 1.0, 0.0]
    words = Schema((Column("a"),), label=Label("y", "Spam", "Ham"))
    assert check("y,a\nSPAM,1\nham ,2\n", words).frame["y"].tolist() == [1.0, 0.0]


def test_labels_that_are_not_needed_are_left_out_and_reported() -> None:
    checked = check("id,spam,a,b,c\nu1,maybe,1,0,0\nu2,,1,0,0\nu3,1,1,0,0\n")
    assert checked.frame["spam"].isna().tolist() == [True, True, False]
    assert problem(checked, "label_ignored").rows == problem(checked, "missing", "spam").rows == 1
    assert not any(found.rejected for found in checked.problems)


def test_problems_come_rejecting_first_then_by_rows() -> None:
    checked = check("id,a,b,c\nu1,,,0\nu2,,1,0\nu3,x,0,0\n,1,0,0\n\n\n")
    assert [(found.code, found.column, found.rows) for found in checked.problems] == [
        ("blank", None, 2), ("not_a_number", "a", 1), ("missing_id", "id", 1), ("missing", "a", 2), ("missing", "b", 1),
    ]  # fmt: skip


def test_a_path_reads_as_its_bytes_do_and_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    payload = b"\xef\xbb\xbfid,a,b,c\nu1,1,0,0\n"
    (tmp_path / "x.csv").write_bytes(payload)
    checked = read("users.csv", tmp_path / "x.csv", USERS)
    pd.testing.assert_frame_equal(checked.frame, read("users.csv", payload, USERS).frame)
    assert checked.sha256 == hashlib.sha256(payload).hexdigest()
    assert checked.name == "users.csv"


def test_reading_does_not_depend_on_names_written_in_another_case_in_the_schema() -> None:
    spelled = Schema((Column("Ägypten"),), id="ID")
    assert list(check("id,äGYPTEN\n1,2\n", schemas.loads(schemas.dumps(spelled))).frame) == ["ID", "Ägypten"]
