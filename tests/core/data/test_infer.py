"""A first schema: what is seen in the values, and what a person is told."""

from __future__ import annotations

import pytest

from core.data.infer import Inferred, infer
from core.data.intake import read
from core.errors import BadOptionError, FileProblemError
from core.schema.schema import Column, Label, Schema


def look(
    text: str, *, id: str | None = None, label: str | None = None, positive: str | None = None  # noqa: A002
) -> Inferred:  # fmt: skip
    return infer("users.csv", text.encode(), id=id, label=label, positive=positive)


def column(values: list[str]) -> Column:
    """The feature that a column of these values becomes."""
    return look("\n".join(["x", *values])).schema.feature("x")


def test_kinds_and_ranges_are_told_from_the_values() -> None:
    assert column(["0", "1", "0", "7", "7"]) == Column("x", "count", 0)
    assert column(["0", "1", "", "1.0"]) == Column("x", "flag", 0, 1)
    assert column(["0", "0"]) == Column("x", "flag", 0, 1)
    assert column(["1", "1"]) == Column("x", "flag", 0, 1)
    assert column(["0.5", "1", "1"]) == Column("x", "real")
    assert column(["-1", "1", "1"]) == Column("x", "real")
    assert column(["-0", "3", "3"]) == Column("x", "count", 0)


def test_a_column_is_a_feature_from_95_percent_numbers_on() -> None:
    numbers = ["0", "7"] * 20
    assert look("\n".join(["x", *numbers[:38], "a", "b", "", "NA"])).schema.names == ("x",)
    with pytest.raises(FileProblemError, match="not one of its columns holds numbers") as caught:
        look("\n".join(["x", *numbers[:37], "a", "b"]))
    assert caught.value.code == "no_numbers"


def test_cells_that_are_no_numbers_are_noted_since_their_rows_will_be_rejected() -> None:
    notes = look("\n".join(["x", *["0", "7"] * 20, "a", "inf"])).notes
    assert 'x: 2 cells are not numbers (the first is "a"): their rows will be rejected.' in notes
    notes = look("\n".join(["x", *["0", "7"] * 20, "a"])).notes
    assert 'x: 1 cell is not a number (the first is "a"): its row will be rejected.' in notes


def test_text_and_empty_columns_become_context() -> None:
    found = look("name,x,empty,city\nann,1,,oslo\nbob,1,NA,rome\n")
    assert found.schema == Schema((Column("x", "flag", 0, 1),), context=("name", "empty", "city"))
    assert "name and city: not numbers: shown as context, never given to the model." in found.notes
    assert "empty: empty in every row: context until there are values." in found.notes


def test_columns_named_like_results_and_columns_without_a_name_are_no_features() -> None:
    found = look("x,score,\n1,1,1\n")
    assert found.schema.names == ("x",)
    assert found.schema.context == ("score",)
    assert "score: named like a result of ours: context, and renamed when read." in found.notes
    assert "column 3: without a name in the header, kept as context." in found.notes


def test_without_an_id_a_column_that_could_be_one_is_pointed_out() -> None:
    table = "user_id,x,y\n10,1,0.5\n11,1,0.6\n12,2,0.7\n"
    warning = "user_id is different in every row: name it with --id, or the model will learn from it."
    assert look(table).notes == ("No column is named as the id: the row number serves as one.", warning)
    named = look(table, id="USER_ID")
    assert named.schema.id == "user_id"
    assert named.schema.names == ("x", "y")
    assert named.notes == ()


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["1", "0"], None, Label("y", "1", "0")),
        (["0.0", "1.0", "1", ""], None, Label("y", "1.0", "0.0")),
        (["ham", "Spam", "spam "], None, Label("y", "Spam", "ham")),
        (["False", "TRUE"], None, Label("y", "TRUE", "False")),
        (["no", "yes"], None, Label("y", "yes", "no")),
        (["spammer", "user"], None, Label("y", "spammer", "user")),
        (["good", "bad"], "BAD", Label("y", "bad", "good")),
        (["1", "0"], "0", Label("y", "0", "1")),
        (["2", "1"], "2.0", Label("y", "2", "1")),
    ],
)
def test_the_label_and_its_positive_value_are_found(values: list[str], positive: str | None, expected: Label) -> None:
    table = "\n".join(["x,y", *(f"7,{value}" for value in values)])
    schema = look(table, label="Y", positive=positive).schema
    assert schema.label == expected
    assert schema.names == ("x",)
    assert read("users.csv", table.encode(), schema, need_label="" not in values).rejected.empty


@pytest.mark.parametrize(
    ("values", "positive", "sentence"),
    [
        (["1", "0", "2"], None, '--label: y has 3 distinct values ("1", "0" and "2"); a label needs exactly two.'),
        (["1", "NA"], None, '--label: y has 1 distinct value ("1"); a label needs exactly two.'),
        (["", ""], None, "--label: y has 0 distinct values (nothing); a label needs exactly two."),
        (["good", "bad"], None, '--positive: say which value of y is the positive one (a spammer): "good" and "bad".'),
        (["1", "yes"], None, '--positive: say which value of y is the positive one (a spammer): "1" and "yes".'),
        (["1", "0"], "2", '--positive: y is never "2"; its values are "1" and "0".'),
    ],
)
def test_a_label_that_cannot_be_used_is_refused(values: list[str], positive: str | None, sentence: str) -> None:
    with pytest.raises(BadOptionError) as caught:
        look("\n".join(["x,y", *(f"7,{value}" for value in values)]), label="y", positive=positive)
    assert str(caught.value) == sentence


def test_options_that_name_no_column_are_refused_with_the_columns_there_are() -> None:
    with pytest.raises(BadOptionError, match=r"^--id: users\.csv has no column uid; it has x and y\.$"):
        look("x,y\n1,2\n", id="uid")
    with pytest.raises(BadOptionError, match=r"^--label: users\.csv has no column spam; it has x and y\.$"):
        look("x,y\n1,2\n", label="spam")
    with pytest.raises(BadOptionError, match=r"^--label: y is the id column"):
        look("x,y\n1,2\n", id="Y", label="y")
    with pytest.raises(BadOptionError, match=r"^--positive: say which column is the label"):
        look("x,y\n1,2\n", positive="1")


def test_rows_that_cannot_be_split_are_left_out_and_noted() -> None:
    found = look("x,y\n1,5\n2\n\n3,6,7\n")
    assert found.schema.names == ("x", "y")
    assert "3 rows cannot be split into the header's columns and will be rejected." in found.notes


def test_a_file_without_one_usable_row_has_no_numbers() -> None:
    with pytest.raises(FileProblemError) as caught:
        look("x,y\n1\n")
    assert caught.value.code == "no_numbers"


def test_what_is_inferred_reads_the_file_it_was_inferred_from() -> None:
    table = "id;y;n;f;r;t\n1;yes;5;1;0.5;a\n2;no;7;0;-1;b\n"
    found = look(table, id="id", label="y")
    checked = read("users.csv", table.encode(), found.schema, need_label=True)
    assert checked.rejected.empty
    assert checked.problems == ()
