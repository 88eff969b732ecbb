"""A message in bytes takes a short way where it is plain, and is read as a text, which always takes the long way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.store import strict_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.sampled_from('a1Ee0":,{}\\ \t-é'), max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text('ab": 1', max_size=2), inside, max_size=3),
    max_leaves=8,
)


def read(content: bytes | str) -> Any:
    try:
        return strict_json.parsed(content)
    except ValueError as error:
        return str(error)


@settings(max_examples=200)
@given(st.dictionaries(st.text('abE1": ', max_size=3), VALUES, max_size=4), st.sampled_from([None, 1]), st.booleans())
def test_the_short_way_gives_what_the_long_way_gives(value: Any, indent: int | None, ascii_: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    assert repr(read(text.encode())) == repr(read(text))


@settings(max_examples=200)
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,18})([.][0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_is_the_same_either_way_however_it_is_written(number: str) -> None:
    text = f'{{"a": {number}}}'
    assert repr(read(text.encode())) == repr(read(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}', '{"a" : 1, "a"\n: 2}', '{"a": {"b": 1, "b": 2}}', '{"a": ["b", {"c": 1, "c": 1}]}',
        '{"a": {"b": 1}, "a": 2}', '{"a": 1E999}', '{"a": 1.5e999}', '{"a": 9223372036854775808}', '{"a": NaN}',
        '{"a": 9223372036854775807}', '{"a": -0.0}', '{"a": ":"}', '{"a": "\\":", "b": 1}', '{"a": 1} x', "{", "[1]",
    ],
)  # fmt: skip
def test_neither_way_takes_what_the_other_refuses(text: str) -> None:
    assert repr(read(text.encode())) == repr(read(text))
