"""A first schema from a table: what each column seems to be, never what it means.

A column of numbers becomes a feature, everything else context. Kinds are told from the values only; codes
(numbers that stand for something) look like counts, so a person must say which columns are codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from core.data import cells
from core.data.cells import Floats, Marks, Numbers, judge
from core.data.layout import is_result
from core.data.payload import open_text
from core.data.problems import quoted
from core.data.records import Records, split
from core.errors import BadOptionError, FileProblemError, listed
from core.schema.schema import Column, Label, Schema, key, matched
from core.wording import count

#: Share of numbers among the cells that are not missing, from which a column is a feature.
ENOUGH: Final = 0.95
#: Label values that mean "yes, a spammer" wherever they occur.
_POSITIVE: Final = frozenset({"true", "yes", "spam", "spammer"})


@dataclass(frozen=True, slots=True)
class Inferred:
    """A schema to look through, and what a person should know before using it."""

    schema: Schema
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A column, looked at: the feature it can be, or None and why not."""

    name: str
    feature: Column | None
    reason: str
    note: str | None
    distinct: bool


def infer(
    name: str,
    payload: bytes | Path,
    *,
    id: str | None = None,  # noqa: A002 - the word of the command line and of the schema
    label: str | None = None,
    positive: str | None = None,
    missing: Sequence[str] = (),
) -> Inferred:
    """Propose a schema for a CSV file, plain or gzipped. `missing`: what says so besides the built-in marks.

    Raises FileProblemError when the file cannot be read as a table or has no column of numbers, and
    BadOptionError when `id`, `label` or `positive` cannot be used.
    """
    records = split(name, open_text(name, payload).data, wanted=[text for text in (id, label) if text])
    at_id, at_label = _position(name, records, "--id", id), _position(name, records, "--label", label)
    if at_id is not None and at_id == at_label:
        raise BadOptionError("--label", f"{label} is the id column: give another.")
    if positive is not None and at_label is None:
        raise BadOptionError("--positive", "say which column is the label: --label NAME.")
    marks = Marks.of(missing)
    rest = [at for at, column in enumerate(records.header) if column and at not in (at_id, at_label)]
    seen = [_look(records.header[at], numbers) for at, numbers in _columns(records, rest, marks)]
    features = tuple(column.feature for column in seen if column.feature)
    if not features:
        raise FileProblemError(
            name, "no_numbers", "not one of its columns holds numbers: there is nothing to score on."
        )
    schema = Schema(
        features=features,
        id=None if at_id is None else records.header[at_id],
        label=None if at_label is None else _label(records, at_label, positive, marks),
        context=tuple(column.name for column in seen if column.feature is None),
        missing=tuple(missing),
    )
    return Inferred(schema, tuple(_notes(records, seen, schema)))


def _position(name: str, records: Records, option: str, column: str | None) -> int | None:
    if column is None:
        return None
    found = matched([column], records.header)
    if not column.strip() or not found:
        raise BadOptionError(option, f"{name} has no column {column}; it has {listed(records.header)}.")
    return found[column]


def _columns(records: Records, positions: list[int], marks: Marks) -> Iterator[tuple[int, Numbers]]:
    texts = records.columns(dict.fromkeys(positions, cells.TEXT), marks.nulls, null_text=True)
    for at in positions:
        yield at, cells.judged(texts.pop(at), marks)


def _look(name: str, numbers: Numbers) -> _Seen:
    known = numbers.values[~np.isnan(numbers.values)]
    wrong = 0 if numbers.wrong is None else len(numbers.wrong.at)
    if is_result(name):
        return _Seen(name, None, "result", None, distinct=False)
    if not known.size and not wrong:
        return _Seen(name, None, "empty", None, distinct=False)
    if known.size < ENOUGH * (known.size + wrong):
        return _Seen(name, None, "text", None, distinct=False)
    whole = bool((np.trunc(known) == known).all())
    distinct = whole and 1 < known.size == len(numbers.values) == len(np.unique(known))
    return _Seen(name, _feature(name, known, whole=whole), "", _stray(name, numbers), distinct)


def _feature(name: str, known: Floats, *, whole: bool) -> Column:
    if not whole or known.min() < 0:
        return Column(name, "real")
    if known.max() <= 1:
        return Column(name, "flag", 0, 1)
    return Column(name, "count", 0)


def _stray(name: str, numbers: Numbers) -> str | None:
    if numbers.wrong is None:
        return None
    total, first = len(numbers.wrong.at), quoted(str(numbers.wrong.texts[0].as_py()))
    verb, rows = ("is not a number", "its row") if total == 1 else ("are not numbers", "their rows")
    return f"{name}: {count(total, 'cell')} {verb} (the first is {first}): {rows} will be rejected."


def _label(records: Records, at: int, positive: str | None, marks: Marks) -> Label:
    name = records.header[at]
    column = records.columns({at: pa.large_string()})[at]
    values = _values(column, marks)
    if len(values) != 2:
        shown = listed([quoted(text) for text in values.values()])
        raise BadOptionError(
            "--label", f"{name} has {count(len(values), 'distinct value')} ({shown}); a label needs exactly two."
        )
    yes = _positive(name, values, positive)
    no = next(value for value in values if value != yes)
    return Label(name, values[yes], values[no])


def _positive(name: str, values: dict[str | float, str], positive: str | None) -> str | float:
    shown = listed([quoted(text) for text in values.values()])
    if positive is not None:
        if _meaning(positive) not in values:
            raise BadOptionError("--positive", f"{name} is never {quoted(positive)}; its values are {shown}.")
        return _meaning(positive)
    likely = [value for value in values if value == 1.0 or value in _POSITIVE]
    if len(likely) != 1:
        raise BadOptionError("--positive", f"say which value of {name} is the positive one (a spammer): {shown}.")
    return likely[0]


def _values(column: Any, marks: Marks) -> dict[str | float, str]:
    """Distinct labels that are not missing, by what they are compared by, with the first way they are written."""
    found: dict[str | float, str] = {}
    for text in column.unique().to_pylist():
        if not marks.missing(text):
            found.setdefault(_meaning(text), text.strip())
    return found


def _meaning(text: str) -> str | float:
    number = judge(text)
    return number if isinstance(number, float) and not np.isnan(number) else key(text)


def _notes(records: Records, seen: list[_Seen], schema: Schema) -> Iterator[str]:
    if schema.id is None:
        yield "No column is named as the id: the row number serves as one."
        for column in seen:
            if column.distinct:
                yield f"{column.name} is different in every row: name it with --id, or the model will learn from it."
    yield from (column.note for column in seen if column.note)
    reasons = {
        "text": "not numbers: shown as context, never given to the model",
        "empty": "empty in every row: context until there are values",
        "result": "named like a result of ours: context, and renamed when read",
    }
    for reason, words in reasons.items():
        names = [column.name for column in seen if column.reason == reason]
        if names:
            yield f"{listed(names)}: {words}."
    unnamed = [f"column {at}" for at, column in enumerate(records.header, 1) if not column]
    if unnamed:
        yield f"{listed(unnamed)}: without a name in the header, kept as context."
    if records.unusable:
        yield f"{count(records.unusable, 'row')} cannot be split into the header's columns and will be rejected."
