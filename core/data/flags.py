"""Accepted numbers: their type, and what is odd about them although they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from core.data.cells import WHOLE_LIMIT, Floats
from core.data.lines import Ints
from core.data.problems import Finding, Problem
from core.data.records import Bools, Small
from core.schema.schema import Column
from core.wording import count

#: Numbers converted in one go. A slice stays in the cache, and a second column of memory is never needed.
_SLICE: Final = 1 << 15
#: What is found of a feature, and of a label.
KINDS: Final = ("missing", "not_whole", "out_of_range")
LABEL_KINDS: Final = ("missing", "label_ignored")


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


def flags(values: Floats, column: Column, line: Small) -> Iterator[Finding]:
    """What is kept but worth knowing, each `KINDS` once; `line` is the line in the file of each value."""
    unknown = np.isnan(values)
    if unknown.any():
        yield _finding("missing", column.name, unknown, line)
    if column.whole:
        fraction = ~unknown & (np.trunc(values) != values)
        if fraction.any():
            yield _finding("not_whole", column.name, fraction, line)
    outside = _outside(values, column)
    if outside is not None:
        yield _finding("out_of_range", column.name, outside, line)


def problem(found: Finding, column: Column, place: str = "on line") -> Problem:
    """What is said of a finding of `flags`."""
    if found.kind == "missing":
        return _told(found, "missing", "Missing stays missing: nothing is filled in.", "cell", place)
    what = f"not whole, although it is a {column.kind}" if found.kind == "not_whole" else f"outside {_range(column)}"
    return _told(found, what, "Kept as written: check where such values come from.", "value", place)


def _finding(kind: str, name: str, mask: Bools, line: Small) -> Finding:
    return Finding(kind, name, int(mask.sum()), int(line[int(mask.argmax())]))


def _told(found: Finding, what: str, advice: str, noun: str, place: str) -> Problem:
    verb = "is" if found.rows == 1 else "are"
    said = f"{found.column}: {count(found.rows, noun)} {verb} {what} (first {place} {found.first}). {advice}"
    return Problem(found.kind, found.column, found.rows, rejected=False, sentence=said)


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


def labels(name: str, missing: Bools, unknown: Bools, line: Small) -> Iterator[Finding]:
    """Labels that are not needed and cannot be used."""
    for kind, mask in zip(LABEL_KINDS, (missing, unknown), strict=True):
        if mask.any():
            yield _finding(kind, name, mask, line)


def label_problem(found: Finding, place: str = "on line", *, several: bool = False) -> Problem:
    """What is said of a finding of `labels`; several: whether there are more than two of them."""
    what = "missing" if found.kind == "missing" else "none of the labels" if several else "neither of the two labels"
    return _told(found, what, "Such rows count as unlabelled.", "label", place)
