"""What was uploaded, opened: bytes or a path -> UTF-8 text as bytes, or a sentence why that cannot be.

Gzip is recognised by its first two bytes, not by the name. Text is UTF-8 (with or without a byte order
mark); what is not is read as Windows-1252, which is what Excel on Windows writes, and that is reported.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from core import settings
from core.errors import FileProblemError

GZIP: Final = b"\x1f\x8b"
#: First bytes of a zip archive, and the folder in one that makes it a workbook.
ARCHIVE, SHEETS = b"PK\x03\x04", b"xl/"
#: First bytes that say what a file is.
HEAD: Final = 4096
_SLICE: Final = 1 << 20
#: How often a gzip may hold its own size, above how many bytes. A table of thousands of columns, nearly all of them
#: zero, comes to 200; a gzip of one letter to 1,000.
RATIO: Final = 250
_SIZE: Final = 8_000_000
#: Lines for each byte of a gzip, above how many lines: ids alone, being distinct, take two bytes each.
_DENSITY: Final = 2
_LINES: Final = 100_000
_SAVE: Final = "save it as CSV (UTF-8) and try again"
#: First bytes of files that people take for tables, with what to tell them.
_MAGIC: Final = (
    (b"\xd0\xcf\x11\xe0", "excel_file", f"this is an Excel file: {_SAVE}."),
    (
        b"PAR1",
        "binary_file",
        "this is a Parquet file: unpack it, or save it as CSV where that is needed.",
    ),
    (
        b"ARROW1",
        "binary_file",
        "this is an Arrow file: unpack it, or save it as CSV where that is needed.",
    ),
    (b"\x89PNG", "binary_file", "this is a picture (PNG), not a table."),
    (b"\xff\xd8\xff", "binary_file", "this is a picture (JPEG), not a table."),
    (b"%PDF", "binary_file", f"this is a PDF document: {_SAVE}."),
    (b"SQLite format 3\0", "binary_file", "this is a SQLite database: export the table as CSV and try again."),
    (b"BZh91AY&SY", "binary_file", "the file is compressed with bzip2: unpack it, or compress it with gzip."),
    (b"\xfd7zXZ\0", "binary_file", "the file is compressed with xz: unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "binary_file", "the file is compressed twice, or with zstd where it cannot be: unpack it."),
    (GZIP, "binary_file", "the file is compressed twice: unpack it once."),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text. `data` is valid UTF-8 without a byte order mark; `sha256` is of the bytes as unpacked."""

    name: str
    sha256: str
    data: bytes
    recoded: bool


def open_text(name: str, payload: bytes | Path) -> Text:
    """Unpack and decode; raises FileProblemError when the file as a whole cannot be a table."""
    raw = _read(name, payload) if isinstance(payload, Path) else payload
    if raw.startswith(GZIP):
        raw = _inflate(name, raw)
    if len(raw) > settings.MAX_FILE_BYTES:
        raise too_large(name)
    refuse_non_text(name, raw[:HEAD], sheets=SHEETS in raw, zero=b"\0" in raw)
    data = raw.removeprefix(codecs.BOM_UTF8)
    if not data or data.isspace():
        raise empty(name)
    recoded = not _is_utf8(data)
    return Text(name, hashlib.sha256(raw).hexdigest(), _recode(name, data) if recoded else data, recoded)


def _read(name: str, path: Path) -> bytes:
    with told_when_unreadable(name):
        if check_file(name, path) > settings.MAX_FILE_BYTES:
            raise too_large(name)
        return path.read_bytes()


def check_file(name: str, path: Path) -> int:
    """The bytes of a file. Raises FileProblemError for what is none and may never end."""
    status = path.stat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        sentence = "this is a pipe or a device, which may never end: write the table to a file and give its path."
        raise FileProblemError(name, "no_file", sentence)
    return status.st_size


@contextlib.contextmanager
def told_when_unreadable(name: str) -> Iterator[None]:
    """Make of a file that is not there, or may not be read, a FileProblemError."""
    try:
        yield
    except ValueError:  # a zero byte, or half of a character
        shown = name.encode("utf-8", "replace").decode().replace("\0", "")
        raise FileProblemError(shown, "no_such_file", "no file can have this name. Check the path.") from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileProblemError(name, "no_such_file", "there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise FileProblemError(name, "a_folder", "this is a folder: give the path of a CSV file in it.") from None
    except PermissionError:
        raise FileProblemError(name, "unreadable", "the file may not be read: change its permissions.") from None
    except OSError as error:
        raise FileProblemError(name, "unreadable", f"the file cannot be read: {error.strerror or error}.") from error


def _inflate(name: str, packed: bytes) -> bytes:
    """Unpack all members of a gzip file, stopping at the limits: a gzip of zeros must not fill the memory."""
    unpacked, breaks = io.BytesIO(), 0
    with told_when_damaged(name):
        for piece in pieces(io.BytesIO(packed)):
            unpacked.write(piece)
            if unpacked.tell() > settings.MAX_FILE_BYTES:
                raise too_large(name)
            breaks += max(piece.count(b"\n"), piece.count(b"\r"))
            refuse_much(name, unpacked.tell(), breaks, len(packed))
    return unpacked.getvalue()


@contextlib.contextmanager
def told_when_damaged(name: str) -> Iterator[None]:
    """Make of a gzip file that cannot be unpacked a FileProblemError."""
    try:
        yield
    except (zlib.error, EOFError) as error:
        sentence = "this is a damaged gzip file: copy or download it again."
        raise FileProblemError(name, "damaged_gzip", sentence) from error


def pieces(packed: BinaryIO) -> Iterator[bytes]:
    """What a gzip file holds, `_SLICE` bytes or fewer at a time. Raises zlib.error, EOFError where it is cut off."""
    given, member = packed.read(_SLICE), zlib.decompressobj(wbits=31)
    while True:
        piece = member.decompress(given, _SLICE)
        # At its end a member says what is left twice: both hold it where the limit was met before.
        rest = member.unused_data if member.eof else member.unconsumed_tail
        yield piece
        if member.eof:
            # Members may be padded with zeros (RFC 1952 leaves it open; gzip(1) ignores them).
            while not (rest := rest.lstrip(b"\0")) and (rest := packed.read(_SLICE)):
                pass
            if not rest:
                return
            member = zlib.decompressobj(wbits=31)
        if not rest and not (rest := packed.read(_SLICE)) and not given and not piece:
            raise EOFError
        given = rest


def refuse_much(name: str, size: int, breaks: int, packed: int, kind: str = "gzip", ratio: int = RATIO) -> None:
    """Refuse what has unpacked to more than a table could from so few bytes."""
    most, lines = max(_SIZE, ratio * packed), max(_LINES, _DENSITY * packed)
    if size > most or breaks > lines:
        much = f"{most // 1_000_000} MB" if size > most else f"{lines:,} lines"
        sentence = (
            f"{packed:,} bytes of {kind} unpack to more than {much}, as no table of users does. "
            "If it is one, unpack it and give the CSV itself."
        )
        raise FileProblemError(name, f"{kind}_bomb", sentence)


def refuse_non_text(name: str, head: bytes, *, zero: bool, sheets: bool = False) -> None:
    """Refuse what no table is: by its first `HEAD` bytes, by a zero byte, by whether an archive has `sheets`."""
    if head.startswith(ARCHIVE):
        excel = sheets or b"[Content_Types].xml" in head
        code, kind = ("excel_file", "an Excel file") if excel else ("binary_file", "a zip archive")
        raise FileProblemError(
            name, code, f"this is {kind}: {_SAVE if excel else 'unpack it and give the CSV inside'}."
        )
    for magic, code, sentence in _MAGIC:
        if head.startswith(magic):
            raise FileProblemError(name, code, sentence)
    if is_utf16(head):
        raise FileProblemError(name, "utf16_file", 'this is UTF-16 text: save it as "CSV UTF-8" and try again.')
    if zero:
        raise FileProblemError(name, "binary_file", f"this is not a text file (it contains zero bytes): {_SAVE}.")
    if head.removeprefix(codecs.BOM_UTF8).lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        raise FileProblemError(
            name, "html_file", "this is a web page, not a table: a login or error page may have been saved instead."
        )


def is_utf16(head: bytes) -> bool:
    """Whether the first bytes of a file are UTF-16, with a byte order mark or without."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    # Without a byte order mark: every second byte of western text is zero, and hardly any other.
    zeros = [head[at::2].count(0) / max(1, len(head[at::2])) for at in (0, 1)]
    return max(zeros) > 0.8 and min(zeros) < 0.2


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # In slices: the whole text as one str could take four times the memory.
        for start in range(0, len(data), _SLICE):
            decoder.decode(data[start : start + _SLICE], final=start + _SLICE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _recode(name: str, data: bytes) -> bytes:
    try:
        return data.decode("cp1252").encode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise not_text(name, line) from None


def empty(name: str) -> FileProblemError:
    return FileProblemError(name, "empty_file", "the file is empty: there is neither a header nor a row in it.")


def not_text(name: str, line: int) -> FileProblemError:
    return FileProblemError(name, "not_text", f"this is neither UTF-8 nor Windows-1252 text (line {line}): {_SAVE}.")


def too_large(name: str, most: int | None = None) -> FileProblemError:
    limit = f"{(most or settings.MAX_FILE_BYTES) / 1e9:g} GB"
    return FileProblemError(
        name, "too_large", f"the file is larger than {limit} (unpacked): split it into smaller files."
    )
