"""One user's values as a person or a program gives them (words, true and false, dates, numbers), read as cells are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.data import problems
from core.data.cells import BUILT_IN, LARGEST, Floats, Marks
from core.data.kinds import moment, reading, text
from core.errors import FeatureValueError
from core.schema.column import Column
from core.schema.levels import plain, written
from core.schema.schema import Schema
from core.wording import value_text

Value = float | str | bool | None
_UNKNOWN = float("nan")


def number(column: Column, value: Value, marks: Marks = BUILT_IN) -> float:
    """The number of a value, of a moment its seconds; NaN for none. Raises FeatureValueError for one of another kind.

    >>> number(Column("premium", "flag", yes=("J",), no=("N",)), True), number(Column("links", "count"), 3)
    (1.0, 3.0)
    """
    if value is None:
        return _UNKNOWN
    if isinstance(value, bool):
        if column.kind != "flag":
            raise FeatureValueError(column.name, f"it is no yes or no, but a {column.kind}.")
        return float(value)
    if not isinstance(value, str):
        if column.worded:
            value = value_text(value)
        elif column.moment and not column.form:
            raise FeatureValueError(column.name, f"write it as text, as in {reading.allowed(column)}.")
        elif not column.moment:
            return _flag(column, float(value))
        else:
            value = value_text(value)
    elif not column.later:
        raise FeatureValueError(column.name, "this is text: give a number without quotes, or null.")
    found = reading.by_kind(column, marks)(value)
    if isinstance(found, str):
        raise FeatureValueError(column.name, f"{_clause(found, column)}.")
    return found


def _flag(column: Column, value: float) -> float:
    if column.yes and value not in {0, 1}:
        raise FeatureValueError(column.name, "give true, false, or one of its words.")
    if abs(value) > LARGEST:
        raise FeatureValueError(column.name, f"give a number of at most {LARGEST:.2g}, or null.")
    return value


def _clause(code: str, column: Column) -> str:
    """What is wrong, and how to write a value. What was sent is not said again: answers are logged."""
    return problems.clause(code, allowed=reading.allowed(column)).replace(problems.quoted(""), "this", 1)


def values(schema: Schema, given: Mapping[str, Value]) -> tuple[list[float], dict[str, str]]:
    """What a model gets of a user, in the order of `schema.names`, and the words of the features that are some.

    given: by the names of the schema; what is absent is missing, and so is what `of_texts` counts.
    """
    marks = Marks.of(schema.missing)
    texts = {each: _as_text(each, given.get(each.name), marks) for each in schema.features if each.kind == "text"}
    own = {each.name: number(each, given.get(each.name), marks) for each in schema.features if each not in texts}
    seconds = {name: np.array([own[name]]) for name in schema.moments}
    own |= {column.name: float(each[0]) for column, each in moment.derived(schema, seconds, 1)}
    words = {name: plain(_text(given[name])) for name in schema.categories if own[name] == own[name]}
    return [own.get(name, _UNKNOWN) for name in schema.names], words | {
        column.name: said for column, said in texts.items() if said is not None
    }


def of_texts(schema: Schema, texts: Mapping[str, Sequence[str | None]]) -> dict[str, Floats]:
    """What a model gets of texts by the names of its columns, of many users (n,) at once: their numbers, and what is
    counted in them. texts: by the features that are some, as `values` gives them, None where missing.
    """
    columns = (each for each in schema.features if each.kind == "text")
    return {told.name: found for each in columns for told, found in text.derived(each, texts[each.name])}


def _as_text(column: Column, value: Value, marks: Marks) -> str | None:
    """A text as it is kept, None where it is missing. Raises FeatureValueError."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise FeatureValueError(column.name, "it is no yes or no, but a text.")
    said = _text(value)
    return None if marks.and_of(column.missing).missing(said) else text.given(said, column)


def cut(schema: Schema, given: Mapping[str, Value]) -> tuple[str, ...]:
    """The texts among the values of a user that are longer than their columns keep."""
    texts = (each for each in schema.features if each.kind == "text")
    lengths = ((each, given.get(each.name)) for each in texts)
    return tuple(each.name for each, said in lengths if isinstance(said, str) and len(said) > each.characters)


def as_context(words: Mapping[str, str]) -> dict[str, str]:
    """Words as they go with a user, under the names that tables have them by."""
    return {written(name): word for name, word in words.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value_text(value)
