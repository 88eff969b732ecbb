"""JSON as the text that it would be as CSV: an object a record, one a line (JSON Lines) or all of them in an array.

Numbers are taken as they are written, letter by letter, so that none is rounded on the way. Names come in the order in
which they are met first; a name that a record lacks is a missing value. Texts are taken as they are, zero bytes and
halves of letters among them (`core.text.halves`).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import Given, Positions, ReadingOptions
from core.data.formats.text import Text, after
from core.data.lines import LONGEST
from core.errors import FileProblemError
from core.text.halves import whole

_RECORDS: Final = Positions("record")
#: Records made text at a time.
_ROWS: Final = 4_096
#: Letters kept of a record that cannot be read.
_SHOWN: Final = 2_000
_SPACE: Final = " \t\r\n"
_NOT_PLAIN: Final = frozenset(',"\r\n')


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Bad:
    """The text of a record that is no object with one value a name."""

    text: str


Record = dict[str, Any] | _Bad


def is_json(head: bytes) -> bool:
    """Whether the first bytes of a text are those of an array or of an object."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    inner = text[1:].lstrip()[:1]
    return (text[:1] == b"{" and inner in (b'"', b"}")) or is_array(head)


def is_array(head: bytes) -> bool:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"]")


@dataclass(frozen=True, slots=True)
class JsonText:
    """The text of a JSON file; as `core.data.streaming.source.Source` promises. `columns`: all names in it."""

    source: Text
    array: bool
    columns: tuple[str, ...]
    limits: Limits = DEFAULTS

    @classmethod
    def of(cls, source: Text, limits: Limits = DEFAULTS) -> JsonText:
        """Look through all records once. Raises FileProblemError when they are no table."""
        found = cls(source, is_array(next(source.pieces(0), b"")), (), limits)
        columns: dict[str, None] = {}
        for number, record in enumerate(found._records(), 1):
            if isinstance(record, _Bad):
                if number == 1:
                    raise found._refused("line 1 is no JSON object with one value a name: write one object a line.")
                continue
            columns |= dict.fromkeys(record)
            if any("\0" in name for name in record):
                raise FileProblemError(source.name, "binary_file", "a name in it contains a zero byte: take it out.")
            if len(columns) > limits.columns:
                raise limits.refuse(source.name, "columns", "names", "leave out those that are not needed")
        if not columns:
            raise FileProblemError(source.name, "no_rows", "there is not one record with a value in it.")
        return cls(source, found.array, tuple(columns), limits)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def sha256(self) -> str:
        return self.source.sha256

    @property
    def size(self) -> int:
        return self.source.size

    @property
    def recoded(self) -> bool:
        return self.source.recoded

    @property
    def given(self) -> Given:
        return self.source.given

    @property
    def options(self) -> ReadingOptions:
        source = self.source
        return ReadingOptions("JSON", source.compression, source.encoding).writing(source.given)

    @property
    def positions(self) -> Positions:
        return _RECORDS

    def pieces(self, offset: int) -> Iterator[bytes]:
        return after(offset, self._text())

    def _text(self) -> Iterator[bytes]:
        rows = [",".join(map(_quoted, self.columns))]
        for record in self._records():
            rows.append(self._row(record))
            if len(rows) >= _ROWS:
                yield self._bytes(rows)
                rows = []
        yield self._bytes(rows)

    def _bytes(self, rows: list[str]) -> bytes:
        return "".join(f"{row}\n" for row in rows).encode()

    def _row(self, record: Record) -> str:
        if isinstance(record, _Bad):  # one field more than the header has, which no record of the others has
            return _quoted(record.text[:_SHOWN]) + "," * len(self.columns)
        decimal = self.source.given.decimal or "."
        cells = [_cell(record.get(name), decimal) for name in self.columns]
        if any(len(cell) > self.limits.cell_bytes for cell in cells):
            raise self.limits.refuse(self.name, "cell_bytes", "letters in a value", "take such texts out")
        # A blank line would be no record.
        return ",".join(map(_quoted, cells)) or '""'

    def _records(self) -> Iterator[Record]:
        return self._elements() if self.array else self._lines()

    def _lines(self) -> Iterator[Record]:
        rest = b""
        for piece in self.source.pieces(0):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (_of_line(line) for line in whole if not line.isspace() and line)
        if rest.strip():
            yield _of_line(rest)

    def _elements(self) -> Iterator[Record]:
        text, number = _Ahead(self.source.pieces(0)), 0
        text.after("[")
        while text.peek() != "]":
            number += 1
            try:
                value = text.value()
            except (ValueError, RecursionError) as error:
                raise self._refused(f"record {number:,} cannot be read ({_why(error)}).") from error
            yield value if _fits(value) else _Bad(json.dumps(value))
            if text.peek() == ",":
                text.after(",")
            elif text.peek() != "]":
                raise self._refused(f"neither a comma nor the end follows on record {number:,}: a part may be missing.")
        text.after("]")
        if text.peek():
            raise self._refused("something follows on the array: give one array only.")

    def _refused(self, sentence: str) -> FileProblemError:
        return FileProblemError(self.name, "damaged_json", f"this looks like JSON, but {sentence}")


class _Ahead:
    """JSON that is read ahead as far as it is looked at."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._decoder = pieces, codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._ended = "", 0, False

    def peek(self) -> str:
        """The next letter that is no space, nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def after(self, letter: str) -> None:
        assert self.peek() == letter  # noqa: S101 - only asked where it was seen
        self._at += 1

    def value(self) -> Any:
        """The next value. Raises ValueError, RecursionError where there is none."""
        self.peek()
        while True:
            try:
                value, self._at = _DECODER.raw_decode(self._text, self._at)
            except ValueError as error:
                held = len(self._text) - self._at
                if held > LONGEST or isinstance(error, _TwiceError) or not self._more(held):
                    raise
            else:
                return value

    def _more(self, least: int = 0) -> bool:
        """Whether there is more, by as many letters as asked for where there are so many."""
        parts, size = [self._text[self._at :]], 0
        while not self._ended and size <= least:
            piece = next(self._pieces, b"")
            self._ended = not piece
            parts.append(self._decoder.decode(piece))
            size += len(parts[-1])
        self._text, self._at = "".join(parts), 0
        return size > 0


class _TwiceError(ValueError):
    """A name that stands in an object twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError("a name stands there twice")
    return found


def _constant(text: str) -> str:
    return _Number(text)


_number: Final[Callable[[str], Any]] = _Number
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_number, parse_int=_number, parse_constant=_constant
)


def _of_line(line: bytes) -> Record:
    text = line.decode()
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return _Bad(text.strip())
    return value if _fits(value) else _Bad(text.strip())


def _fits(value: Any) -> bool:
    """Whether a value is an object whose names can be written: half of a letter cannot."""
    if not isinstance(value, dict):
        return False
    try:
        "".join(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _cell(value: Any, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, _Number):
        return value.replace(".", decimal)
    return whole(value) if isinstance(value, str) else json.dumps(value)


def _quoted(cell: str) -> str:
    return cell if _NOT_PLAIN.isdisjoint(cell) else '"' + cell.replace('"', '""') + '"'


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return str(error).partition(": line")[0].lower()
