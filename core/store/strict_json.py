"""What a version says of itself, read with suspicion: plain JSON of finite numbers, and facts of the types they have.

Files of a version may come from anywhere, so that well-formed JSON may hold anything in any place.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NoReturn, TypeVar

from pydantic_core import from_json

#: Objects and lists inside each other; metadata have five.
MOST_NESTED: Final = 16
#: Whole numbers beyond 64 bits fit no column and no count.
_MOST_WHOLE: Final = 2**63
#: Every digit as 0, and the letter of a power of ten as a small one: numbers are finite, and within 64 bits, where they
#: have neither a power nor so many digits.
_DIGITS: Final = bytes.maketrans(b"123456789E", b"000000000e")
_POWER: Final = b"0e"
_LONG: Final = b"0" * 19
Facts = TypeVar("Facts")


def parsed(content: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError for anything that this program would not have written.

    That is: no UTF-8, names that come twice, numbers that are not finite or beyond 64 bits, half of a surrogate pair,
    nesting beyond 16 levels.
    """
    text = content if isinstance(content, str) else content.decode("utf-8")
    try:
        found = _plain(content)
        if found is None:
            found = json.loads(
                text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite, parse_int=_whole
            )  # fmt: skip
    except RecursionError:
        raise ValueError(f"is nested more than {MOST_NESTED} deep") from None
    if text.count("{") + text.count("[") > MOST_NESTED:  # fewer brackets cannot nest so deep
        level = [found]
        for _ in range(MOST_NESTED + 1):
            level = [inside for each in level for inside in _inside(each)]
        if level:
            raise ValueError(f"is nested more than {MOST_NESTED} deep")
    if isinstance(content, str) or (b"\\" in content and "\\u" in text):  # half of a pair is written so
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # UnicodeEncodeError is a ValueError
    return found


def _plain(content: bytes | str) -> dict[str, Any] | None:
    """The object of a text that shows at a glance to have neither large numbers nor names twice; None of any other.

    Of messages with many numbers this takes half the time of asking about each number and each name.
    """
    if isinstance(content, str):
        return None
    squeezed = content.translate(_DIGITS, b" \t\n\r")
    if _LONG in squeezed or _POWER in squeezed:
        return None
    try:
        found = from_json(content, allow_inf_nan=False)  # in half the time of the standard library
    except ValueError:  # the other way says what is wrong
        return None
    if not isinstance(found, dict):
        return None
    # What ends a name may stand in a text as well, so that there are as many as names only where no name was lost.
    names = len(found) + sum(len(each) for each in found.values() if isinstance(each, dict))
    return found if names == squeezed.count(b'":') else None


def typed(facts: Facts) -> Facts:
    """A dataclass, as it is. Raises TypeError unless every field, at any depth, is of the type that it names.

    Whole numbers stand for floating ones, flags for no number; floating numbers are finite, times have a zone.
    """
    hints = typing.get_type_hints(type(facts))
    for field in dataclasses.fields(facts):  # type: ignore[arg-type]  # a dataclass, by contract
        _check(getattr(facts, field.name), hints[field.name], field.name)
    return facts


def legible(text: str, most: int = 80) -> str:
    """What somebody else named or wrote, in one line and without characters that a terminal would obey."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _check(value: object, hint: Any, name: str) -> None:
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return
    if origin in {types.UnionType, typing.Union}:
        if value is not None:
            _check(value, next(each for each in inside if each is not types.NoneType), name)
    elif origin is tuple:
        _need(isinstance(value, tuple), name)
        for each in typing.cast("tuple[object, ...]", value):
            _check(each, inside[0], name)
    elif origin is Mapping:
        _need(isinstance(value, Mapping), name)
        for key, each in typing.cast("Mapping[object, object]", value).items():
            _check(key, inside[0], name)
            _check(each, inside[1], name)
    elif origin is typing.Literal:
        _need(value in inside, name)
    elif dataclasses.is_dataclass(hint):
        _need(type(value) is hint, name)
        typed(value)
    else:
        _need(_is(value, hint), name)


def _is(value: object, hint: type) -> bool:
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, hint) and not (isinstance(value, datetime) and value.tzinfo is None)


def _need(right: bool, name: str) -> None:  # noqa: FBT001
    if not right:
        raise TypeError(f"{name} is of another type than it has here")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("has a name twice in one place")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"has {text} in place of a number")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("has a number that is too large")
    return number


def _whole(text: str) -> int:
    if not -_MOST_WHOLE <= (number := int(text)) < _MOST_WHOLE:
        raise ValueError("has a number that is too large")
    return number
