"""The text of a CSV or JSON file, read piece by piece as often as asked for, whatever it is packed and written in.

It is gone through once before anything is read of it: its digest says what it is, its last byte whether it is UTF-8.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.data import payload
from core.data.formats import packed
from core.data.formats.header import too_wide
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import LINES, NOTHING, Encoding, Given, Positions, ReadingOptions
from core.data.formats.packed import Compression
from core.data.lines import LONGEST, too_long
from core.errors import FileProblemError

_SLICE: Final = 1 << 20
#: Bytes that stand for nothing in Windows-1252.
_UNDEFINED: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_BREAKS: Final = (b"\n", b"\r")
_JSON_ARRAY: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*[{\]]")


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file. `marked`: whether a byte order mark comes first; `recoded`: whether it is taken for
    Windows-1252 because it is not UTF-8.
    """

    name: str
    content: bytes | Path
    compression: Compression
    encoding: Encoding
    marked: bool
    recoded: bool
    sha256: str
    size: int
    head: bytes
    given: Given = NOTHING

    @classmethod
    def of(cls, name: str, content: bytes | Path, given: Given = NOTHING, limits: Limits = DEFAULTS) -> Text:
        """Look through a file once. Raises FileProblemError when it cannot be a table."""
        with payload.told_when_unreadable(name):
            stored = payload.check_file(name, content) if isinstance(content, Path) else len(content)
            with packed.opened(content) as file:
                compression = packed.compression_of(file.read(len(payload.ARCHIVE)))
            head = b""
            for piece in packed.raw(name, content, compression):
                head += piece[: payload.HEAD - len(head)]
                if len(head) == payload.HEAD:
                    break
            utf16 = given.encoding == "UTF-16" or (given.encoding is None and payload.is_utf16(head))
            # An array of JSON has all its records on one line, as often as not.
            look = _Look(name, limits, _utf16(head) if utf16 else None, lines=_JSON_ARRAY.match(head) is None)
            for piece in packed.raw(name, content, compression):
                look.add(piece)
                if compression:
                    payload.refuse_much(name, look.size, look.breaks, stored, compression, limits.ratio)
        look.refuse(given)
        encoding: Encoding = given.encoding or ("UTF-16" if utf16 else "UTF-8" if look.is_utf8 else "Windows-1252")
        recoded = given.encoding is None and encoding == "Windows-1252"
        sha256 = given.named(look.sha256)
        return cls(name, content, compression, encoding, look.marked, recoded, sha256, look.size, look.head, given)

    @property
    def options(self) -> ReadingOptions:
        return ReadingOptions(compression=self.compression, encoding=self.encoding).writing(self.given)

    @property
    def positions(self) -> Positions:
        return LINES

    def pieces(self, offset: int) -> Iterator[bytes]:
        mark = len(codecs.BOM_UTF8) * self.marked
        with payload.told_when_unreadable(self.name):
            if self.compression or self.encoding != "UTF-8":
                raw = packed.raw(self.name, self.content, self.compression)
                yield from after(offset, self._decoded(after(mark, raw)))
            else:
                with packed.opened(self.content) as file:
                    file.seek(mark + offset)
                    yield from iter(lambda: file.read(_SLICE), b"")

    def _decoded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        if self.encoding == "UTF-8":
            return pieces
        if self.encoding == "Windows-1252":
            return (piece.decode("cp1252").encode() for piece in pieces)
        return _recoded(_utf16(self.head), pieces)


def after(skip: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What comes after so many bytes of them."""
    for piece in pieces:
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))


def _utf16(head: bytes) -> str:
    """Which of the two UTF-16 is: by its mark, else by where the zeros of western letters are."""
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    big = head.startswith(codecs.BOM_UTF16_BE) or head[0::2].count(0) > head[1::2].count(0)
    return "utf-16-be" if big else "utf-16-le"


def _recoded(codec: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16 as UTF-8 without a byte order mark."""
    decoder, first = codecs.getincrementaldecoder(codec)(), True
    for piece in pieces:
        text = decoder.decode(piece)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        yield text.encode()
    yield decoder.decode(b"", final=True).encode()


class _Look:
    """What is seen of a file, piece after piece. `utf16`: how its letters are coded where they take two bytes."""

    def __init__(self, name: str, limits: Limits, utf16: str | None, *, lines: bool) -> None:
        self._by_lines = lines
        self._name, self._limits, self._until = name, limits, time.monotonic() + limits.seconds
        self._digest, self._decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
        self._wide = codecs.getincrementaldecoder(utf16)() if utf16 else None
        self._utf8, self._blank, self._zero, self._broken = True, True, False, False
        self._lines, self._undefined, self._run, self._text = 1, 0, 0, b""
        self.head, self.size, self.breaks = b"", 0, 0

    def add(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.head += piece[: max(0, payload.HEAD - len(self.head))]
        text = self._widened(piece) if self._wide else piece
        self._text += text[: max(0, payload.HEAD - len(self._text))]
        bare = text.removeprefix(codecs.BOM_UTF8) if not self.size else text
        self.size += len(piece)
        self._blank = self._blank and (not bare or bare.isspace())
        self._zero = self._zero or b"\0" in text
        breaks = text.count(b"\n")
        self.breaks += max(breaks, text.count(b"\r"))
        self._refuse_length(text)
        if self._utf8 and not (piece.isascii() and not self._decoder.getstate()[0]) and not self._wide:
            self._decode(piece)
        if not self._undefined and (found := _UNDEFINED.search(bare)):
            self._undefined = self._lines + bare.count(b"\n", 0, found.start())
        self._lines += breaks

    def _refuse_length(self, text: bytes) -> None:
        """Refuse a line that no table has, and a file beyond the limits, before all of it was gone through."""
        ends = [at for at in (text.find(sign) for sign in _BREAKS) if at >= 0]
        if self._by_lines and self._run + min(ends, default=len(text)) > LONGEST:
            raise too_wide(self._name) if self._lines == 1 and not self.breaks else too_long(self._name, self._lines)
        last = max(text.rfind(sign) for sign in _BREAKS)
        self._run = len(text) - last - 1 if ends else self._run + len(text)
        limits = self._limits
        if self.size > limits.bytes:
            raise payload.too_large(self._name, limits.bytes)
        if self.breaks > limits.rows:
            raise limits.refuse(self._name, "rows", "lines", "split it into smaller files")
        if time.monotonic() > self._until:
            sentence = (
                f"it takes more than {limits.seconds:,} s to go through: unpack it, or split it into smaller files."
            )
            raise FileProblemError(self._name, "too_slow", sentence)

    def _widened(self, piece: bytes) -> bytes:
        assert self._wide is not None  # noqa: S101 - only asked where there is one
        try:
            return self._wide.decode(piece).encode()
        except UnicodeDecodeError:
            self._broken = True
            return b""

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
        return self.head.startswith(codecs.BOM_UTF8)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def refuse(self, given: Given) -> None:
        """Once all of it was seen: raises FileProblemError when it cannot be a table."""
        if self._wide and (self._broken or self._wide.getstate()[0]):
            sentence = "it is not UTF-16 throughout: a part may be missing. Save it as CSV UTF-8, or give --encoding."
            raise FileProblemError(self._name, "not_text", sentence)
        payload.refuse_non_text(self._name, self._text, zero=self._zero)
        if self._blank:
            raise payload.empty(self._name)
        if self._utf8:
            self._decode(b"", final=True)
        if not self._utf8 and given.encoding == "UTF-8":
            raise FileProblemError(self._name, "not_text", "it is not UTF-8: leave --encoding out, or give cp1252.")
        if (not self._utf8 or given.encoding == "Windows-1252") and self._undefined:
            raise payload.not_text(self._name, self._undefined)
