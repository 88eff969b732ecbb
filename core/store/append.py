"""The end of a file of lines: what stands there, adding to it, and cutting off what a crash left unfinished."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

#: Bytes read at once on the way back from the end; most lines are shorter.
_BLOCK: Final = 8192


def last_line(file: Path) -> bytes:
    """The last line, without its line break, of a file that ends in one."""
    return _back(file, breaks=2).removesuffix(b"\n").rpartition(b"\n")[2]


def unfinished(file: Path) -> bytes:
    """What stands after the last line break; empty when every line is finished."""
    return _back(file, breaks=1).rpartition(b"\n")[2]


def extend(file: Path, lines: bytes) -> None:
    """Add lines at the end, on disk when this returns; on an error the file is as long as it was."""
    with file.open("ab", buffering=0) as stream:
        size = stream.tell()
        try:
            _write(stream.fileno(), lines)
        except OSError:
            stream.truncate(size)  # part of it may have been written before the disk was full
            raise


def set_aside(file: Path, torn: Path) -> None:
    """Move what is unfinished to the end of `torn`, where it is a line; it is there before it is cut off here."""
    left = unfinished(file)
    if not left:
        return
    with torn.open("ab", buffering=0) as stream:
        _write(stream.fileno(), left + b"\n")
    with file.open("r+b") as stream:
        stream.truncate(stream.seek(0, os.SEEK_END) - len(left))
        os.fsync(stream.fileno())


def _write(descriptor: int, text: bytes) -> None:
    left = memoryview(text)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _back(file: Path, breaks: int) -> bytes:
    """The end of the file, back to where it holds so many line breaks, or all of it."""
    with file.open("rb") as stream:
        position, text = stream.seek(0, os.SEEK_END), b""
        while position and text.count(b"\n") < breaks:
            position, text = _before(stream, position, text)
    return text


def _before(stream: BinaryIO, position: int, text: bytes) -> tuple[int, bytes]:
    start = max(position - _BLOCK, 0)
    stream.seek(start)
    return start, stream.read(position - start) + text
