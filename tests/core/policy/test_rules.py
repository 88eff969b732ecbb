"""Rules: conditions mean what they say, and what cannot be used is refused with the field that is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError
from core.policy.matching import holds, matched
from core.policy.rules import OPERATORS, Condition, Rule, all_from_json
from core.policy.users import Kinds, Users
from core.schema.schema import Column, Schema
from tests import make, make_messages

NAN = float("nan")
KINDS = Kinds.of(make.SCHEMA)


def users(**columns: object) -> Users:
    """Users by their columns; those with a score are as many."""
    n = len(next(iter(columns.values())))  # type: ignore[arg-type]
    given_ = {name: np.array(values, object if name in {"country", "name", "user"} else float)
              for name, values in columns.items() if name != "score"}  # fmt: skip
    score = np.array(columns.get("score", np.zeros(n)), float)
    zeros = np.zeros(n, np.int64)
    return Users(given_, score, zeros + 1, zeros + 2, KINDS, lambda ids: np.array([len(each) for each in ids]))


def rule(*conditions: Condition, **options: object) -> Rule:
    return Rule(**{"name": "r", "effect": "at least", "band": "human_review", "conditions": conditions} | options)  # type: ignore[arg-type]


LINKS = users(links=[0.0, 3.0, 7.0, NAN], country=["DE", " ph ", None, "PH"], user=["ab", "c", None, "a"])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition("links", "=", (3.0,)), [0, 1, 0, 0]),
        (Condition("links", "!=", (3.0,)), [1, 0, 1, 0]),
        (Condition("links", "<", (3.0,)), [1, 0, 0, 0]),
        (Condition("links", "<=", (3.0,)), [1, 1, 0, 0]),
        (Condition("links", ">", (3.0,)), [0, 0, 1, 0]),
        (Condition("links", ">=", (3.0,)), [0, 1, 1, 0]),
        (Condition("links", "in", (0.0, 7.0)), [1, 0, 1, 0]),
        (Condition("links", "not in", (0.0, 7.0)), [0, 1, 0, 0]),
        (Condition("links", "is missing"), [0, 0, 0, 1]),
        (Condition("links", "is not missing"), [1, 1, 1, 0]),
        (Condition(" LINKS ".strip(), ">", (3.0,)), [0, 0, 1, 0]),
        (Condition("country", "=", ("ph",)), [0, 1, 0, 1]),
        (Condition("country", "!=", ("PH",)), [1, 0, 0, 0]),
        (Condition("country", "in", ("PH", "de")), [1, 1, 0, 1]),
        (Condition("country", "not in", ("PH",)), [1, 0, 0, 0]),
        (Condition("country", "is missing"), [0, 0, 1, 0]),
        (Condition("country", "contains", ("h",)), [0, 1, 0, 1]),
        (Condition("country", "starts with", ("D",)), [1, 0, 0, 0]),
        (Condition("user", "starts with", ("a",)), [1, 0, 0, 1]),
        (Condition("n_missing", "=", (1.0,)), [1, 1, 1, 1]),
        (Condition("n_novel", ">", (1.0,)), [1, 1, 1, 1]),
        (Condition("times_seen", ">=", (2.0,)), [1, 0, 0, 0]),
        (Condition("name", "is missing"), [1, 1, 1, 1]),
        (Condition("name", "=", ("x",)), [0, 0, 0, 0]),
        (Condition("ratio", "is missing"), [1, 1, 1, 1]),
        (Condition("ratio", "<", (9.0,)), [0, 0, 0, 0]),
        (Condition("removed", "is missing"), [0, 0, 0, 0]),
        (Condition("removed", "!=", ("x",)), [0, 0, 0, 0]),
    ],
)
def test_a_condition_holds_for_whom_it_says_and_for_nobody_whose_value_is_missing(
    condition: Condition, expected: list[int]
) -> None:
    assert holds(condition, LINKS).astype(int).tolist() == expected


def test_all_conditions_of_a_rule_must_hold() -> None:
    both = rule(Condition("links", ">", (1.0,)), Condition("country", "=", ("PH",)))
    assert matched(both, LINKS).tolist() == [False, True, False, False]


values = st.floats(allow_nan=True, allow_infinity=False, width=32)


@given(st.lists(values, min_size=1, max_size=20), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_an_operator_and_its_opposite_part_those_who_have_a_value(numbers: list[float], value: float) -> None:
    someone = users(links=numbers)
    there = ~np.isnan(numbers)
    for one, other in (("=", "!="), ("<", ">="), (">", "<="), ("in", "not in")):
        a, b = (holds(Condition("links", each, (value,)), someone) for each in (one, other))  # type: ignore[arg-type]
        assert ((a ^ b) == there).all()
        assert not (a & b).any()


@given(st.lists(st.none() | st.text(max_size=4), min_size=1, max_size=10), st.text(min_size=1, max_size=3))
def test_texts_are_compared_as_python_compares_folded_texts(texts: list[str | None], wanted: str) -> None:
    try:
        condition = Condition("country", "contains", (wanted,))
    except BadOptionError:
        return
    expected = [text is not None and wanted.strip().casefold() in text.strip().casefold() for text in texts]
    assert holds(condition, users(country=texts)).tolist() == expected


@pytest.mark.parametrize(
    ("column", "operator", "given_", "field", "words"),
    [
        ("", "=", (1.0,), "column", "is empty"),
        ("links", "~", (1.0,), "operator", "is none of"),
        ("links", "=", (), "value", "takes one value, not 0"),
        ("links", "=", (1.0, 2.0), "value", "takes one value, not 2"),
        ("links", "in", (), "value", "takes 1 to 1,000 values"),
        ("links", "is missing", (1.0,), "value", "takes no value"),
        ("links", ">", (NAN,), "value", "neither text nor a finite number"),
        ("links", ">", (float("inf"),), "value", "neither text nor a finite number"),
        ("links", ">", ("many",), "value", "compares numbers"),
        ("country", "contains", (3.0,), "value", "looks at text"),
        ("country", "=", ("x" * 10_000,), "value", "at most 200 characters, not 10,000"),
        ("country", "=", ("a\x00b",), "value", "cannot be seen"),
    ],
)
def test_a_condition_that_cannot_be_used_says_which_field_is_wrong(
    column: str, operator: str, given_: tuple[float | str, ...], field: str, words: str
) -> None:
    with pytest.raises(BadOptionError, match=words) as error:
        Condition(column, operator, given_)  # type: ignore[arg-type]
    assert error.value.option == field


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 61}, "name"), ({"effect": "maybe"}, "effect"),
        ({"band": "remove"}, "band"), ({"state": "on"}, "state"), ({"conditions": ()}, "conditions"),
        ({"reason": "Not a code"}, "reason"), ({"note": "x" * 1001}, "note"), ({"owner": "\n"}, "owner"),
        ({"expires": datetime(2026, 1, 1)}, "expires"),  # noqa: DTZ001 - that is what is wrong with it
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_says_which_field_is_wrong(options: dict[str, object], field: str) -> None:
    with pytest.raises(BadOptionError) as error:
        rule(Condition("links", "is missing"), **options)
    assert error.value.option == field


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition("nowhere", ">", (1.0,)), "this workspace has no column nowhere; it has user, name, country, links"),
        (Condition("links", "contains", ("1",)), "links holds numbers"),
        (Condition("country", "<", (1.0,)), "country holds text"),
        (Condition("links", "in", (1.0, "many")), "'many' is none"),
    ],
)
def test_what_the_columns_of_the_home_do_not_hold_is_told_with_rule_and_condition(
    condition: Condition, words: str
) -> None:
    with pytest.raises(BadOptionError, match=words) as error:
        KINDS.check([rule(Condition("links", "is missing"), condition)])
    assert error.value.option.startswith("rule r, condition 2, ")


def test_a_column_of_the_home_is_hidden_by_one_of_the_same_name_that_everybody_has() -> None:
    hidden = Kinds.of(Schema((Column("score"),)))
    someone = Users({"score": np.array([5.0])}, np.array([0.5]), np.zeros(1, int), np.zeros(1, int), hidden, len)  # type: ignore[arg-type]
    assert holds(Condition("score", "<", (1.0,)), someone).all()


texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
conditions = st.one_of(
    st.builds(Condition, texts, st.sampled_from(["=", "<", ">="]),
              st.tuples(st.floats(allow_nan=False, allow_infinity=False))),
    st.builds(Condition, texts, st.sampled_from(["in", "not in"]), st.lists(texts, min_size=1, max_size=3).map(tuple)),
    st.builds(Condition, texts, st.sampled_from(["contains", "="]), st.tuples(texts)),
    st.builds(Condition, texts, st.sampled_from(["is missing", "is not missing"])),
)  # fmt: skip
rules_ = st.builds(
    Rule, texts, st.sampled_from(["at least", "at most", "exactly"]), st.sampled_from(["allow", "human_review"]),
    st.lists(conditions, min_size=1, max_size=3).map(tuple), st.sampled_from(["draft", "shadow", "live"]),
    st.sampled_from(["", "links"]), st.text(max_size=9), st.sampled_from(["", "Lea"]),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


@given(rules_)
def test_a_rule_is_read_as_it_was_written(one: Rule) -> None:
    assert all_from_json([one.as_json()]) == (one,)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "rule 1, rule"),
        ({"name": "a", "effect": "exactly", "band": "allow", "conditions": "x"}, "rule a, conditions"),
        ({"name": "a", "effect": "exactly", "band": "allow", "conditions": [3]}, "rule a, condition 1, condition"),
        ({"name": "a", "effect": "exactly", "band": "allow", "conditions": [], "colour": 1}, "rule a, rule"),
        ({"name": "a", "effect": "exactly", "band": "allow", "expires": "soon",
          "conditions": [{"column": "x", "operator": "is missing"}]}, "rule a, expires"),
        ({"name": "a", "effect": "exactly", "band": "allow",
          "conditions": [{"column": "x", "operator": "=", "value": {"a": 1}}]}, "rule a, condition 1, value"),
        ({"name": "a", "effect": "exactly", "band": "allow",
          "conditions": [{"column": "x", "operator": "=", "value": 10**400}]}, "rule a, condition 1, value"),
        ({"name": "a", "effect": "exactly", "band": "allow",
          "conditions": [{"column": "x", "operator": "=", "value": True}]}, "rule a, condition 1, value"),
    ],
)  # fmt: skip
def test_what_a_person_wrote_wrong_is_told_with_its_place(raw: object, place: str) -> None:
    with pytest.raises(BadOptionError) as error:
        all_from_json([raw])
    assert error.value.option == place


def test_every_operator_is_one_that_a_condition_takes() -> None:
    found: list[npt.NDArray[np.bool_]] = []
    for operator in OPERATORS:
        given_: tuple[float | str, ...] = () if "missing" in operator else (3.0,)
        column = "links"
        if operator in {"contains", "starts with"}:
            column, given_ = "country", ("P",)
        found.append(holds(Condition(column, operator, given_), LINKS))
    assert len({each.tobytes() for each in found}) > len(OPERATORS) // 2


CATEGORIES = Kinds.of(make_messages.KINDS)


@pytest.mark.parametrize(
    ("kinds", "condition", "sentence"),
    [
        (
            KINDS,
            Condition("category", "=", ("spam",)),
            "the label of this workspace has no categories: data",
        ),
        (KINDS, Condition("category_probability", ">", (0.5,)), "the label of this workspace has no categories"),
        (
            CATEGORIES,
            Condition("category", "in", ("crypto", "fraud")),
            "'fraud' is none of the categories crypto",
        ),
        (CATEGORIES, Condition("category", ">", (0.5,)), "category holds text, and > compares numbers"),
        (CATEGORIES, Condition("category_probability", "=", ("crypto",)), "category_probability holds numbers"),
    ],
)
def test_a_condition_on_a_category_that_there_is_not_is_refused_with_a_sentence(
    kinds: Kinds, condition: Condition, sentence: str
) -> None:
    with pytest.raises(BadOptionError, match=re.escape(sentence)):
        kinds.check([rule(condition)])


@pytest.mark.parametrize(
    "condition",
    [
        Condition("category", "=", ("CRYPTO",)), Condition("category", "is missing"),
        Condition("category", "starts with", ("cry",)), Condition("category_probability", ">=", (0.5,)),
    ],
)  # fmt: skip
def test_a_condition_on_a_category_that_there_is_can_be_used(condition: Condition) -> None:
    CATEGORIES.check([rule(condition)])
