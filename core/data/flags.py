"""Accepted numbers: their type, and what is odd about them although they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from core.data.cells import WHOLE_LIMIT, Floats
from core.data.lines import Ints
from core.data.problems import Problem
from core.data.records import Bools, Small
from core.schema.schema import Column
from core.wording import count

#: Numbers converted in one go. A slice stays in the cache, and a second column of memory is never needed.
_SLICE: Final = 1 << 15
_KEPT: Final = "Kept as written: check where such values come from."


def settle(values: Floats, column: Column) -> Floats | Ints:
    """Whole numbers as int64 where the kind is whole and nothing is missing, else the values as they are.

    The memory of `values` is used again: do not use them after.
    """
    if not column.whole or not all(_whole(values[at : at + _SLICE]) for at in range(0, len(values), _SLICE)):
        return values
    whole = values.view(np.int64)
    for at in range(0, len(values), _SLICE):
        whole[at : at + _SLICE] = values[at : at + _SLICE].astype(np.int64)
    return whole


def _whole(values: Floats) -> bool:
    # NaN is less than nothing, so a missing value makes this False.
    return bool((np.abs(values) < WHOLE_LIMIT).all() and (np.trunc(values) == values).all())


def flags(values: Floats, column: Column, line: Small) -> Iterator[Problem]:
    """What is kept but worth knowing; `line` is the line in the file of each value."""
    unknown = np.isnan(values)
    if unknown.any():
        yield _problem(
            "missing", column.name, unknown, line, "missing", "Missing stays missing: nothing is filled in.", "cell"
        )
    if column.whole:
        fraction = ~unknown & (np.trunc(values) != values)
        if fraction.any():
            what = f"not whole, although it is a {column.kind}"
            yield _problem("not_whole", column.name, fraction, line, what, _KEPT)
    outside = _outside(values, column)
    if outside is not None:
        yield _problem("out_of_range", column.name, outside, line, f"outside {_range(column)}", _KEPT)


def _problem(
    code: str, name: str, mask: Bools, line: Small, what: str, advice: str, noun: str = "value"
) -> Problem:  # fmt: skip
    rows = int(mask.sum())
    verb = "is" if rows == 1 else "are"
    first = int(line[int(mask.argmax())])
    sentence = f"{name}: {count(rows, noun)} {verb} {what} (first on line {first}). {advice}"
    return Problem(code, name, rows, rejected=False, sentence=sentence)


def _outside(values: Floats, column: Column) -> Bools | None:
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    mask: Bools = (values < low) | (values > high)
    return mask if mask.any() else None


def _range(column: Column) -> str:
    low, high = column.low, column.high
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"the range from {low:g}" if low is not None else f"the range up to {high:g}"


def labels(name: str, missing: Bools, unknown: Bools, line: Small) -> Iterator[Problem]:
    """Labels that are not needed and cannot be used."""
    for code, mask, what in (("missing", missing, "missing"), ("label_ignored", unknown, "neither of the two labels")):
        if mask.any():
            yield _problem(code, name, mask, line, what, "Such rows count as unlabelled.", "label")
