"""Text -> lines and fields: where each line stands, and which lines a record spans.

Lines end with LF, CRLF or a lone CR. A file is gone through in blocks of whole lines, so that what is worked out on
the way stays small beside it. Within a block everything is counted at once; only lines whose quotes do not pair up
within the line are looked at one by one.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from core.errors import FileProblemError

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

#: Lines that a record may go on for after its first, and bytes of them: a message of many lines fits; a stray quote
#: costs one line, not the file.
REACH: Final = 1_000
REACH_BYTES: Final = 1 << 22
#: Fields of a line with a malformed quote.
MALFORMED: Final = -1
#: Bytes of the longest line that is read: a text of a thousand pages fits, and no table has such a line by right.
LONGEST: Final = 1 << 24
_QUOTE, _LF, _CR = b'"\n\r'
_BREAK: Final = re.compile(rb"\r\n|\r|\n")
#: The end of a record: a line end, or where the looking stops.
_END: Final = rb"(?=[\r\n]|\Z)"
#: Bytes looked at in one go: temporary arrays of this size stay in the cache, larger ones cost page faults.
_SPAN: Final = 1 << 18


def next_lines(data: bytes, at: int) -> tuple[Ints, Ints, int]:
    """Whole lines from byte `at` on, about `_SPAN` bytes of them or one that is longer: first byte of each, the byte
    after its last without the line end, and where the next line begins.

    Raises OverflowError when the line at `at` is longer than LONGEST.
    """
    stop = at + _SPAN
    if stop >= len(data):
        stop = len(data)
    elif (last := max(data.rfind(b"\n", at, stop), data.rfind(b"\r", at, stop))) >= 0:
        stop = last + 1
    else:
        found = _BREAK.search(data, stop, at + LONGEST + 1)
        if found is None and at + LONGEST < len(data):
            raise OverflowError
        stop = len(data) if found is None else found.end()
    if data[stop - 1] == _CR and data[stop : stop + 1] == b"\n":
        stop += 1
    start, end = find_lines(data[at:stop])
    return start + at, end + at, stop


def find_lines(data: bytes) -> tuple[Ints, Ints]:
    """First byte of each line and the byte after its last, without the line end."""
    buffer = np.frombuffer(data, np.uint8)
    breaks = np.concatenate([_breaks(buffer, at) for at in range(0, len(buffer), _SPAN)])
    ends = breaks
    if b"\r" in data:
        ends = breaks - ((buffer[breaks] == _LF) & (breaks > 0) & (buffer[breaks - 1] == _CR))
    start = np.concatenate(([0], breaks + 1))
    # A line end at the end of the file ends the last line; it does not begin an empty one.
    if start[-1] == len(data):
        return start[:-1], ends
    return start, np.append(ends, len(data))


def _breaks(buffer: Bytes, at: int) -> Ints:
    """The last byte of each line end in `_SPAN` bytes from `at` on."""
    part = buffer[at : at + _SPAN]
    ends, returns = part == _LF, part == _CR
    if returns.any():
        following = buffer[at + 1 : at + 1 + len(part)]
        returns[: len(following)] &= following != _LF
        ends |= returns
    return np.flatnonzero(ends) + at


def count_fields(data: bytes, start: Ints, end: Ints, stop: int, delimiter: str) -> tuple[Ints, Ints]:
    """Fields of each line of a block that ends at byte `stop`, right wherever its quotes pair up within the line; and
    the lines where they do not.
    """
    origin = int(start[0])
    if stop - origin > 2 * _SPAN:  # a single line: too much to hold an array over its bytes
        quoted = data.find(b'"', origin, stop) >= 0
        return np.array([data.count(delimiter.encode(), origin, stop) + 1]), np.arange(int(quoted))
    part, begins = np.frombuffer(data, np.uint8)[origin:stop], start - origin
    marks, loose = part == ord(delimiter), np.empty(0, np.int64)
    quotes = np.flatnonzero(part == _QUOTE)
    if quotes.size:
        line = np.searchsorted(begins, quotes, "right") - 1
        loose = _loose(part, quotes, line, (begins, end - origin), ord(delimiter))
        # Where quotes pair up, a byte is inside a field after an odd number of them.
        toggles = np.zeros(len(part), np.bool_)
        toggles[quotes[~np.isin(line, loose)]] = True
        marks &= ~np.logical_xor.accumulate(toggles)
    return np.add.reduceat(marks.view(np.uint8), begins, dtype=np.int64) + 1, loose


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


class Parser:
    """Reads the records that begin on loose lines, block after block of one file."""

    def __init__(self, data: bytes, delimiter: str, expected: int) -> None:
        field, mark = _field(delimiter), re.escape(delimiter.encode())
        self._data, self._delimiter, self._expected = data, delimiter.encode(), expected
        self._whole = re.compile(b"(?:%b%b){%d}%b%b" % (field, mark, expected - 1, field, _END))
        self._any = re.compile(b"(?:%b%b)*+%b%b" % (field, mark, field, _END))
        self._quoted = re.compile(b'(?:\\A|(?<=%b))"(?:[^"]++|"")*+"' % mark)
        self._ahead: deque[int] = deque()
        self._looked = 0

    def records(self, start: Ints, end: Ints, stop: int, loose: Ints) -> Iterator[tuple[int, int, int]]:
        """For each loose line that begins a record: the line, the byte after the record's last, and its fields.

        The block ends at byte `stop`; a record may go on beyond it.
        """
        resume = 0
        for at in loose.tolist():
            begin = int(start[at])
            if begin < resume:
                continue
            if found := self._whole.match(self._data, begin, self._limit(end, at, stop)):
                resume = found.end()
                yield at, resume, self._expected
            else:
                # A quote that closes lines later by chance leaves too few or too many fields: it was a stray one.
                yield at, int(end[at]), self._alone(begin, int(end[at]))

    def _alone(self, begin: int, end: int) -> int:
        if not self._any.match(self._data, begin, end):
            return MALFORMED
        return self._quoted.sub(b"", self._data[begin:end]).count(self._delimiter) + 1

    def _limit(self, end: Ints, at: int, stop: int) -> int:
        """The end of the last line to which a record may go on that begins on line `at`."""
        beyond, furthest = at + REACH - (len(end) - 1), int(end[at]) + REACH_BYTES
        if beyond <= 0:
            return int(end[at + REACH])
        # Every line end is looked for once, however many blocks of how long lines are asked about.
        while self._ahead and self._ahead[0] < stop:
            self._ahead.popleft()
        self._looked = max(self._looked, stop)
        while len(self._ahead) < beyond and self._looked < min(len(self._data), furthest):
            found = _BREAK.search(self._data, self._looked)
            self._ahead.append(found.start() if found else len(self._data))
            self._looked = found.end() if found else len(self._data)
        near = min(beyond, bisect_right(self._ahead, furthest))
        return self._ahead[near - 1] if near else int(end[-1])


def first_breaks(data: bytes, most: int) -> list[int]:
    """Where the first lines end, after their line ends."""
    return [found.end() for found in itertools.islice(_BREAK.finditer(data), most)]


def breaks(data: bytes, begin: int, end: int) -> tuple[int, int]:
    """How many lines end between two bytes, the one that ends there included, and where the next line begins."""
    found = _BREAK.match(data, end)
    return len(_BREAK.findall(data, begin, end)) + 1, found.end() if found else len(data)


def record_at(
    data: bytes, start: Ints, end: Ints, at: int, delimiter: str, *, most: int
) -> tuple[list[str], int]:  # fmt: skip
    """The cells of the record that begins on line `at`, and its last line; no cells when a quote is malformed.

    Stops after more than `most` cells.
    """
    field = re.compile(b"%b(?=[%c\r\n]|\\Z)" % (_field(delimiter), ord(delimiter)))
    position, limit, cells = int(start[at]), int(end[min(at + REACH, len(end) - 1)]), list[str]()
    while found := field.match(data, position, limit):
        text = found.group().decode()
        cells.append(text[1:-1].replace('""', '"') if text.startswith('"') else text)
        position = found.end()
        if position == limit or data[position] in (_LF, _CR) or len(cells) > most:
            return cells, int(np.searchsorted(start, position, "right")) - 1
        position += 1
    return [], at


def _field(delimiter: str) -> bytes:
    """A pattern of one field. Possessive: an unclosed quote must not be tried again and again."""
    return b'(?:"(?:[^"]++|"")*+"|[^"%c\r\n][^%c\r\n]*+|)' % (ord(delimiter), ord(delimiter))


def too_long(name: str, line: int) -> FileProblemError:
    sentence = (
        f"a line is longer than {LONGEST >> 20} MB (line {line:,} or soon after): no row of a table is. "
        "Check that line ends are not lost."
    )
    return FileProblemError(name, "long_line", sentence)
