"""Rejected rows: each kind of bad row has its code, its line and its sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from core.data import lines
from core.data.intake import Checked, read
from core.schema.schema import Column, Label, Schema

USERS = Schema((Column("a", "count", 0), Column("b", "real")), id="id", label=Label("spam"))


def check(text: str, schema: Schema = USERS, *, need_label: bool = False) -> Checked:
    checked = read("users.csv", text.encode(), schema, need_label=need_label)
    assert checked.received == len(checked.frame) + len(checked.rejected)
    assert sum(found.rows for found in checked.problems if found.rejected) == len(checked.rejected)
    return checked


def only(checked: Checked) -> dict[str, Any]:
    """The one rejected row."""
    (row,) = checked.rejected.to_dict("records")
    return {str(name): value for name, value in row.items()}


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("abc", "write digits such as 12 or 0.5, or leave the cell empty"),
        ("1,5", "write 1.5"),
        ("1,000", "write 1000 or 1.000"),
        ("1,000,000", "write 1000000"),
        ("1_000", "write 1000"),
        ("0x10", "write digits"),
        ("７", "write digits"),
        ("TRUE", "write digits"),
        ("-nan", "write digits"),
        ("nan(0)", "write digits"),
        ("1 2", "write digits"),
        ("--1", "write digits"),
        ("1e", "write digits"),
        (".", "write digits"),
        ("٣", "write digits"),
        ("1\u200b", "write digits"),
    ],
)
def test_what_is_no_number_rejects_its_row(cell: str, advice: str) -> None:
    row = only(check(f'id,a,b\nu1,1,1\nu2,"{cell}",1\n'))
    assert (row["line"], row["row"], row["column"], row["code"]) == (3, 2, "a", "not_a_number")
    assert row["sentence"].startswith(f'Line 3, a: "{cell}" is not a number; {advice}')


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "+INF", " inf ", "1e400", "-1e400", "3.4028236e38", "-1e39"])
def test_what_a_model_cannot_hold_rejects_its_row(cell: str) -> None:
    row = only(check(f"id,a,b\nu1,1,{cell}\n"))
    assert (row["column"], row["code"]) == ("b", "not_finite")
    assert row["sentence"].startswith(f'Line 2, b: "{cell.strip()}" is not a number that a model can hold; write')


def test_the_largest_float32_is_accepted_and_the_next_float64_is_not() -> None:
    largest = float(np.finfo(np.float32).max)
    assert check(f"id,a,b\nu1,1,{largest!r}\n").frame["b"].tolist() == [largest]
    assert only(check(f"id,a,b\nu1,1,{math.nextafter(largest, math.inf)!r}\n"))["code"] == "not_finite"


def test_long_cells_are_shown_shortened_and_on_one_line() -> None:
    sentence = only(check(f'id,a,b\nu1,"x\n{"y" * 99}",1\n'))["sentence"]
    assert f'"x {"y" * 38}…" is not a number' in sentence


def test_the_first_wrong_column_of_the_file_is_told_and_the_others_are_counted() -> None:
    row = only(check("b,id,a\nx,,y\n"))
    assert (row["column"], row["code"]) == ("b", "not_a_number")
    assert row["sentence"].endswith("; 2 more columns of this row are wrong too")
    assert only(check("b,id,a\n1,,y\n"))["sentence"].endswith("; 1 more column of this row is wrong too")


def test_the_record_is_kept_as_it_stands_in_the_file() -> None:
    assert only(check('id,a,b\r\n"u ""1""", x ,1\r\nu2,1,1\r\n'))["record"] == '"u ""1""", x ,1'
    assert only(check('id,a,b\n"u\n1",x,1\n'))["record"] == '"u\n1",x,1'


def test_an_id_that_is_missing_rejects_its_row() -> None:
    for cell in ("", "  ", "NA", "null"):
        row = only(check(f"id,a,b\n{cell},1,1\n"))
        assert (row["column"], row["code"]) == ("id", "missing_id")
        assert row["sentence"] == "Line 2, id: the id is missing; every row needs one"


def test_only_the_first_row_of_an_id_is_kept() -> None:
    checked = check("id,a,b\nu1,1,1\nu2,2,2\n u1 ,3,3\nu1,4,4\n")
    assert checked.frame["a"].tolist() == [1, 2]
    assert checked.rejected["code"].tolist() == ["duplicate_id"] * 2
    assert checked.rejected["sentence"][1] == 'Line 5, id: the id "u1" is on line 2 already; keep one row per id'


def test_a_rejected_row_does_not_claim_its_id() -> None:
    checked = check("id,a,b\nu1,x,1\nu1,2,2\nu1,3,3\n")
    assert checked.frame["a"].tolist() == [2]
    assert "is on line 3 already" in checked.rejected["sentence"][1]


def test_ids_that_differ_in_case_or_in_zeros_are_different() -> None:
    assert len(check("id,a,b\nu1,1,1\nU1,2,2\n7,1,1\n07,1,1\nu2,x,1\n").frame) == 4


def test_a_label_that_is_needed_must_be_one_of_the_two() -> None:
    checked = check("id,spam,a,b\nu1,1,1,1\nu2,,1,1\nu3,2,1,1\n", need_label=True)
    assert checked.rejected["code"].tolist() == ["missing_label", "unknown_label"]
    assert checked.rejected["sentence"].tolist() == [
        "Line 3, spam: the label is missing; write 1 or 0",
        'Line 4, spam: "2" is no label; write 1 or 0',
    ]


def test_rows_with_too_few_or_too_many_fields_are_rejected() -> None:
    checked = check("id,a,b\nu1,1\nu2,1,1\nu3,1,1,1,1\nu4\n")
    assert checked.rejected["line"].tolist() == [2, 4, 5]
    assert checked.rejected["code"].tolist() == ["ragged"] * 3
    assert checked.rejected["column"].isna().all()
    assert checked.rejected["sentence"].tolist() == [
        "Line 2: 2 fields where the header has 3; add what is missing",
        "Line 4: 5 fields where the header has 3; put double quotes around text with a delimiter in it",
        "Line 5: 1 field where the header has 3; add what is missing",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_are_rejected_but_the_last_line_end_is_no_line(end: str) -> None:
    checked = check(end.join(["id,a,b", "", "u1,1,1", "", "", ""]))
    assert checked.rejected["line"].tolist() == [2, 4, 5]
    assert checked.rejected["sentence"][0] == "Line 2: the line is blank; remove it"
    assert check(f"id,a,b{end}u1,1,1{end}").received == 1
    assert check(f"id,a,b{end}u1,1,1").received == 1


def test_in_a_file_of_one_column_an_empty_line_is_blank() -> None:
    checked = check("a\n1\n\n2\n", Schema((Column("a"),)))
    assert checked.frame["a"].tolist() == [1.0, 2.0]
    assert only(checked)["code"] == "blank"


def test_a_quoted_empty_field_in_a_file_of_one_column_is_missing_not_blank() -> None:
    checked = check('a\n""\n2\n', Schema((Column("a"),)))
    assert checked.frame["a"].isna().tolist() == [True, False]


def test_a_line_of_delimiters_is_a_record_with_everything_missing() -> None:
    assert only(check("id,a,b\n,,\n"))["code"] == "missing_id"
    assert check(",a\n,\n", Schema((Column("a"),))).frame["a"].isna().all()


@pytest.mark.parametrize("bad", ['u2,"1,1', 'u2,"1"x,1', 'u2,1,"', '"u2,1,1', 'u2,"1" ,1', 'u2,"""1,1'])
def test_a_malformed_quote_spoils_its_own_line_only(bad: str) -> None:
    checked = check(f"id,a,b\nu1,1,1\n{bad}\nu3,3,3\nu4,x,4\n")
    assert checked.frame["id"].tolist() == ["u1", "u3"]
    assert checked.rejected["code"].tolist() == ["bad_quote", "not_a_number"]
    assert checked.rejected["line"].tolist() == [3, 5]
    assert checked.rejected["record"][0] == bad
    assert checked.rejected["sentence"][0].startswith("Line 3: a double quote is not closed properly; close it")


def test_a_stray_quote_that_is_closed_by_chance_lines_later_spoils_its_own_line_only() -> None:
    checked = check('id,a,b\n"u1,1,1\nu2,2,2\nu3,3,3\nu4",4,4\nu5,5,"5"\n')
    # Taken as a field, lines 2 to 5 would make one record with three fields. The quote closes properly, so it is one.
    assert checked.frame["id"].tolist() == ["u1,1,1\nu2,2,2\nu3,3,3\nu4", "u5"]
    checked = check('id,a,b\n"u1,1,1\nu2,2,2\nu4,4"\nu5,5,"5"\n')
    assert checked.frame["id"].tolist() == ["u2", "u5"]
    assert checked.rejected["code"].tolist() == ["bad_quote", "ragged"]


def test_a_quoted_field_may_span_a_hundred_lines_and_no_more() -> None:
    schema = Schema((Column("a"),), context=("bio",))
    fits = "bio,a\n" + '"' + "\n" * lines.REACH + '",1\nx,2\n'
    assert check(fits, schema).frame["a"].tolist() == [1.0, 2.0]
    assert check(fits, schema).frame.index.tolist() == [1, 2]
    long = "bio,a\n" + '"' + "\n" * (lines.REACH + 1) + '",1\nx,2\n'
    assert check(long, schema).frame["a"].tolist() == [2.0]


def test_lines_are_counted_through_quoted_line_ends() -> None:
    checked = check('id,a,b\n"u\n\r\n1",1,1\nu2,x,1\n')
    assert checked.rejected["line"].tolist() == [5]
    assert checked.rejected["row"].tolist() == [2]


def test_a_quote_inside_an_unquoted_field_is_an_ordinary_character() -> None:
    schema = Schema((Column("a"),), context=("bio",))
    assert check('bio,a\n5" tape,1\na"b"c,2\n "x",3\n', schema).frame["bio"].tolist() == ['5" tape', 'a"b"c', ' "x"']


def test_when_all_rows_are_rejected_the_frame_is_empty_and_typed() -> None:
    for rows in ("u1,x,1\n,2,2\n", "\n", "u1\n"):
        checked = check(f"id,a,b\n{rows}")
        assert checked.frame.empty
        assert list(checked.frame) == ["id", "a", "b"]
        assert str(checked.frame["id"].dtype) == "str"
        assert checked.frame["a"].dtype in (np.int64, np.float64)


def test_without_rejected_rows_the_table_of_them_is_empty_and_typed() -> None:
    rejected = check("id,a,b\nu1,1,1\n").rejected
    assert rejected.empty
    assert rejected.dtypes.astype(str).to_dict() == {
        "line": "int64", "row": "int64", "column": "str", "code": "str", "sentence": "str", "record": "str",
    }  # fmt: skip


def test_the_sentence_of_a_problem_counts_the_rows_and_tells_of_the_first() -> None:
    checked = check("id,a,b\nu1,x,1\nu2,y,1\nu3,1,1\n\n")
    assert [found.sentence for found in checked.problems] == [
        '2 rows were rejected. The first: line 2, a: "x" is not a number; '
        "write digits such as 12 or 0.5, or leave the cell empty.",
        "1 row was rejected. Line 5: the line is blank; remove it.",
    ]
