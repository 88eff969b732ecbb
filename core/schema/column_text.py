"""Columns as `data/schema.toml` writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, cast

from core.errors import SchemaError, listed
from core.schema.column import KINDS, LEVELS_SINCE, SINCE, Column, Kind

#: Settings of a column that format 2 brought: lists of texts, and texts.
_LISTS: Final = ("missing", "yes", "no", "parts", "since")
_TEXTS: Final = ("unit", "thousands", "at", "form")
#: What format 4 brought: how many words of a category a version knows.
_LEVELS: Final = "levels"


def column_of(name: str, entry: object, version: int) -> Column:
    """A column from its line in a schema of this format. Raises SchemaError."""
    if not isinstance(entry, Mapping):
        raise SchemaError(f'{name} must look like {{ kind = "count", min = 0 }}.')
    known = {"kind", "min", "max"} | (set() if version == 1 else {*_TEXTS, *_LISTS})
    known |= {_LEVELS} if version >= LEVELS_SINCE else set()
    if version < LEVELS_SINCE and _LEVELS in entry:
        raise SchemaError(f"{name} has levels, which came with format {LEVELS_SINCE}: write format = {LEVELS_SINCE}.")
    unknown = set(entry) - known
    if unknown:
        also = " Others came with format 2: write format = 2." if version == 1 and unknown <= {*_TEXTS, *_LISTS} else ""
        names = listed([each for each in ("kind", "min", "max", *_LISTS, *_TEXTS, _LEVELS) if each in known])
        raise SchemaError(f"{name} has {listed(sorted(unknown))}; known settings are {names}.{also}")
    kind = entry.get("kind", "real")
    if isinstance(kind, str) and (since := SINCE.get(kind, 1)) > version:
        raise SchemaError(f"{name} has the kind {kind}, which came with format {since}: write format = {since}.")
    if kind not in KINDS:
        raise SchemaError(f"{name} has the kind {kind!r}; known kinds are {listed(KINDS)}.")
    texts: dict[str, Any] = {each: _setting(name, entry, each) for each in _TEXTS if each in entry}
    lists: dict[str, Any] = {each: _words(name, entry, each) for each in _LISTS if each in entry}
    low, high, levels = _bound(name, entry, "min"), _bound(name, entry, "max"), _most(name, entry)
    return Column(name, cast(Kind, kind), low, high, levels=levels, **texts, **lists)


def _setting(name: str, entry: Mapping[str, Any], which: str) -> str:
    if not isinstance(entry[which], str) or not entry[which]:
        raise SchemaError(f"{which} of {name} is {entry[which]!r}, not a text.")
    return str(entry[which])


def _words(name: str, entry: Mapping[str, Any], which: str) -> tuple[str, ...]:
    found = entry[which]
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise SchemaError(f"{which} of {name} must be a list of texts.")
    return tuple(found)


def _most(name: str, entry: Mapping[str, Any]) -> int:
    found = entry.get(_LEVELS)
    if found is None:
        return 0
    if type(found) is not int or found < 1:
        raise SchemaError(f"levels of {name} is {found!r}, not a whole number from 1 on.")
    return found


def _bound(name: str, entry: Mapping[str, Any], which: str) -> float | None:
    value = entry.get(which)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaError(f"{which} of {name} is {value!r}, not a number.")
    try:
        return float(value)
    except OverflowError:
        return math.inf  # which no range may be


def entry_of(column: Column) -> str:
    """Its line in a schema; `column_of` reads it."""
    parts = [f"kind = {quoted(column.kind)}"]
    parts += [f"min = {_number(column.low)}"] if column.low is not None else []
    parts += [f"max = {_number(column.high)}"] if column.high is not None else []
    lists = ((each, getattr(column, each)) for each in _LISTS)
    parts += [f"{name} = [{', '.join(map(quoted, found))}]" for name, found in lists if found]
    texts = ((each, getattr(column, each)) for each in _TEXTS)
    parts += [f"{name} = {quoted(found)}" for name, found in texts if found]
    parts += [f"{_LEVELS} = {column.levels}"] if column.levels else []
    return f"{_bare_or_quoted(column.name)} = {{ {', '.join(parts)} }}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))


def _bare_or_quoted(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else quoted(name)


def quoted(text: str) -> str:
    # A TOML basic string escapes as JSON does, except that DEL must be escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
