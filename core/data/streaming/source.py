"""A file as text that is read piece by piece, as often as asked for: plain, gzipped, in Windows-1252, from Parquet.

It is gone through once before anything is read of it: its digest says what it is, its last byte whether it is UTF-8.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from core.data import payload
from core.data.formats.parquet import ParquetText, is_parquet

_SLICE: Final = 1 << 20
#: Bytes that stand for nothing in Windows-1252.
_UNDEFINED: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


class Source(Protocol):
    """Text that is there to be read: UTF-8 without a byte order mark."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str:
        """Of the bytes as unpacked."""

    @property
    def size(self) -> int:
        """About how many bytes of text there are."""

    @property
    def recoded(self) -> bool:
        """Whether it is read as Windows-1252."""

    def pieces(self, offset: int) -> Iterator[bytes]:
        """The text from a byte on. Raises FileProblemError where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a CSV file. `packed`: whether it is gzipped; `marked`: whether a byte order mark comes first."""

    name: str
    content: bytes | Path
    packed: bool
    marked: bool
    recoded: bool
    sha256: str
    size: int

    @classmethod
    def of(cls, name: str, content: bytes | Path) -> Text:
        """Look through a file once. Raises FileProblemError when it cannot be a table."""
        look = _Look(name)
        with payload.told_when_unreadable(name):
            stored = payload.check_file(name, content) if isinstance(content, Path) else len(content)
            with _opened(content) as file:
                packed = file.read(len(payload.GZIP)) == payload.GZIP
            with payload.told_when_damaged(name):
                for piece in _raw(content, packed=packed):
                    look.add(piece)
                    if packed:
                        payload.refuse_much(name, look.size, look.breaks, stored)
        look.refuse()
        return cls(name, content, packed, look.marked, not look.is_utf8, look.sha256, look.size)

    def pieces(self, offset: int) -> Iterator[bytes]:
        mark = len(codecs.BOM_UTF8) * self.marked
        with payload.told_when_unreadable(self.name), payload.told_when_damaged(self.name):
            if self.packed or self.recoded:
                text = _after(mark, _raw(self.content, packed=self.packed))
                yield from _after(offset, (self._decoded(piece) for piece in text))
            else:
                with _opened(self.content) as file:
                    file.seek(mark + offset)
                    yield from iter(lambda: file.read(_SLICE), b"")

    def _decoded(self, piece: bytes) -> bytes:
        return piece.decode("cp1252").encode() if self.recoded else piece


def source_of(name: str, content: bytes | Path) -> Source:
    """The text of a CSV file, or of Parquet by its path. Raises FileProblemError when it cannot be a table."""
    if isinstance(content, Path) and is_parquet(content):
        return ParquetText.of(name, content)
    return Text.of(name, content)


class _Look:
    """What is seen of a file, piece after piece."""

    def __init__(self, name: str) -> None:
        self._name, self._head, self._last = name, b"", b""
        self._digest, self._decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
        self._utf8, self._blank, self._zero, self._sheets = True, True, False, False
        self._lines, self._undefined = 1, 0
        self.size = self.breaks = 0

    def add(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._head += piece[: max(0, payload.HEAD - len(self._head))]
        text = piece.removeprefix(codecs.BOM_UTF8) if not self.size else piece
        self.size += len(piece)
        self._blank = self._blank and (not text or text.isspace())
        self._zero = self._zero or b"\0" in piece
        self._sheets = self._sheets or payload.SHEETS in self._last + piece
        self._last = piece[-2:]
        breaks = piece.count(b"\n")
        self.breaks += max(breaks, piece.count(b"\r"))
        if self._utf8 and not (piece.isascii() and not self._decoder.getstate()[0]):
            self._decode(piece)
        if not self._undefined and (found := _UNDEFINED.search(text)):
            self._undefined = self._lines + text.count(b"\n", 0, found.start())
        self._lines += breaks

    def _decode(self, piece: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(piece, final=final)
        except UnicodeDecodeError:
            self._utf8 = False

    @property
    def is_utf8(self) -> bool:
        return self._utf8

    @property
    def marked(self) -> bool:
        return self._head.startswith(codecs.BOM_UTF8)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def refuse(self) -> None:
        """Once all of it was seen: raises FileProblemError when it cannot be a table."""
        payload.refuse_non_text(self._name, self._head, sheets=self._sheets, zero=self._zero)
        if self._blank:
            raise payload.empty(self._name)
        if self._utf8:
            self._decode(b"", final=True)
        if not self._utf8 and self._undefined:
            raise payload.not_text(self._name, self._undefined)


def _opened(content: bytes | Path) -> BinaryIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _raw(content: bytes | Path, *, packed: bool) -> Iterator[bytes]:
    with _opened(content) as file:
        yield from payload.pieces(file) if packed else iter(lambda: file.read(_SLICE), b"")


def _after(skip: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What comes after so many bytes of them."""
    for piece in pieces:
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))
