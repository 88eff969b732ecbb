"""Text -> records, a window of it at a time; no record is cut in two."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from core.data.formats.header import HEADER, Header, read_header
from core.data.lines import REACH, REACH_BYTES, first_breaks
from core.data.records import STATES, Finder, Records
from core.data.streaming.source import Source

#: Bytes of text in a window, or more where a record is longer.
WINDOW: Final = 1 << 23
#: Line ends after which a record cannot go on that begins before them.
_BEYOND: Final = REACH + 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next record begins: the byte of the text, the line, and how many records of each state came before."""

    offset: int
    line: int
    counts: Mapping[int, int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"counts": {str(state): rows for state, rows in self.counts.items()}}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Place:
        return cls(raw["offset"], raw["line"], {int(state): rows for state, rows in raw["counts"].items()})


def header_of(source: Source, wanted: Collection[str]) -> Header:
    """As `header.read_header`."""
    head = b""
    for piece in source.pieces(0):
        head += piece
        if len(head) > HEADER:
            break
    return read_header(source.name, head, wanted, source.given)


def first(header: Header) -> Place:
    """Where the first record begins."""
    return Place(header.at, header.line, dict.fromkeys(STATES, 0))


def windows(source: Source, header: Header, place: Place, size: int = WINDOW) -> Iterator[tuple[Records, Place]]:
    """The records from a place on, each window of them with the place after it.

    Windows depend on the place alone: whoever goes on from one meets those that would have come. Raises
    FileProblemError as `records.split`.
    """
    text = _Ahead(source.pieces(place.offset))
    while text.has(1):
        wanted, at = size, 0
        while not at:
            data, last = text.first(wanted)
            finder = Finder(source.name, data, header, line=place.line, before=place.counts)
            at = _found(finder, data, last=last)
            wanted *= 2  # where a record is longer than all of it
        place = replace(place, offset=place.offset + at, line=finder.line, counts=dict(finder.counts))
        text.drop(at)
        yield replace(finder.records().named(source.positions, header), last=not text.has(1)), place


def _found(finder: Finder, data: bytes, *, last: bool) -> int:
    """Find all records that surely end within the data: where the next one begins."""
    safe, at = None if last else _safe(data), 0
    while at < len(data) and (stop := finder.block(at, safe)) is not None:
        at = stop
    return at


def _safe(data: bytes) -> int:
    """The byte after which a line may be cut off, or a record may go on beyond the data; 0 where that is all of it."""
    most = max(0, len(data) - REACH_BYTES - 1)
    far, reach = max(data.rfind(end, 0, most) for end in (b"\n", b"\r")) + 1, 1 << 12
    while True:
        begin = max(far, len(data) - reach)
        ends = first_breaks(data[begin:], reach)
        # One that ends the data may be the first half of two.
        if len(ends) > _BEYOND:
            return begin + ends[-_BEYOND - 1]
        if begin == far:
            return far
        reach *= 4


class _Ahead:
    """Text that is read ahead as far as it is looked at."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._data, self._ended = pieces, b"", False

    def has(self, size: int) -> bool:
        """Whether so many bytes are left."""
        parts, held = [self._data], len(self._data)
        while held < size and not self._ended:
            piece = next(self._pieces, b"")
            self._ended = not piece
            parts.append(piece)
            held += len(piece)
        self._data = b"".join(parts)
        return held >= size

    def first(self, size: int) -> tuple[bytes, bool]:
        """The first of the bytes that are left, and whether there are no others."""
        last = not self.has(size + 1)
        return self._data[:size], last

    def drop(self, size: int) -> None:
        self._data = self._data[size:]
