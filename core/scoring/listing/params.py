"""How ranges and names are written in an address, and read from one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

from core.errors import BadOptionError

TO: Final = ".."


def of_range(ends: tuple[float, float]) -> str:
    """
    >>> of_range((0.25, 1))
    '0.25..1.0'
    """
    return TO.join(map(repr, map(float, ends)))


def ends(params: Mapping[str, str], name: str) -> tuple[float, float] | None:
    """The range under a name, None where there is none. Raises BadOptionError."""
    if name not in params:
        return None
    try:
        low, high = map(float, params[name].split(TO))
    except ValueError:
        low = high = math.nan
    if not low <= high:
        raise BadOptionError(name, f"{params[name][:60]!r} is no range: write it as 0.3{TO}0.7.")
    return low, high


def of_names(names: tuple[str, ...]) -> str:
    """As JSON: names may hold any character."""
    return json.dumps(names, ensure_ascii=False)


def names(params: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    """The names under a name, None where there are none. Raises BadOptionError."""
    if name not in params:
        return None
    try:
        found = json.loads(params[name])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BadOptionError(name, f"{params[name][:60]!r} is no list of names in JSON.")
    return tuple(found)
