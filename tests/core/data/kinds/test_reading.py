"""Cells by kind: what is read, what rejects its row and with which sentence, and what a model gets of it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.intake import Checked, read
from core.data.kinds import given as given_values
from core.errors import BadOptionError, SchemaError
from core.schema import levels
from core.schema.schema import Column, Schema

TODAY = date(2026, 11, 10)


def table(*columns: Column, rows: list[str], missing: tuple[str, ...] = (), as_of: date | None = TODAY) -> Checked:
    """A file of an id and these columns, read."""
    schema = Schema((*columns, Column("n")), id="id", missing=missing, as_of=as_of)
    lines = ["id," + ",".join(column.name for column in columns) + ",n"]
    lines += [f"u{at},{row},1" for at, row in enumerate(rows)]
    return read("users.csv", "\n".join(lines).encode(), schema)


def sentences(checked: Checked) -> list[str]:
    return checked.rejected["sentence"].tolist()


def test_words_are_numbers_with_the_words_beside_them() -> None:
    found = table(
        Column("country", "category", missing=("??",)), rows=["PH", " PH ", "ph", "", "NA", "??", "12.0", "12"]
    )
    values = found.frame["country"].to_numpy()
    assert found.rejected.empty
    assert values[0] == values[1] == levels.number("PH") != values[2]
    assert np.isnan(values[3:6]).all()
    assert values[6] == values[7]
    words = found.frame[levels.written("country")]
    assert words.fillna("").tolist() == ["PH", "PH", "ph", "", "", "", "12", "12"]
    assert found.context == ()


def test_a_flag_has_the_words_of_its_schema_and_no_others() -> None:
    found = table(Column("paid", "flag", yes=("J", "ja"), no=("N",)), rows=["J", "ja ", "n", "", "yes", "1"])
    assert found.frame["paid"].tolist()[:3] == [1, 1, 0]
    assert np.isnan(found.frame["paid"].tolist()[3])
    assert sentences(found) == [
        f'Line {line}, paid: "{word}" is neither yes nor no; write J, ja for yes or N for no, or leave the cell empty'
        for line, word in ((6, "yes"), (7, "1"))
    ]


def test_numbers_may_have_a_unit_and_signs_between_thousands() -> None:
    found = table(
        Column("fee", unit="€", thousands="'"),
        rows=["1'200.5 €", "€ 7", "-€7", "8", "1'20", "7 $", "€", "12'345'678"],
    )
    assert found.frame["fee"].tolist() == [1200.5, 7, -7, 8, 12345678]
    assert sentences(found)[0] == (
        "Line 6, fee: \"1'20\" is not a number; write it as in 1'234.5 €, or leave the cell empty"
    )
    assert len(sentences(found)) == 3


def test_a_moment_is_never_learnt_as_it_is() -> None:
    columns = (
        Column("signed", "date", parts=("age", "weekday")),
        Column("first", "time", parts=("age", "hour"), at="seen", since=("signed",)),
        Column("seen", "date", form="%d.%m.%Y"),
    )
    found = table(*columns, rows=["2026-11-01,2026-11-02 18:30,05.11.2026", ",2026-11-02T00:00Z,", "1.1.26,,"])
    frame = found.frame
    assert frame["signed (age in days)"].tolist()[0] == 9
    assert frame["signed (weekday)"].tolist()[0] == 6
    assert frame["first (hour)"].tolist() == [18, 0]
    assert frame["first (age in days)"].tolist()[0] == pytest.approx(2.229167, abs=1e-6)
    assert frame["first (days since signed)"].tolist()[0] == pytest.approx(1.770833, abs=1e-6)
    assert np.isnan(frame.loc[2, ["signed (age in days)", "first (age in days)", "first (days since signed)"]]).all()
    assert frame["seen"].fillna("").tolist() == ["05.11.2026", ""]
    assert found.context == ("signed", "first", "seen")
    assert sentences(found) == [
        'Line 4, signed: "1.1.26" is not a date; write it as in 2026-11-23, or leave the cell empty'
    ]
    assert "signed: its age is told as of 2026-11-10. Give --as-of where that is another day." in [
        problem.sentence for problem in found.problems
    ]


def test_a_moment_after_the_one_that_ages_are_told_at_is_said() -> None:
    found = table(Column("signed", "date", parts=("age",)), rows=["2026-11-12", "2026-11-10"])
    assert found.frame["signed (age in days)"].tolist() == [-2, 0]
    assert any("signed (age in days): 1 value is outside the range from 0" in each.sentence for each in found.problems)


def test_without_a_moment_nobody_makes_one_up() -> None:
    with pytest.raises(SchemaError, match="Nothing says at which moment the age of signed is told"):
        table(Column("signed", "date", parts=("age",)), rows=["2026-11-12"], as_of=None)


@given(st.text(max_size=12))
def test_any_word_has_a_number_that_no_number_of_people_has(text: str) -> None:
    number = levels.number(text)
    assert levels.FIRST <= number < 2 * levels.FIRST
    assert number == int(number) == levels.number(f" {text} ")


def test_a_user_who_is_given_gets_the_values_of_a_file() -> None:
    columns = (
        Column("country", "category"), Column("paid", "flag", yes=("J",), no=("N",)), Column("fee", unit="%"),
        Column("signed", "date", parts=("age", "weekday")), Column("flag", "flag"),
    )  # fmt: skip
    schema = Schema(columns, as_of=TODAY)
    told, words = given_values.values(
        schema, {"country": " PH", "paid": True, "fee": "12 %", "signed": "2026-11-01", "flag": False}
    )
    assert dict(zip(schema.names, told, strict=True)) == {
        "country": levels.number("PH"), "paid": 1, "fee": 12, "signed (age in days)": 9, "signed (weekday)": 6,
        "flag": 0,
    }  # fmt: skip
    assert words == {"country": "PH"}
    assert given_values.values(schema, {"country": 12, "paid": "N"})[1] == {"country": "12"}
    nothing, words = given_values.values(schema, {})
    assert np.isnan(nothing).all()
    assert words == {}


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        (Column("x"), "7", "x: this is text: give a number without quotes, or null."),
        (Column("x"), True, "x: it is no yes or no, but a real."),
        (Column("x", "flag", yes=("J",), no=("N",)), "maybe", "x: this is neither yes nor no; write J for yes or N"),
        (Column("x", "flag", yes=("J",), no=("N",)), 2, "x: give true, false, or one of its words."),
        (Column("x", "date", parts=("age",)), "soon", "x: this is not a date; write it as in 2026-11-23"),
        (Column("x", "date", parts=("age",)), 20261101, "x: write it as text, as in 2026-11-23."),
        (Column("x", unit="%"), "a %", "x: this is not a number; write it as in 1234.5 %"),
    ],
)
def test_a_value_of_another_kind_is_refused(column: Column, value: given_values.Value, sentence: str) -> None:
    with pytest.raises(BadOptionError) as caught:
        given_values.number(column, value)
    assert str(caught.value).startswith(sentence)
