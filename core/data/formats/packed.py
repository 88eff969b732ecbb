"""What a packed file holds, piece by piece: gzip, zstd, or a zip archive with one table. A bomb is met by its ratio."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal

import pyarrow as pa

from core.data import payload
from core.errors import FileProblemError, listed

Compression = Literal["", "gzip", "zip", "zstd"]

ZSTD: Final = b"\x28\xb5\x2f\xfd"
_SLICE: Final = 1 << 20
#: Bytes of the list of what an archive holds: a table or a workbook is a few entries.
_DIRECTORY: Final = 1 << 20
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENCRYPTED: Final = 1
#: What programs put beside the file that was packed.
_BESIDE: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")
#: Of a workbook: the part without which it is none.
WORKBOOK: Final = "xl/workbook.xml"
#: How names of packed files end.
ENDINGS: Final = ("gz", "zip", "zst")


def opened(content: bytes | Path) -> BinaryIO:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def compression_of(head: bytes) -> Compression:
    """By the first bytes of a file."""
    if head.startswith(payload.GZIP):
        return "gzip"
    if head.startswith(ZSTD):
        return "zstd"
    return "zip" if head.startswith(payload.ARCHIVE) else ""


def raw(name: str, content: bytes | Path, compression: Compression) -> Iterator[bytes]:
    """The bytes of a file as unpacked. Raises FileProblemError where it cannot be unpacked."""
    with opened(content) as file:
        if not compression:
            yield from iter(lambda: file.read(_SLICE), b"")
        elif compression == "gzip":
            with payload.told_when_damaged(name):
                yield from payload.pieces(file)
        elif compression == "zstd":
            yield from _zstd(name, file)
        else:
            yield from _zipped(name, file)


def _zstd(name: str, file: BinaryIO) -> Iterator[bytes]:
    with pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") as stream:
        while True:
            try:
                piece = stream.read(_SLICE)
            except (OSError, pa.ArrowException) as error:
                sentence = "this is a damaged zstd file: copy or download it again."
                raise FileProblemError(name, "damaged_zstd", sentence) from error
            if not piece:
                return
            yield piece


def _zipped(name: str, file: BinaryIO) -> Iterator[bytes]:
    with archive(name, file) as packed:
        entries = [
            each for each in packed.infolist()
            if not each.is_dir() and not any(beside in each.filename for beside in _BESIDE)
        ]  # fmt: skip
        if len(entries) != 1:
            held = listed([each.filename for each in entries]) if entries else "nothing"
            sentence = (
                f"this is a zip archive that holds {held}: give one table, or unpack it and give the one you mean."
            )
            raise FileProblemError(name, "several_tables", sentence)
        yield from inflated(name, file, entries[0])


@contextlib.contextmanager
def archive(name: str, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """A zip archive, opened once its list is known to be short. Raises FileProblemError."""
    if (size := _directory(file)) > _DIRECTORY:
        sentence = f"this is a zip archive with {size:,} bytes of names: pack one table only."
        raise FileProblemError(name, "several_tables", sentence)
    try:
        packed = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, struct.error) as error:
        raise _damaged(name) from error
    with packed:
        yield packed


def inflated(name: str, file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of an entry: all that its packed bytes hold, whatever size its name promises."""
    if entry.flag_bits & _ENCRYPTED:
        raise FileProblemError(name, "locked", "it is locked with a password: save it without one.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        sentence = f"{entry.filename} is packed in an unusual way: pack it anew, or unpack it and give the table."
        raise FileProblemError(name, "binary_file", sentence)
    left = _seek(name, file, entry)
    member = zlib.decompressobj(wbits=-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left and (given := file.read(min(_SLICE, left))):
        left -= len(given)
        if member is None:
            yield given
            continue
        try:
            yield from _pieces(member, given)
        except zlib.error as error:
            raise _damaged(name) from error
    if left or (member is not None and not member.eof):
        raise _damaged(name)


def _pieces(member: zlib._Decompress, given: bytes) -> Iterator[bytes]:
    """What packed bytes come to, `_SLICE` of it at a time: what is left when that is full may be inside of zlib."""
    while piece := member.decompress(given, _SLICE):
        yield piece
        given = member.unconsumed_tail


def _seek(name: str, file: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """Go to the packed bytes of an entry; how many there are."""
    file.seek(entry.header_offset)
    head = file.read(30)
    if len(head) < 30 or not head.startswith(payload.ARCHIVE):
        raise _damaged(name)
    names, extra = struct.unpack("<HH", head[26:30])
    file.seek(names + extra, io.SEEK_CUR)
    return entry.compress_size


def _directory(file: BinaryIO) -> int:
    """Bytes of the list of an archive, as its end says; 0 where it has none."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return 0
    found: int = struct.unpack("<L", tail[at + 12 : at + 16])[0]
    locator = tail[max(0, at - 20) : at]
    if locator.startswith(_LOCATOR) and len(locator) == 20:
        file.seek(min(struct.unpack("<Q", locator[8:16])[0], size))
        if len(end := file.read(56)) == 56 and end.startswith(_END64):
            found = max(found if found != 0xFFFFFFFF else 0, struct.unpack("<Q", end[40:48])[0])
    return found


def _damaged(name: str) -> FileProblemError:
    return FileProblemError(name, "damaged_zip", "this is a damaged zip archive: copy or download it again.")
