"""Text -> records: where each one stands, on which line, and whether it can be split into the header's fields.

A record is usually a line. A field in double quotes may hold delimiters, doubled quotes and line ends; a
quote inside a field that does not begin with one is an ordinary character. A quoted field that is not
closed properly within `lines.REACH` lines spoils its own line only: reading goes on at the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from core.data.lines import MALFORMED, Ints, count_fields, find_lines, parse, record_at
from core.errors import FileProblemError
from core.schema.schema import key

Bools = npt.NDArray[np.bool_]

DELIMITERS: Final = (",", ";", "\t")
GOOD, BLANK, RAGGED, BAD_QUOTE = range(4)
#: Bytes that one thread parses at a time; never less than two of the longest record.
_BLOCK: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class Records:
    """All records after the header. Arrays are (records,): byte range, first line (from 1), fields, state."""

    data: bytes
    delimiter: str
    header: tuple[str, ...]
    start: Ints
    end: Ints
    line: Ints
    fields: Ints
    state: npt.NDArray[np.int8]
    spanning: bool

    def __len__(self) -> int:
        return len(self.start)

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
        begin = self.start
        stop = np.append(self.start[1:], len(self.data))
        edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8)))
        runs = [(int(begin[first]), int(stop[last - 1])) for first, last in zip(edges[::2], edges[1::2], strict=True)]
        if len(runs) == 1:
            return pa.py_buffer(self.data).slice(runs[0][0], runs[0][1] - runs[0][0])
        view = memoryview(self.data)
        return pa.py_buffer(b"".join(view[first:last] for first, last in runs))


def split(name: str, data: bytes, *, wanted: Collection[str] = ()) -> Records:
    """Find the records of a table.

    The delimiter is the one under which most `wanted` columns stand in the header; else the one with most fields.
    Raises FileProblemError when there is no header, no row, or a column twice.
    """
    start, end = find_lines(data)
    delimiter, header, first = _header(name, data, start, end, wanted)
    if first == len(start):
        raise FileProblemError(name, "no_rows", "the file has a header and not one row after it.")
    start, end = start[first:], end[first:]
    fields, loose = count_fields(data, start, end, delimiter)
    begins = np.ones(len(start), np.bool_)
    spanning = False
    for at, last, found in parse(data, (start, end), loose, delimiter, len(header)):
        fields[at] = found
        end[at] = end[last]
        begins[at + 1 : last + 1] = False
        spanning = spanning or last > at
    state = np.where(fields == len(header), GOOD, RAGGED).astype(np.int8)
    state[fields == MALFORMED] = BAD_QUOTE
    state[end == start] = BLANK
    line = np.flatnonzero(begins) + first + 1
    return Records(data, delimiter, header, start[begins], end[begins], line, fields[begins], state[begins], spanning)


def _header(
    name: str, data: bytes, start: Ints, end: Ints, wanted: Collection[str]
) -> tuple[str, tuple[str, ...], int]:  # fmt: skip
    """The delimiter, the column names as written (trimmed), and how many lines the header takes."""
    if end[0] == start[0]:
        raise FileProblemError(name, "no_header", "line 1 is blank: it must hold the column names.")
    readings = [(delimiter, *record_at(data, start, end, 0, delimiter)) for delimiter in DELIMITERS]
    sought = {key(column) for column in wanted}
    delimiter, cells, last = max(
        readings, key=lambda reading: (len({key(cell) for cell in reading[1]} & sought), len(reading[1]))
    )
    # A malformed header has no cells; under a delimiter that does not occur it is one cell with the quote in it.
    if len(cells) <= 1 and not all(found for _, found, _ in readings):
        raise FileProblemError(
            name, "bad_header", "a double quote in the header (line 1) is not closed properly. Close it."
        )
    _refuse_twins(name, cells)
    return delimiter, tuple(cell.strip() for cell in cells), last + 1


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
