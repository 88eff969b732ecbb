"""A first schema: what is seen in the values, and what a person is told."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pytest

from core.data.formats.options import given
from core.data.infer import Inferred, infer
from core.data.intake import read
from core.data.proposal.columns import UnclearColumnError, left_out
from core.data.proposal.label_words import UnclearLabelError
from core.errors import BadOptionError, FileProblemError
from core.schema.schema import Column, Label, Schema
from core.wording import percent


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
    with pytest.raises(FileProblemError, match="not one of its columns holds numbers, or words") as caught:
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
    assert (
        "name and city: words that hardly any users share: shown as context, never given to the model." in found.notes
    )
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
        (["1", "NA"], None, '--label: y has 1 distinct value ("1"); a label needs two, or with --negative up to 50.'),
        (["", ""], None, "--label: y has 0 distinct values (nothing); a label needs two, or with --negative up to 50."),
        (["1", "0"], "2", '--positive: y is never "2"; its values are "1" and "0".'),
    ],
)
def test_a_label_that_cannot_be_used_is_refused(values: list[str], positive: str | None, sentence: str) -> None:
    with pytest.raises(BadOptionError) as caught:
        look("\n".join(["x,y", *(f"7,{value}" for value in values)]), label="y", positive=positive)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("y", ["good", "bad"]),
        ("y", ["1", "yes"]),
        ("spam", ["1", "2"]),
        ("spam", ["-1", "1"]),
        ("is_legit", ["1", "0"]),
        ("isLegitimate", ["true", "false"]),
        ("not_spam", ["yes", "no"]),
        ("trusted", ["0", "1"]),
        ("y", ["1"] * 30 + ["0"] * 10),
        ("status", ["spam", "fraud"]),
    ],
)
def test_a_label_that_is_not_plain_is_asked_about(column: str, values: list[str]) -> None:
    table = "\n".join([f"x,{column}", *(f"7,{value}" for value in values)])
    with pytest.raises(UnclearLabelError) as caught:
        look(table, label=column)
    assert caught.value.exit_code == 4
    assert set(caught.value.shares) == set(values)
    assert all(f"--positive {value}" in str(caught.value) for value in values)
    other = values[0]
    label = look(table, label=column, positive=other).schema.label
    assert label is not None
    assert label.positive == other


def test_whoever_is_asked_sees_both_shares() -> None:
    table = "\n".join(["x,is_legit", *["7,1"] * 3, "7,0"])
    with pytest.raises(UnclearLabelError) as caught:
        look(table, label="is_legit")
    assert str(caught.value).replace("\u202f", " ") == (
        'Say which value of is_legit is a spammer: "1" (3 rows, 75.0 %) and "0" (1 row, 25.0 %). '
        "Add --positive 1 or --positive 0."
    )


def test_a_plain_label_is_said_with_its_share_and_how_to_turn_it_round() -> None:
    found = look("\n".join(["x,is_spam", *["7,1"] * 30, *["7,0"] * 10]), label="is_spam")
    assert 'is_spam "1" is taken for a spammer: 75.0\u202f% of the users. If that is the wrong way round, give ' in (
        " ".join(found.notes)
    )


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


def shuffled(*columns: str, n: int = 200) -> str:
    """A table of n rows: u (ids), spam (every fourth), age (values that repeat), and columns as text by row."""
    random = np.random.default_rng(0)
    rows = [f"u{i},{int(i % 4 == 0)},{random.integers(1, 60)}" for i in range(n)]
    cells = [",".join(parts) for parts in zip(*(column.split(";") for column in columns), strict=True)]
    return "\n".join(["u,spam,age,x", *(f"{row},{cell}" for row, cell in zip(rows, cells, strict=True))])


def texts(values: Iterable[object]) -> str:
    return ";".join(map(str, values))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (range(200), "a number that runs with the rows"),
        (range(1000, 400, -3), "a number that runs with the rows"),
        ([*range(120), *range(80)], "a number that runs with the rows"),
        (np.random.default_rng(1).permutation([*range(140), *range(60)]), "a number that runs with the rows"),
        (7 * np.random.default_rng(1).permutation(200) + 1, "different in every row"),
        (4915100000000 + np.random.default_rng(1).permutation(9_000_000)[:200], "different in every row"),
        ([4915100000000, *4915100000000 + np.random.default_rng(1).permutation(9_000_000)[:199]], "different in every"),
        ([7000 + i if i % 4 == 0 else "" for i in range(200)], "filled in for spammers and hardly anybody else"),
        ([9 if i % 8 == 0 else "" for i in range(200)], "filled in for spammers and hardly anybody else"),
        (["" if i % 4 == 0 else i % 7 for i in range(200)], "filled in for legitimate users and hardly anybody else"),
    ],
)
def test_a_column_that_is_no_fact_about_users_is_proposed_as_context_with_the_reason(
    values: Iterable[object], why: str
) -> None:
    found = look(shuffled(texts(values)), id="u", label="spam")
    assert found.schema.names == ("age",)
    assert found.schema.context == ("x",)
    assert sum(note.startswith(f"x: {why}") for note in found.notes) == 1


def test_a_column_that_follows_the_order_of_a_file_sorted_by_label_is_context() -> None:
    moments = np.cumsum(np.random.default_rng(2).exponential(3.7, 200)).round(2)
    rows = "\n".join(f"u{i},{int(i < 50)},{i * 7 % 40},{moment}" for i, moment in enumerate(moments))
    found = look(f"u,spam,age,seen\n{rows}\n", id="u", label="spam")
    assert found.schema.context == ("seen",)
    assert "the order of the file gives the label away" in " ".join(found.notes)
    mixed = "\n".join(f"u{i},{int(i % 4 == 0)},{i * 7 % 40},{moment}" for i, moment in enumerate(moments))
    assert look(f"u,spam,age,seen\n{mixed}\n", id="u", label="spam").schema.names == ("age", "seen")


def test_without_an_id_what_may_be_one_is_context_with_the_way_to_name_it() -> None:
    notes = look(shuffled(texts(np.random.default_rng(1).permutation(200) * 7 + 1)), label="spam").notes
    assert "x is different in every row: name it with --id, if it says who the user is." in notes


def test_an_index_that_was_saved_along_is_context_whatever_it_holds() -> None:
    rows = "\n".join(f"{i % 3},u{i},{i % 5}" for i in range(30))
    assert look(f"Unnamed: 0,u,age\n{rows}\n", id="u").schema.context == ("Unnamed: 0",)


def test_text_that_only_spammers_have_is_said_to_tell_reviewers_the_answer() -> None:
    found = look(shuffled(texts("by hand" if i % 4 == 0 else "" for i in range(200))), id="u", label="spam")
    assert (
        "x: filled in for spammers and hardly anybody else, so that it is known after the label; shown as context"
        in (" ".join(found.notes))
    )


def test_ordinary_columns_of_any_size_stay_features() -> None:
    random = np.random.default_rng(3)
    for values in (random.poisson(3, 200), random.integers(0, 2000, 200), random.exponential(9, 200).round(3)):
        assert look(shuffled(texts(values)), id="u", label="spam").schema.names == ("age", "x")


def test_twenty_columns_for_the_same_reason_are_one_sentence() -> None:
    header = ",".join(["u", "age", *(f"n{k}" for k in range(20))])
    rows = "\n".join(",".join([f"u{i}", str(i % 5), *(str(i + k) for k in range(20))]) for i in range(30))
    notes = look(f"{header}\n{rows}\n", id="u").notes
    assert len(notes) == 1
    assert "and 12 more" in notes[0]


def test_how_a_file_was_read_is_noted_and_a_decimal_comma_proposed() -> None:
    content = b"Users\n\nid;a;b\n" + b"".join(b"u%d;%d,5;%d\n" % (i, i * 7 % 13, i * 7 % 11) for i in range(30))
    notes = infer("users.csv", content, id="id").notes
    assert notes[0] == "Read as CSV with semicolons, UTF-8, header in line 3."
    assert "Most cells of a are written with a decimal comma" in notes[1]
    with pytest.raises(FileProblemError, match=r"nothing to score on.*--decimal ,"):
        infer("users.csv", re.sub(rb";[b0-9]+\n", b"\n", content), id="id")
    read = infer("users.csv", content, id="id", given=given(decimal=","))
    assert [column.name for column in read.schema.features] == ["a", "b"]


def table(**columns: list[str]) -> str:
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(f'"{cell}"' for cell in row) for row in rows)])


def proposed(values: list[str], *, kinds: list[str] | None = None) -> Column | None:
    """The feature that a column x of these values becomes, beside one of numbers."""
    text = table(n=[str(at % 7) for at in range(len(values))], x=values)
    found = infer("users.csv", text.encode(), kinds=kinds or []).schema
    return next((column for column in found.features if column.name == "x"), None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["DE", "PH", "PH", ""] * 10, Column("x", "category")),
        (["J", "N", "j"] * 10, Column("x", "flag", yes=("J", "j"), no=("N",))),
        (["12 %", "5.5 %", "7"] * 10, Column("x", "real", unit="%")),
        (["$1,200.50", "$80"] * 10, Column("x", "real", unit="$", thousands=",")),
        (["2026-11-01", "2025-01-31"] * 10, Column("x", "date", parts=("age", "weekday"))),
        (["31.12.2025 10:30"] * 10, Column("x", "time", parts=("age", "weekday", "hour"), form="%d.%m.%Y %H:%M")),
        (["01/02/2026", "28/02/2026"] * 10, Column("x", "date", parts=("age", "weekday"), form="%d/%m/%Y")),
        ([f"user {at}" for at in range(40)], None),
        (["the same"] * 40, None),
        (["7", "8", "7", "N.N."] * 20, None),
    ],
)
def test_text_is_proposed_as_what_its_values_seem_to_be(values: list[str], expected: Column | None) -> None:
    assert proposed(values) == expected


@pytest.mark.parametrize(
    ("values", "option", "expected"),
    [
        (["01/02/2026"] * 5, "x=date:%d/%m/%Y", Column("x", "date", parts=("age", "weekday"), form="%d/%m/%Y")),
        (["1,234", "5,678"] * 5, "x=thousands", Column("x", "real", thousands=",")),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked_about(values: list[str], option: str, expected: Column) -> None:
    with pytest.raises(UnclearColumnError) as caught:
        proposed(values)
    assert caught.value.exit_code == 4
    assert f'--kind "{option}"' in str(caught.value)
    assert option.partition("=")[2] in caught.value.answers.values()
    assert proposed(values, kinds=[option]) == expected
    assert proposed(values, kinds=["x=context"]) is None


def test_days_are_counted_between_dates_and_the_latest_has_no_age() -> None:
    text = table(
        n=["1", "2"] * 5, first=["2026-01-01", "2026-01-05"] * 5, seen=["2026-03-01", "2026-04-01"] * 5,
        signed=["2025-01-01", "2025-06-01"] * 5,
    )  # fmt: skip
    found = infer("users.csv", text.encode())
    assert found.schema.names == (
        "n", "first (age in days)", "first (weekday)", "first (days since signed)", "seen (weekday)",
        "seen (days since signed)", "seen (days since first)", "signed (age in days)", "signed (weekday)",
    )  # fmt: skip
    assert any("first and signed: ages are told as of the day on which a file is read" in note for note in found.notes)


def test_a_person_may_say_what_a_column_is() -> None:
    assert proposed(["1", "2", "3"] * 5, kinds=["X=category"]) == Column("x", "category")
    assert proposed(["1", "2", "3"] * 5, kinds=["x=code"]) == Column("x", "code")
    for kinds, words in (
        (["x"], "write it as NAME=KIND"),
        (["x=word"], "word is no kind"),
        (["y=code"], "no column y"),
    ):
        with pytest.raises(BadOptionError, match=words):
            proposed(["1", "2"], kinds=kinds)
    with pytest.raises(BadOptionError, match="make it a category"):
        proposed(["A", "B"] * 20, kinds=["x=flag"])


def test_the_columns_that_do_not_reach_the_model_are_counted() -> None:
    found = infer("users.csv", table(n=["1", "2"] * 20, x=["a", "b"] * 20, y=["c"] * 40).encode())
    assert (found.columns, found.reach) == (3, 2)
    assert left_out(3, 2) == "1 of 3 columns does not reach the model, for the reasons above."
    assert "y: the same in every row: context, as nothing can be learnt from it." in found.notes


MESSAGES = [f"message {at} says that prize number {at * 7} is yours" for at in range(40)]


def messages(label: list[str], texts: list[str] = MESSAGES) -> str:
    return "\n".join(["body,type", *(f"{text},{label[at % len(label)]}" for at, text in enumerate(texts))])


def test_long_and_mostly_distinct_texts_are_what_people_write_and_told() -> None:
    found = look(messages(["1", "0", "0"]), label="type")
    assert found.schema.features == (Column("body", "text", high=10_000),)
    assert found.schema.format == 3
    assert any(note.startswith("body: what people write, read as words and letters") for note in found.notes)
    names = [f"{first} {last}" for first in ("Ann", "Bob", "Cy", "Dee") for last in "KLMNOPQRST"]
    with pytest.raises(FileProblemError, match="there is nothing to score on"):
        look(messages(["1", "0", "0"], names), label="type")
    chosen = infer("x.csv", messages(["1", "0"], names).encode(), label="type", kinds=["body=text"])
    assert chosen.schema.texts == ("body",)
    assert look(
        messages(["1", "0"], ["今天的天气很好我们去公园玩吧" + chr(0x4E00 + at) for at in range(30)])
    ).schema.texts


def test_a_label_of_more_than_two_values_is_one_of_categories_with_its_negative() -> None:
    table = messages(["none", "age", "age", "gender"])
    with pytest.raises(
        UnclearLabelError, match="Add --negative VALUE; each of the others becomes a category"
    ) as caught:
        look(table.replace("none", "ok"), label="type")
    assert caught.value.option == "negative"
    found = infer("x.csv", table.encode(), label="type", negative="None")
    assert found.schema.label == Label("type", negative="none", categories=("age", "gender"))
    told = f'type: "age" and "gender" are categories, each of them a violation: {percent(3 / 4)} of the rows.'
    assert f'{told} "none" is none.' in found.notes
    assert read("x.csv", table.encode(), found.schema, need_label=True).frame["type"].sum() == 30
    two = infer("x.csv", messages(["ok", "bad"]).encode(), label="type", negative="ok")
    assert two.schema.label == Label("type", "bad", "ok")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"negative": "nobody"}, '--negative: type is never "nobody"; its values are'),
        ({"negative": "none", "positive": "age"}, "--positive: type has 3 values: give --negative alone."),
        ({"negative": "none", "positive": "none"}, '--negative: "none" is what --positive says too.'),
        ({"negative": "none", "label": None}, "--negative: say which column is the label"),
    ],
)
def test_a_negative_value_that_cannot_be_used_is_refused(options: dict[str, str], sentence: str) -> None:
    table = messages(["none", "age", "gender"])
    with pytest.raises(BadOptionError, match=re.escape(sentence)):
        infer("x.csv", table.encode(), **{"label": "type", **options})  # type: ignore[arg-type]
