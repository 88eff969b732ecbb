"""The schema file: what is written is read back, and what contradicts itself is said."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import SchemaError
from core.home import Home
from core.schema import schema as schemas
from core.schema.schema import KINDS, RESERVED, Column, Label, Schema, Thread, dumps, key, loads, matched

START, LATER, NEWEST, FOURTH = (f"format = {number}\n" for number in range(1, 5))
TODAY = date(2026, 11, 1)
ONE = '[features]\nX1 = { kind = "count" }\n'

names = st.text(min_size=1, max_size=12).filter(lambda name: bool(name.strip()) and not name.startswith(RESERVED))
bounds = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    low, high = draw(bounds), draw(bounds)
    if low is not None and high is not None and low > high:
        low, high = high, low
    kind = draw(st.sampled_from(KINDS))
    missing = tuple(draw(st.lists(st.sampled_from(["??", "-"]), max_size=2)))
    if kind == "category":
        return Column(name, kind, missing=missing, levels=draw(st.sampled_from([0, 1, 250])))
    if kind == "text":
        return Column(name, kind, high=draw(st.sampled_from([None, 1.0, 10_000.0])), missing=missing)
    if kind in {"date", "time"}:
        parts = draw(st.lists(st.sampled_from(["age", "weekday"]), min_size=1, unique=True))
        return Column(name, kind, missing=missing, parts=tuple(parts), form=draw(st.sampled_from(["", "%d.%m.%Y"])))
    if kind == "flag":
        yes, no = draw(st.sampled_from([((), ()), (("J", "ja"), ("N",)), (("t",), ("f",))]))
        return Column(name, kind, low, high, missing, yes, no)
    unit, thousands = draw(st.sampled_from([("", ""), ("%", ""), ("€", "."), ("", "'")]))
    return Column(name, kind, low, high, missing, unit=unit, thousands=thousands)


@st.composite
def schemata(draw: st.DrawFn) -> Schema:
    all_names = draw(st.lists(names, min_size=4, max_size=9, unique_by=key))
    cut = draw(st.integers(1, max(1, len(all_names) - 3)))
    positive, negative = draw(st.lists(st.text(max_size=5), min_size=2, max_size=2, unique_by=key))
    several = Label(all_names[-1], negative="none", categories=draw(st.sampled_from([("age", 'a"b'), ("1", "2", "3")])))
    id_, label = all_names[-2:]
    author, order = draw(st.sampled_from([(None, None), ("author?", None), (all_names[cut], "order?")]))
    return Schema(
        features=tuple(draw(columns(name)) for name in all_names[:cut]),
        id=draw(st.sampled_from([id_, None])),
        label=draw(st.sampled_from([Label(label, positive, negative), several, None])),
        context=tuple(all_names[cut:-2]),
        author=author,
        thread=draw(st.sampled_from([None, Thread("thread?", order)])),
        missing=tuple(draw(st.lists(st.sampled_from(["unknown", "-99999", 'say "x"']), max_size=2))),
    )


HOSTILE = [*"\"'\\#\n\r\0\x7f\x1b\u2028😀-", "a.b", "a = 1", "[x]", "{}", '"""']


@given(schemata())
@example(Schema(tuple(Column(f"x{name}y") for name in HOSTILE), context=tuple(f"y{name}x" for name in HOSTILE)))
@example(Schema((Column("1"), Column("1.5"), Column("true"), Column("-0", "real", -0.0, 2.0**53), Column("1e5"))))
def test_what_is_written_is_read_back(schema: Schema) -> None:
    assert loads(dumps(schema)) == schema


@given(schemata())
def test_a_file_holds_what_was_saved(schema: Schema) -> None:
    with tempfile.TemporaryDirectory() as folder:
        schemas.save(schema, Path(folder) / "data" / "schema.toml")
        assert schemas.load(Path(folder) / "data" / "schema.toml", TODAY) == schema.at(TODAY)


def test_the_example_in_the_docstring_is_a_schema() -> None:
    text = (schemas.__doc__ or "").split("for people to edit:")[1].split("Names are matched")[0]
    assert loads("\n".join(line[4:] for line in text.splitlines())) == Schema(
        features=(Column("X1", "count", 0), Column("X20", "flag", 0, 1)),
        id="user_id",
        label=Label("label", "1", "0"),
        context=("username", "country"),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (ONE, "The schema has format None; this program reads formats 1 to 4."),
        (f"format = 0\n{ONE}", "The schema has format 0; this program reads formats 1 to 4."),
        (f"{START}[features]\n'trustdesk:a' = {{}}", "names that begin with trustdesk: are Trustdesk's own."),
        (START, r"The schema has no \[features\] table."),
        (f"{START}features = 3", r"The schema has no \[features\] table."),
        (f"{START}[features]", "The schema names no feature: there is nothing to score on."),
        (f"{START}[features]\nX1 = 3", 'X1 must look like { kind = "count", min = 0 }.'),
        (f"{START}[features]\nX1 = {{ sort = 'count' }}", "X1 has sort; known settings are kind, min and max."),
        (f"{START}[features]\nX1 = {{ kind = 'words' }}", "X1 has the kind 'words'; known kinds are count, flag, code"),
        (f"{START}[features]\nX1 = {{ kind = ['flag'] }}", r"X1 has the kind \['flag'\]; known kinds are"),
        (f"{START}[features]\nX1 = {{ min = '0' }}", "min of X1 is '0', not a number."),
        (f"{START}[features]\nX1 = {{ max = true }}", "max of X1 is True, not a number."),
        (f"{START}[features]\nX1 = {{ min = 2, max = 1 }}", "X1 has min 2 above max 1."),
        (f"{START}[features]\nX1 = {{ min = nan }}", "X1 has a range that is not a number."),
        (f"{START}[features]\nX1 = {{ max = inf }}", "X1 has a range that is not a number."),
        (f"{START}[features]\nX1 = {{ max = 1{'0' * 400} }}", "X1 has a range that is not a number."),
        (f"{START}[features]\n'' = {{}}", "The schema has a column without a name."),
        (f"{START}[features]\nX1 = {{}}\nx1 = {{}}", "The schema names X1 and x1: names must differ in more than"),
        (f"{START}context = ['X1 ']\n{ONE}", "The schema names X1 and X1 : names must differ in more than case."),
        (f"{START}id.column = 'x1'\n{ONE}", "The schema names X1 and x1"),
        (f"{START}label.column = 'x1'\n{ONE}", "The schema names X1 and x1"),
        (f"{START}context = 'X2'\n{ONE}", "context must be a list of column names."),
        (f"{START}context = [3]\n{ONE}", "context must be a list of column names."),
        (f"{START}id = 'user'\n{ONE}", r"\[id\] must give column as text."),
        (f"{START}id = {{}}\n{ONE}", r"\[id\] must give column as text."),
        (f"{START}label = {{ column = true }}\n{ONE}", r"\[label\] must give column as text."),
        (f"{START}label = {{ column = 'y', positive = 1.5 }}\n{ONE}", r"\[label\] must give positive as text."),
        (
            f"{START}label = {{ column = 'y', positive = 'Yes', negative = 'yes ' }}\n{ONE}",
            "The label y has the same positive and negative value.",
        ),
        (f"{START}[features]\nX1 = {{ kind = 'category' }}", "X1 has the kind category, which came with format 2"),
        (
            f"{START}[features]\nX1 = {{ unit = '%' }}",
            "known settings are kind, min and max. Others came with format 2",
        ),
        (f"{START}as_of = 2026-01-01\n{ONE}", "as_of must be a date, such as 2026-11-01, in a schema of format 2."),
        (f"{LATER}as_of = 'now'\n{ONE}", "as_of must be a date"),
        (f"{LATER}[features]\nX1 = {{ kind = 'category', min = 0 }}", "X1 has min or max, which a category does not"),
        (f"{LATER}[features]\nX1 = {{ kind = 'category', levels = 9 }}", "X1 has levels, which came with format 4"),
        (f"{FOURTH}[features]\nX1 = {{ kind = 'count', levels = 9 }}", "X1 has levels, which a count does not have."),
        (f"{FOURTH}[features]\nX1 = {{ kind = 'category', levels = 251 }}", "has 251 levels; choose from 1 to 250."),
        (f"{FOURTH}[features]\nX1 = {{ kind = 'category', levels = 0 }}", "levels of X1 is 0, not a whole number"),
        (f"{LATER}[features]\nX1 = {{ kind = 'flag', yes = ['t'] }}", "X1 needs words for yes and others for no."),
        (f"{LATER}[features]\nX1 = {{ kind = 'flag', yes = ['t'], no = ['T'] }}", "words for yes and others for no."),
        (f"{LATER}[features]\nX1 = {{ yes = 't' }}", "yes of X1 must be a list of texts."),
        (f"{LATER}[features]\nX1 = {{ unit = '-' }}", "a unit has no digit, sign or point."),
        (f"{LATER}[features]\nX1 = {{ thousands = 'x' }}", "X1 has 'x' as thousands; it can be one of"),
        (f"{LATER}[features]\nX1 = {{ kind = 'date', parts = ['year'] }}", "X1 has the part 'year'; known parts are"),
        (f"{LATER}[features]\nX1 = {{ kind = 'date', parts = ['hour'] }}", "X1 is a date, which has no hour"),
        (f"{LATER}[features]\nX1 = {{ kind = 'date', parts = ['age'], at = 'X2' }}", "X1 names X2, which is no other"),
        (f"{LATER}[features]\nX1 = {{ kind = 'date' }}", "names dates alone, and no part of them"),
        (f"{LATER}[features]\nX1 = {{ kind = 'text' }}", "kind text, which came with format 3: write format = 3."),
        (f"{LATER}author.column = 'who'\n{ONE}", r"\[author\] came with format 3: write format = 3."),
        (f"{LATER}label = {{ column = 'y', categories = ['a', 'b'] }}\n{ONE}", "categories .* came with format 3"),
        (f"{NEWEST}[features]\nX1 = {{ kind = 'text', min = 1 }}", "X1 has min, which a text does not have."),
        (f"{NEWEST}[features]\nX1 = {{ kind = 'text', max = 0 }}", "X1 has max 0; it is a whole number of characters"),
        (
            f"{NEWEST}[features]\nX1 = {{ kind = 'text' }}\n'x1 (links)' = {{}}",
            "The schema names x1 .links. and X1 .li",
        ),
        (f"{NEWEST}label = {{ column = 'y', categories = ['a'] }}\n{ONE}", "must be two or more"),
        (f"{NEWEST}label = {{ column = 'y', categories = ['a', ' A'] }}\n{ONE}", "differ in more than case"),
        (f"{NEWEST}label = {{ column = 'y', categories = ['a', '0'] }}\n{ONE}", "the same positive and negative value"),
        (f"{NEWEST}label = {{ column = 'y', positive = 'a', categories = ['a', 'b'] }}\n{ONE}", "leave one out"),
        (f"{NEWEST}author.column = 'X1'\n{ONE}", "The schema names X1 and X1"),
        (
            f"{LATER}[features]\nX1 = {{ kind = 'date', parts = ['age'] }}\n'x1 (Age in days)' = {{}}",
            "The schema names x1 .Age in days. and X1 .age in days.",
        ),
    ],
)
def test_a_contradiction_is_said(text: str, sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence.replace("{", r"\{").replace("}", r"\}")):
        loads(text)


def test_whole_numbers_may_stand_for_texts_of_labels() -> None:
    assert loads(f"{START}label = {{ column = 'y', positive = 1, negative = 0 }}\n{ONE}").label == Label("y", "1", "0")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "This workspace has no schema.toml in .*data. Write one with: python3 -m app schema users.csv"),
        (b"format = ", "schema.toml is not valid TOML: "),
        (b"\xff\xfe", "schema.toml cannot be read: "),
        (b"a = " + b"[" * 100_000, "schema.toml is not valid TOML: it is nested too deep"),
        (f"format = 1{'0' * 5000}".encode(), "schema.toml is not valid TOML: "),
    ],
)
def test_a_file_that_is_no_schema_is_said(home: Home, content: bytes | None, sentence: str) -> None:
    if content is not None:
        home.settings.data.mkdir()
        home.settings.schema_file.write_bytes(content)
    with pytest.raises(SchemaError, match=sentence):
        schemas.load(home.settings.schema_file)


def test_a_file_may_have_a_byte_order_mark_and_windows_line_ends(home: Home) -> None:
    home.settings.data.mkdir()
    home.settings.schema_file.write_bytes(b"\xef\xbb\xbf" + f"{START}{ONE}".replace("\n", "\r\n").encode())
    assert schemas.load(home.settings.schema_file).names == ("X1",)


@given(schemata(), schemata())
def test_the_fingerprint_tells_schemas_apart(one: Schema, other: Schema) -> None:
    assert (one.fingerprint == other.fingerprint) == (one == other)
    assert one.fingerprint == loads(dumps(one)).fingerprint


def test_the_order_of_features_is_part_of_a_schema() -> None:
    one, other = Schema((Column("a"), Column("b"))), Schema((Column("b"), Column("a")))
    assert one.fingerprint != other.fingerprint


def test_names_match_without_regard_to_case_spaces_and_order() -> None:
    assert matched(["user_id", "X1", "X2"], [" x1", "USER_ID ", "other"]) == {"user_id": 1, "X1": 0}


def test_a_kind_says_whether_values_are_whole() -> None:
    assert [Column("a", kind).whole for kind in ("count", "flag", "code", "real")] == [True, True, True, False]


def test_a_label_written_in_two_ways_is_one_value() -> None:
    with pytest.raises(SchemaError, match="same positive and negative value"):
        Label("spam", "1", "1.0")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('missing = "-"', "missing must be a list of texts"),
        ("missing = [-999]", "missing must be a list of texts"),
        ('missing = [" "]', "nothing can be seen"),
        ('missing = ["1.0"]\nlabel = { column = "y" }', "says that 1.0 is missing, and that it is a label"),
    ],
)
def test_marks_that_say_nothing_or_contradict_the_label_are_refused(line: str, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        loads(f"{START}{line}\n{ONE}")


def test_marks_of_missing_values_change_what_the_same_bytes_are_read_as() -> None:
    without, with_ = loads(START + ONE), loads(f'{START}missing = ["-"]\n{ONE}')
    assert with_.missing == ("-",)
    assert without.fingerprint != with_.fingerprint
    assert "missing" not in dumps(without)


def test_what_format_1_can_say_is_written_in_it_and_the_rest_in_format_2() -> None:
    assert dumps(Schema((Column("a", "flag", 0, 1),))).startswith(START)
    text = dumps(Schema((Column("a", "flag", yes=("J",), no=("N",)), Column("b", "category"))))
    assert text.startswith(LATER)
    assert loads(text).categories == ("b",)


def test_a_category_says_how_many_words_a_version_knows_of_it_in_format_4() -> None:
    text = dumps(Schema((Column("a"), Column("b", "category", levels=40))))
    assert text.startswith(FOURTH)
    assert 'b = { kind = "category", levels = 40 }' in text
    assert loads(text).features[1].levels == 40
    spoken = Schema((Column("b", "category", levels=40),), author="who")
    assert (spoken.format, loads(dumps(spoken))) == (4, spoken)


def test_a_model_gets_of_a_moment_what_can_be_told_of_it() -> None:
    signed = Column("signed", "time", parts=("age", "hour"), at="seen", since=("first",))
    schema = Schema((Column("n"), signed, Column("first", "date", parts=("weekday",)), Column("seen", "date")))
    told = ("signed (age in days)", "signed (hour)", "signed (days since first)", "first (weekday)")
    assert schema.names == ("n", *told)
    assert schema.inputs == ("n", "signed", "first", "seen")
    assert schema.only(["signed (hour)"]).inputs == ("signed", "first", "seen")


def test_an_age_that_no_column_gives_a_moment_for_is_told_today() -> None:
    schema = Schema((Column("signed", "date", parts=("age",)),))
    assert schema.at(TODAY).as_of == TODAY
    assert schema.at(TODAY).at(date(2020, 1, 1)).as_of == TODAY
    assert schema.at(TODAY).fingerprint != schema.at(date(2020, 1, 1)).fingerprint
    assert Schema((Column("n"),)).at(TODAY).as_of is None
