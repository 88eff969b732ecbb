"""The header of a table: how the file is divided, what its columns are called, and what stands above it.

Line 1 is the header wherever one of the wanted columns stands in it. Where it is not, a line `sep=;`, comments, titles
and blank lines above the header are gone over, which is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from core.data import lines
from core.data.formats.options import DELIMITERS, MOST_SKIPPED, NOTHING, Given
from core.data.lines import Ints, find_lines, record_at
from core.errors import BadOptionError, FileProblemError, listed
from core.schema.schema import key

#: Columns that a header may have, and bytes that it may take.
MOST_COLUMNS: Final = 20_000
HEADER: Final = 1 << 20
#: Lines looked at: those above the header, and those of a header that has line ends in it.
_LINES: Final = MOST_SKIPPED + lines.REACH + 2
_SEP: Final = re.compile(rb'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_NUMBER: Final = re.compile(r"\s*[+-]?[0-9][0-9.,]*\s*")


@dataclass(frozen=True, slots=True)
class Header:
    """How a file is divided, the column names as written (trimmed) or as the schema has them, and where the first
    record begins: its byte and line. `begin`: the byte at which the header begins, `skipped`: lines above it.
    """

    delimiter: str
    names: tuple[str, ...]
    at: int
    line: int
    begin: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A line taken for the header: under the best delimiter its cells, the last line of it, and how many are wanted."""

    at: int
    delimiter: str
    cells: list[str]
    last: int
    known: int
    malformed: bool

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)


class _Head:
    """The first lines of a file."""

    def __init__(self, data: bytes, wanted: Collection[str], signs: Sequence[str]) -> None:
        self._data, self._sought, self._signs = data, {key(column) for column in wanted}, signs
        self.start, self.end = find_lines(data)

    def line(self, at: int, signs: Sequence[str] = ()) -> _Line:
        """A line under the delimiter by which most wanted columns stand in it; else by which it has most fields."""
        readings = [
            (each, *record_at(self._data, self.start, self.end, at, each, most=MOST_COLUMNS))
            for each in signs or self._signs
        ]
        delimiter, cells, last = max(readings, key=lambda reading: (self._known(reading[1]), len(reading[1])))
        # A malformed line has no cells; under a delimiter that does not occur it is one cell with the quote in it.
        malformed = len(cells) <= 1 and not all(found for _, found, _ in readings)
        return _Line(at, delimiter, cells, last, self._known(cells), malformed)

    def header(self) -> _Line:
        """The line that is the header."""
        first = self.line(0)
        if first.known or len(self.start) == 1:
            return first
        if sign := _SEP.fullmatch(self._text(0)):
            given = [mark for mark in self._signs if mark.encode() == sign[1]]
            return self.line(1, given or self._signs)
        others = [self.line(at) for at in range(1, min(len(self.start), MOST_SKIPPED + 1)) if not self._blank(at)]
        best = max(others, key=lambda line: line.known, default=first)
        if best.known >= max(1, min(2, len(self._sought))):
            return best
        return first if self._is_header(first) else self._below(first, others)

    def _below(self, first: _Line, others: Sequence[_Line]) -> _Line:
        """The first line that looks like a header by its form, below titles and comments; else the first of all."""
        for line, after in zip_longest(others, others[1:]):
            if self._is_header(line):
                words = not any(_NUMBER.fullmatch(cell) for cell in line.cells)
                return line if words and after is not None and len(after.cells) == len(line.cells) else first
        return first

    def _is_header(self, line: _Line) -> bool:
        return line.malformed or (line.filled > 1 and not self._text(line.at).startswith(b"#"))

    def _text(self, at: int) -> bytes:
        return self._data[self.start[at] : self.end[at]]

    def _blank(self, at: int) -> bool:
        return not self._text(at).strip(b" ,;\t|")

    def _known(self, cells: Sequence[str]) -> int:
        return len({key(cell) for cell in cells} & self._sought)


def read_header(name: str, data: bytes, wanted: Collection[str], given: Given = NOTHING) -> Header:
    """The header of a file by its first bytes, at least `HEADER` of them where there are more.

    Raises FileProblemError when there is none, no row after it, or a column twice, and when it is more than that of any
    table; BadOptionError when what was given does not fit it.
    """
    head = data[:HEADER]
    if len(ends := lines.first_breaks(head, _LINES)) == _LINES:
        head = head[: ends[-1]]
    cut_off = len(data) > len(head) == HEADER
    signs = tuple(DELIMITERS.values()) if given.delimiter is None else (given.delimiter,)
    seen = _Head(head, [*wanted, *(theirs for theirs, _ in given.columns)], signs)
    if len(seen.start) == 1 and cut_off:
        raise too_wide(name)
    found = _chosen(name, seen, given)
    number = found.at + 1
    if seen.end[found.at] == seen.start[found.at]:
        raise FileProblemError(name, "no_header", f"line {number} is blank: it must hold the column names.")
    if found.malformed:
        sentence = f"a double quote in the header (line {number}) is not closed properly. Close it."
        raise FileProblemError(name, "bad_header", sentence)
    if len(found.cells) > MOST_COLUMNS or (found.last + 1 == len(seen.start) and cut_off):
        raise too_wide(name, number)
    names = _named(name, [cell.strip() for cell in found.cells], given)
    _refuse_twins(name, names)
    at = _next(seen.start, found.last, data)
    if at >= len(data):
        raise FileProblemError(name, "no_rows", "the file has a header and not one row after it.")
    return Header(found.delimiter, names, at, found.last + 2, int(seen.start[found.at]), found.at)


def _chosen(name: str, seen: _Head, given: Given) -> _Line:
    if given.skip_rows is None:
        return seen.header()
    if given.skip_rows >= len(seen.start):
        raise BadOptionError("--skip-rows", f"{name} has only {len(seen.start)} lines.")
    return seen.line(given.skip_rows)


def _next(start: Ints, last: int, data: bytes) -> int:
    return int(start[last + 1]) if last + 1 < len(start) else len(data)


def _named(name: str, cells: list[str], given: Given) -> tuple[str, ...]:
    """The names, those that are mapped as the schema has them. Raises BadOptionError where a mapping does not fit."""
    ours = {key(theirs): column for theirs, column in given.columns}
    there = {key(cell) for cell in cells}
    if absent := [theirs for theirs, _ in given.columns if key(theirs) not in there]:
        raise BadOptionError("--map", f"{name} has no column {listed(absent)}, which {_mapping(given)} names.")
    if taken := [column for theirs, column in given.columns if key(column) in there - {*ours}]:
        sentence = f"{name} has a column {listed(taken)} of its own: {_mapping(given)} does not fit it."
        raise BadOptionError("--map", sentence)
    return tuple(ours.get(key(cell), cell) for cell in cells)


def _mapping(given: Given) -> str:
    return f"the mapping {given.mapping}" if given.mapping else "the mapping"


def too_wide(name: str, line: int = 1) -> FileProblemError:
    sentence = (
        f"the header (line {line}) has more than {MOST_COLUMNS:,} columns or {HEADER >> 20} MB: no table has so many. "
        f"Check that line {line} holds the column names, and that line ends are not lost."
    )
    return FileProblemError(name, "long_header", sentence)


def _refuse_twins(name: str, cells: Sequence[str]) -> None:
    seen: dict[str, int] = {}
    for position, cell in enumerate(cells, 1):
        if key(cell) in seen:
            raise FileProblemError(
                name,
                "column_twice",
                f"the column {cell.strip()} is there twice (columns {seen[key(cell)]} and {position}; "
                "case and surrounding spaces do not count). Rename or remove one.",
            )
        if key(cell):
            seen[key(cell)] = position
