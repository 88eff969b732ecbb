"""Text -> lines and fields: where each line stands, and which lines a record spans.

Lines end with LF, CRLF or a lone CR. Nearly everything is counted over the whole buffer at once; only lines
whose quotes do not pair up within the line are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

#: Lines a quoted field may go on for. A message of 100 lines fits; a stray quote costs one line, not the file.
REACH: Final = 100
#: Fields of a line with a malformed quote.
MALFORMED: Final = -1
_QUOTE, _LF, _CR = b'"\n\r'
#: The end of a record: a line end, or where the looking stops.
_END: Final = rb"(?=[\r\n]|\Z)"
#: Bytes looked at in one go: temporary arrays of this size stay in the cache, larger ones cost page faults.
_SPAN: Final = 1 << 18


def find_lines(data: bytes) -> tuple[Ints, Ints]:
    """First byte of each line and the byte after its last, without the line end."""
    buffer = np.frombuffer(data, np.uint8)
    breaks = _positions(buffer, _LF)
    ends = breaks
    if b"\r" in data:
        returns = _positions(buffer, _CR)
        alone = returns[buffer[np.minimum(returns + 1, len(buffer) - 1)] != _LF]
        breaks = np.union1d(breaks, alone) if alone.size else breaks
        paired = (buffer[breaks] == _LF) & (breaks > 0) & (buffer[breaks - 1] == _CR)
        ends = breaks - paired
    start = np.concatenate(([0], breaks + 1))
    # A line end at the end of the file ends the last line; it does not begin an empty one.
    if start[-1] == len(data):
        return start[:-1], ends
    return start, np.append(ends, len(data))


def _positions(buffer: Bytes, byte: int) -> Ints:
    spans = range(0, len(buffer), _SPAN)
    return np.concatenate([np.flatnonzero(buffer[at : at + _SPAN] == byte) + at for at in spans])


def count_fields(data: bytes, start: Ints, end: Ints, delimiter: str) -> tuple[Ints, Ints]:
    """Fields of each line, right wherever its quotes pair up within the line; and the lines where they do not."""
    buffer, stop = np.frombuffer(data, np.uint8), np.append(start[1:], len(data))
    fields, loose = np.empty(len(start), np.int64), [np.empty(0, np.int64)]
    for first, last in _groups(start):
        origin = start[first]
        part = buffer[origin : stop[last - 1]]
        begins = start[first:last] - origin
        marks = part == ord(delimiter)
        quotes = np.flatnonzero(part == _QUOTE)
        if quotes.size:
            line = np.searchsorted(begins, quotes, "right") - 1
            crooked = _loose(part, quotes, line, (begins, end[first:last] - origin), ord(delimiter))
            # Where quotes pair up, a byte is inside a field after an odd number of them.
            toggles = np.zeros(len(part), np.bool_)
            toggles[quotes[~np.isin(line, crooked)]] = True
            marks &= ~np.logical_xor.accumulate(toggles)
            loose.append(crooked + first)
        fields[first:last] = np.add.reduceat(marks.view(np.uint8), begins, dtype=np.int64) + 1
    return fields, np.concatenate(loose)


def _groups(start: Ints) -> Iterator[tuple[int, int]]:
    """Runs of whole lines, about `_SPAN` bytes each."""
    edges = np.unique(np.searchsorted(start, np.arange(start[0], start[-1] + 1, _SPAN))).tolist()
    return zip(edges, [*edges[1:], len(start)], strict=True)


def _loose(part: Bytes, quotes: Ints, line: Ints, bounds: tuple[Ints, Ints], delimiter: int) -> Ints:
    """Lines whose quotes do not simply open and close fields of that line, in order.

    Quotes of a line open and close in turn. An opening one must stand at the beginning of a field, a closing
    one at its end; a closing one and an opening one side by side are a doubled quote.
    """
    start, end = bounds[0][line], bounds[1][line]
    order = np.arange(len(quotes))
    changes = line[1:] != line[:-1]
    begins = np.concatenate(([True], changes))
    opening = (order - np.maximum.accumulate(np.where(begins, order, 0))) % 2 == 0
    before, after = part[np.maximum(quotes - 1, 0)], part[np.minimum(quotes + 1, len(part) - 1)]
    opens = (quotes == start) | (before == delimiter) | (before == _QUOTE)
    closes = (quotes + 1 == end) | (after == delimiter) | (after == _QUOTE)
    unclosed = opening & np.concatenate((changes, [True]))
    return np.unique(line[np.where(opening, ~opens | unclosed, ~closes)])


def parse(
    data: bytes, bounds: tuple[Ints, Ints], loose: Ints, delimiter: str, expected: int
) -> Iterator[tuple[int, int, int]]:
    """For each loose line that begins a record: the line, the last line of the record, and its fields."""
    start, end = bounds
    whole = re.compile(b"(?:%b%c){%d}%b%b" % (_field(delimiter), ord(delimiter), expected - 1, _field(delimiter), _END))
    resume = 0
    for at in loose.tolist():
        if at < resume:
            continue
        if found := whole.match(data, start[at], _limit(end, at)):
            resume = at + 1
            while resume < len(start) and start[resume] <= found.end():
                resume += 1
            yield at, resume - 1, expected
        else:
            # A quote that closes lines later by chance leaves too few or too many fields: it was a stray one.
            cells, last = record_at(data, start, end, at, delimiter)
            yield at, at, len(cells) if cells and last == at else MALFORMED


def record_at(data: bytes, start: Ints, end: Ints, at: int, delimiter: str) -> tuple[list[str], int]:
    """The cells of the record that begins on line `at`, and its last line; no cells when a quote is malformed."""
    field = re.compile(b"%b(?=[%c\r\n]|\\Z)" % (_field(delimiter), ord(delimiter)))
    position, limit, cells = int(start[at]), _limit(end, at), list[str]()
    while found := field.match(data, position, limit):
        text = found.group().decode()
        cells.append(text[1:-1].replace('""', '"') if text.startswith('"') else text)
        position = found.end()
        if position == limit or data[position] in (_LF, _CR):
            return cells, int(np.searchsorted(start, position, "right")) - 1
        position += 1
    return [], at


def _limit(end: Ints, at: int) -> int:
    return int(end[min(at + REACH, len(end) - 1)])


def _field(delimiter: str) -> bytes:
    """A pattern of one field. Possessive: an unclosed quote must not be tried again and again."""
    return b'(?:"(?:[^"]++|"")*+"|[^"%c\r\n][^%c\r\n]*+|)' % (ord(delimiter), ord(delimiter))
