"""Text -> records: where each one stands, on which line, and whether it can be split into the header's fields.

A record is usually a line. A field in double quotes may hold delimiters, doubled quotes and line ends; a
quote inside a field that does not begin with one is an ordinary character. A quoted field that is not closed properly
within `lines.REACH` lines and `lines.REACH_BYTES` bytes spoils its own line only: reading goes on at the next.

Of records that cannot be split, the first `KEPT` of each kind are kept and the others counted: a file of blank lines
costs no more than it weighs.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from core.data import lines
from core.data.formats.header import Header, read_header
from core.data.formats.options import LINES, NOTHING, Given, Positions
from core.data.lines import MALFORMED, Ints, count_fields, next_lines
from core.errors import FileProblemError

Bools = npt.NDArray[np.bool_]
#: Bytes and lines of a file: settings.MAX_FILE_BYTES is less than 2**31.
Small = npt.NDArray[np.int32]

STATES = GOOD, BLANK, RAGGED, BAD_QUOTE = 0, 1, 2, 3
#: Records of one kind that are kept though they cannot be used; all are counted.
KEPT: Final = 20_000
#: Lines with a stray quote, which must be looked at one by one, from which on a file is refused that has fewer good
#: records than those.
_STRAY: Final = 50_000
#: Bytes that one thread parses at a time; never less than two of the longest record.
_BLOCK: Final = 1 << 22
#: Bytes looked at in one go for what is not ASCII.
_SLICE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Records:
    """The records after the header: all good ones, and of others those that are kept. Arrays are (records,): byte
    range, first line (from 1) or what else names a record, number among all records (from 1), fields, state. `found`:
    how many there are of each state; `positions`: what `line` counts; `last`: whether no others follow.
    """

    data: bytes
    delimiter: str
    header: tuple[str, ...]
    start: Small
    end: Small
    line: Small
    row: Small
    fields: Small
    state: npt.NDArray[np.int8]
    found: Mapping[int, int]
    spanning: bool
    positions: Positions = LINES
    last: bool = True

    def __len__(self) -> int:
        """How many records the file has, kept or not."""
        return sum(self.found.values())

    @property
    def unusable(self) -> int:
        return len(self) - self.found[GOOD]

    def named(self, positions: Positions, header: Header) -> Records:
        """The same, where it is not the line of a text that names a record."""
        first = positions.of_first(header.at)
        return self if first is None else replace(self, line=self.row + np.int32(first - 1), positions=positions)

    @property
    def with_accents(self) -> int:
        """How many hold a letter beyond ASCII."""
        buffer = np.frombuffer(self.data, np.uint8)
        holders = np.zeros(len(self.start), np.bool_)
        for at in range(0, len(buffer), _SLICE):
            accents = (np.flatnonzero(buffer[at : at + _SLICE] > 127) + at).astype(self.start.dtype)
            which = np.searchsorted(self.start, accents, "right") - 1
            inside = (which >= 0) & (accents < self.end[which])
            holders[which[inside]] = True
        return int(np.count_nonzero(holders))

    def text(self, record: int) -> str:
        """The record as it stands in the file, without its line end."""
        return self.data[self.start[record] : self.end[record]].decode()

    def columns(
        self, types: Mapping[int, Any], nulls: Sequence[str] = (), *, null_text: bool = False
    ) -> dict[int, Any]:
        """Cells of the good records as Arrow chunked arrays, by position in the header.

        Cells that equal one of `nulls` are null; in text columns only with `null_text`.
        Raises pyarrow.ArrowInvalid when a cell cannot have its column's type.
        """
        good = self.state == GOOD
        if not good.any() or not types:
            return {position: pa.chunked_array([], kind) for position, kind in types.items()}
        longest = int((self.end - self.start).max())
        table = csv.read_csv(
            pa.BufferReader(self._body(good)),
            csv.ReadOptions(
                column_names=[str(position) for position in range(len(self.header))],
                block_size=max(_BLOCK, 2 * longest + 2),
            ),
            csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=self.spanning),
            csv.ConvertOptions(
                include_columns=[str(position) for position in types],
                column_types={str(position): kind for position, kind in types.items()},
                null_values=list(nulls),
                strings_can_be_null=null_text,
            ),
        )
        if table.num_rows != np.count_nonzero(good):
            raise AssertionError(f"{table.num_rows} rows were read where {np.count_nonzero(good)} were found")
        return {position: table.column(str(position)) for position in types}

    def _body(self, good: Bools) -> Any:
        """The good records as one buffer; copied only when there are others to leave out."""
        first = np.flatnonzero(good)
        apart = np.flatnonzero(np.diff(self.row[first]) != 1)
        begins, ends = self.start[first[np.append(0, apart + 1)]], self.end[first[np.append(apart, -1)]]
        # Arrow takes a byte order mark at the very beginning away: in a cell it must stay what it is in any row.
        marked = self.data.startswith(codecs.BOM_UTF8, int(begins[0]))
        if len(begins) == 1 and not marked:
            return pa.py_buffer(self.data).slice(int(begins[0]), int(ends[0] - begins[0]))
        view = memoryview(self.data)
        parts = b"\n".join(view[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True))
        return pa.py_buffer(codecs.BOM_UTF8 + parts if marked else parts)


def split(
    name: str, data: bytes, *, wanted: Collection[str] = (), given: Given = NOTHING, positions: Positions = LINES
) -> Records:  # fmt: skip
    """Find the records of a table.

    wanted: columns that tell the delimiter. Raises FileProblemError as `read_header` does, and when lines or stray
    quotes are more than those of any table.
    """
    return found(name, data, read_header(name, data, wanted, given), positions)


def found(name: str, data: bytes, header: Header, positions: Positions = LINES) -> Records:
    """The records below a header. Raises FileProblemError as `split`."""
    finder = Finder(name, data, header)
    at: int | None = header.at
    while at is not None and at < len(data):
        at = finder.block(at)
    return finder.records().named(positions, header)


class Finder:
    """Finds the records of a piece of text, block after block.

    line: the one at which the first block begins, from 1. before: how many records of each state went before in the
    same file.
    """

    def __init__(
        self, name: str, data: bytes, header: Header, *, line: int = 0, before: Mapping[int, int] | None = None
    ) -> None:  # fmt: skip
        self._name, self._data, self._header = name, data, header
        self._parser = lines.Parser(data, header.delimiter, len(header.names))
        self._parts: list[list[Small]] = []
        self._states: list[npt.NDArray[np.int8]] = []
        self._spanning = False
        self._before = dict(before or dict.fromkeys(STATES, 0))
        self._row = 1 + sum(self._before.values())
        #: The line at which the next block begins.
        self.line = line or header.line
        self.counts = dict(self._before)

    def block(self, at: int, safe: int | None = None) -> int | None:
        """Find the records from byte `at` on: where the next ones begin. None, and nothing is found, where the block
        ends after byte `safe`, from which on the text may be cut off.

        Raises FileProblemError for what no table has.
        """
        try:
            start, end, stop = next_lines(self._data, at)
        except OverflowError:
            raise lines.too_long(self._name, self.line) from None
        if safe is not None and stop > safe:
            return None
        stop = self._find(start, end, stop)
        if max(_STRAY, self.counts[GOOD]) < self.counts[BAD_QUOTE]:
            sentence = (
                f"more than {_STRAY:,} lines, and more than there are good ones, have a double quote that is not "
                "closed properly. Save the table as CSV again, with the quotes inside of texts doubled."
            )
            raise FileProblemError(self._name, "bad_quotes", sentence)
        return stop

    def _find(self, start: Ints, end: Ints, stop: int) -> int:
        fields, loose = count_fields(self._data, start, end, stop, self._header.delimiter)
        begins, further = np.ones(len(start), np.bool_), 0
        blank, block_end = end == start, stop
        for first, ends, found in self._parser.records(start, end, stop, loose):
            last = int(np.searchsorted(start, ends, "right")) - 1
            if ends >= block_end:
                further, stop = lines.breaks(self._data, block_end, ends)
            fields[first], end[first] = found, ends
            begins[first + 1 : last + 1] = False
            self._spanning = self._spanning or last > first or further > 0
        state = np.where(fields == len(self._header.names), GOOD, RAGGED).astype(np.int8)
        state[fields == MALFORMED] = BAD_QUOTE
        state[blank] = BLANK
        self._keep(start, end, fields, state, begins)
        self.line += len(start) + further
        return stop

    def _keep(self, start: Ints, end: Ints, fields: Ints, state: npt.NDArray[np.int8], begins: Bools) -> None:
        row = np.cumsum(begins) + (self._row - 1)
        self._row += int(np.count_nonzero(begins))
        kept = begins & (state == GOOD)
        self.counts[GOOD] += int(np.count_nonzero(kept))
        if not kept.all():
            for kind in (BLANK, RAGGED, BAD_QUOTE):
                at = np.flatnonzero(begins & (state == kind))
                kept[at[: max(0, KEPT - self.counts[kind])]] = True
                self.counts[kind] += len(at)
        if kept.any():
            line = np.arange(self.line, self.line + len(start))
            self._parts.append([part[kept].astype(np.int32) for part in (start, end, line, row, fields)])
            self._states.append(state[kept])

    def records(self) -> Records:
        """All that was found."""
        nothing = [np.empty(0, np.int32)] * 5
        start, end, line, row, fields = (np.concatenate(parts) for parts in zip(nothing, *self._parts, strict=True))
        state = np.concatenate([np.empty(0, np.int8), *self._states])
        found = {kind: self.counts[kind] - self._before[kind] for kind in STATES}
        header = self._header
        return Records(
            self._data, header.delimiter, header.names, start, end, line, row, fields, state, found, self._spanning
        )  # fmt: skip
