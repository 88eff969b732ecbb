"""Ids that a spreadsheet has spoilt: cleaned and said, or turned away where two users may have become one."""

from __future__ import annotations

import csv
import io

import pytest

from core.data.intake import Checked, read
from core.schema.schema import Column, Label, Schema

USERS = Schema((Column("a"),), id="id", label=Label("spam"))


def check(*ids: str, schema: Schema = USERS) -> Checked:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["id", "a"], *([each, number] for number, each in enumerate(ids))])
    return read("users.csv", text.getvalue().encode(), schema)


def said(checked: Checked, code: str) -> tuple[int, str]:
    """The one problem with this code: its rows and its sentence."""
    (problem,) = [each for each in checked.problems if each.code == code]
    return problem.rows, problem.sentence


@pytest.mark.parametrize("twice", ["9.91214E+15", "9,91214E+15", "1E+16", "1.20E+06", "12345678901234568.0"])
def test_ids_that_lost_digits_and_stand_twice_are_all_turned_away(twice: str) -> None:
    checked = check(twice, "17", twice, "18", *map(str, range(100, 140)))
    assert checked.rejected["row"].tolist() == [1, 3]
    assert set(checked.rejected["code"]) == {"lost_digits"}
    assert f'"{twice}" has lost digits in a spreadsheet and is on more than one row' in checked.rejected["sentence"][0]


def test_two_ways_to_write_the_same_lost_digits_are_the_same() -> None:
    assert check("9.91214E+15", "9,912140e+15", "99.1214E+14").rejected["code"].tolist() == ["lost_digits"] * 3


def test_an_id_that_lost_digits_and_stands_once_is_kept_and_said() -> None:
    checked = check("9.91214E+15", "9.91215E+15", "7")
    assert checked.frame["id"].tolist() == ["9.91214E+15", "9.91215E+15", "7"]
    rows, sentence = said(checked, "spoilt_id")
    assert rows == 2
    assert sentence.startswith('id: 2 ids have lost digits in a spreadsheet (first on line 2: "9.91214E+15")')


def test_long_numbers_of_which_15_digits_are_left_have_lost_the_others() -> None:
    checked = check("1234567890123450", "1234567890123450", "1234567890123460")
    assert checked.rejected["row"].tolist() == [1, 2]
    assert said(checked, "spoilt_id")[0] == 1
    assert check("1234567890123450", "1234567890123451").problems == ()


def test_letters_and_digits_that_look_like_an_exponent_are_an_id_like_any_other() -> None:
    checked = check("1e5", "a3f1", "9e12", "u1", "77ab", "1e5")
    assert checked.frame["id"].tolist() == ["1e5", "a3f1", "9e12", "u1", "77ab"]
    assert checked.rejected["code"].tolist() == ["duplicate_id"]
    assert [each.code for each in checked.problems] == ["duplicate_id"]


def test_a_formula_is_its_text() -> None:
    checked = check('="007"', '="a""b"', "8")
    assert checked.frame["id"].tolist() == ["007", 'a"b', "8"]
    rows, sentence = said(checked, "cleaned_id")
    assert (rows, 'first on line 2: "="007"" is read as "007"' in sentence) == (2, True)
    assert check('=""').rejected["code"].tolist() == ["missing_id"]


@pytest.mark.parametrize("point", ["1001.0", "1001.000", "1001,0", "1.001E+3"])
def test_a_point_in_a_column_of_whole_numbers_is_taken_away(point: str) -> None:
    checked = check(point, "1002", "NA", "")
    assert checked.frame["id"].tolist() == ["1001", "1002"]
    assert said(checked, "cleaned_id")[0] == 1
    assert check(point, "1001").rejected["code"].tolist() == ["duplicate_id"]


def test_a_point_in_a_column_that_holds_others_too_stays() -> None:
    for ids in (["1001.0", "1001.1", "1002"], ["v1.0", "v1.1"], ["1.0", "u1", "u2"]):
        checked = check(*ids)
        assert checked.frame["id"].tolist() == ids
        assert checked.problems == ()


@pytest.mark.parametrize(
    "marked", ["u1\u200b", "\ufeffu1", "u\u00ad1", "u1\xa0", "\u202eu1\u202c", "\u200du1\u200c ", "\u2060u1\u202f"]
)
@pytest.mark.parametrize("first", [True, False])
def test_marks_that_cannot_be_seen_make_no_other_user(marked: str, *, first: bool) -> None:
    checked = check(*[marked, "u2"] if first else ["u2", marked])
    assert sorted(checked.frame["id"]) == ["u1", "u2"]
    rows, sentence = said(checked, "cleaned_id")
    assert rows == 1
    assert "\\x" in sentence or "\\u" in sentence
    assert 'is read as "u1"' in sentence
    assert check("u1", marked).rejected["code"].tolist() == ["duplicate_id"]


@pytest.mark.parametrize("cleaned", ['="123"', "u\u200b1", "\u00a0u1"])
def test_an_id_that_was_cleaned_and_one_that_lost_digits_stand_in_the_same_column(cleaned: str) -> None:
    checked = check(cleaned, "9.91214E+15", "9.91214E+15", "1.5E+10")
    assert len(checked.frame) == 2
    assert said(checked, "cleaned_id")[0] == said(checked, "spoilt_id")[0] == 1
    assert checked.rejected["code"].tolist() == ["lost_digits"] * 2


def test_what_joins_letters_within_an_id_and_spaces_within_it_stay() -> None:
    checked = check("a\u200db", " x y ")
    assert checked.frame["id"].tolist() == ["a\u200db", "x y"]
    assert checked.problems == ()


# Missing marks of a home


def test_what_a_home_says_for_missing_is_missing_in_ids_labels_and_numbers() -> None:
    own = Schema(
        (Column("a"), Column("b")), id="id", label=Label("spam"), missing=("-", "Unknown", "-999", "not given")
    )
    lines = ["id,spam,a,b", "u1,-,-,1", "u2,unknown,UNKNOWN,-999.0", "u3,-999, - ,2", "-,1,1,1", "-999,1,1,1"]
    lines += ["u4,1,x,nOt gIvEn", "u5,1,-999,x", 'u6,0," -999 ",NOT GIVEN']
    checked = read("users.csv", "\n".join(lines).encode(), own)
    assert checked.frame["id"].tolist() == ["u1", "u2", "u3", "u6"]
    assert checked.frame["a"].isna().all()
    assert checked.frame["b"].isna().tolist() == [False, True, False, True]
    assert checked.frame["spam"].isna().tolist() == [True, True, True, False]
    assert checked.rejected["code"].tolist() == ["missing_id", "missing_id", "not_a_number", "not_a_number"]
    assert [each for each in checked.problems if each.code == "label_ignored"] == []
    without = read("users.csv", "\n".join(lines).encode(), Schema((Column("a"), Column("b")), id="id"))
    assert "-" in without.frame["id"].tolist() or "-999" in without.frame["id"].tolist()
