"""A file as text that is read piece by piece, as often as asked for, whatever its format: its first bytes tell that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from core import settings
from core.data import payload
from core.data.formats import arrow, json_text, packed, parquet, sheets
from core.data.formats.arrow import ArrowText
from core.data.formats.header import Header
from core.data.formats.json_text import JsonText
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import NOTHING, Given, Positions, ReadingOptions
from core.data.formats.parquet import ParquetText
from core.data.formats.sheets import SheetText
from core.data.formats.text import Text
from core.errors import BadOptionError


class Source(Protocol):
    """Text that is there to be read: CSV in UTF-8 without a byte order mark."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str:
        """Of the bytes as unpacked, and of what was said of how to read them where something was."""

    @property
    def size(self) -> int:
        """About how many bytes of text there are."""

    @property
    def recoded(self) -> bool:
        """Whether it is taken for Windows-1252 because it is not UTF-8."""

    @property
    def options(self) -> ReadingOptions:
        """How it is read, as far as that is known before its header."""

    @property
    def given(self) -> Given:
        """What was said of how to read it."""

    @property
    def positions(self) -> Positions:
        """How its records are named."""

    def pieces(self, offset: int) -> Iterator[bytes]:
        """The text from a byte on. Raises FileProblemError where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Known:
    """A format that is read: its word, and how names of its files end.

    `is_one`: whether a file, given its name, its content and its first bytes, is of it; None for formats that are told
    by their text. `of`: what makes its text.
    """

    word: str
    endings: tuple[str, ...]
    is_one: Callable[[str, bytes | Path, bytes], bool] | None = None
    of: Callable[[str, bytes | Path, Given, Limits], Source] | None = None


#: Every format, the one that most people have first.
FORMATS: Final = (
    Known("CSV", ("csv", "tsv", "txt")),
    Known("Excel", ("xlsx", "xlsm"), sheets.is_one, SheetText.of),
    Known("Parquet", ("parquet",), parquet.is_one, ParquetText.of),
    Known("JSON", ("json", "jsonl", "ndjson")),
    Known("Arrow", ("feather", "arrow"), arrow.is_one, ArrowText.of),
)
#: How names of files end that are read, and the formats as a sentence names them.
ENDINGS: Final = (*(ending for known in FORMATS for ending in known.endings), *packed.ENDINGS)
WORDS: Final = f"{', '.join(known.word for known in FORMATS[:-1])} or {FORMATS[-1].word}"


def source_of(name: str, content: bytes | Path, given: Given = NOTHING, limits: Limits = DEFAULTS) -> Source:
    """The text of a file of any format, or of a folder of Parquet.

    Raises FileProblemError when it cannot be a table, BadOptionError when what was given cannot be done.
    """
    found = _source_of(name, content, given, limits)
    if given.sheet is not None and found.options.format != "Excel":
        raise BadOptionError("--sheet", f"{name} is {found.options.format}: only an Excel workbook has sheets.")
    return found


def understood(source: Source, header: Header) -> ReadingOptions:
    """How a file is read, in full, once its header is known."""
    options = source.options
    if options.format == "Excel":
        return replace(options, header_row=source.positions.of_first(header.begin) or 1)
    if options.format == "CSV":
        return replace(options, delimiter=header.delimiter, header_row=header.skipped + 1)
    return options


def whole(source: Source) -> bytes:
    """All text of a file, to be held in memory. Raises FileProblemError where it is too much."""
    if source.size > settings.MAX_FILE_BYTES:
        raise payload.too_large(source.name)
    return b"".join(source.pieces(0))


def _source_of(name: str, content: bytes | Path, given: Given, limits: Limits) -> Source:
    if isinstance(content, Path) and parquet.is_parquet_folder(content):
        return ParquetText.of(name, content, given, limits)
    with payload.told_when_unreadable(name):
        if isinstance(content, Path):
            payload.check_file(name, content)
        with packed.opened(content) as file:
            head = file.read(payload.HEAD)
    for known in FORMATS:
        if known.is_one and known.of and known.is_one(name, content, head):
            return known.of(name, content, given, limits)
    text = Text.of(name, content, given, limits)
    first = next(text.pieces(0), b"")
    return JsonText.of(text, limits) if json_text.is_json(first) else text
