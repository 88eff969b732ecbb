"""Proof that a chained file is what was written: every line's text, and that none was taken out or put in between."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.store import chained_log, log_line


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a file is not what was written; `line` counts from 1, the header."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Verified:
    """`rows` in all files, of which `forgotten`; `torn`: unfinished lines, set aside or still at the end of a file.

    `head` is the last chain. That whole lines were cut off the end is seen only by who has kept an earlier head.
    """

    rows: int = 0
    forgotten: int = 0
    torn: int = 0
    broken: Break | None = None
    head: str = ""

    @property
    def whole(self) -> bool:
        return self.broken is None


def verify(path: Path) -> Verified:
    """Check every line of the file and of those that go on from it; what is appended meanwhile is left out.

    Changes nothing. Raises StorageError when the lock beside the file cannot be made.
    """
    rows = forgotten = 0
    torn, head, broken = chained_log.set_aside(path), b"", None
    with contextlib.ExitStack() as stack:
        for file, stream, size in _opened(path, stack):
            check = _Check(file.name, head)
            for line in _until(stream, size):
                check.take(line)
            rows, forgotten, torn = rows + check.rows, forgotten + check.forgotten, torn + check.torn
            head, broken = check.head, broken or check.broken
    return Verified(rows, forgotten, torn, broken, head.decode("ascii", "replace"))


class _Check:
    """The lines of one file, one after the other. `head` is the last chain, at first that of the file before."""

    def __init__(self, file: str, head: bytes) -> None:
        self._file, self._line, self._width = file, 0, 0
        self.rows = self.forgotten = self.torn = 0
        self.head = head
        self.broken: Break | None = None

    def take(self, text: bytes) -> None:
        self._line += 1
        if self._line == 1:
            self._width = len(log_line.cells(text.rstrip(b"\n"))) - len(log_line.SEAL)
            self.head = log_line.start(self.head, text)
        elif text.endswith(b"\n"):
            self._whole(text[:-1])
        else:
            self._tail(text)

    def _whole(self, text: bytes) -> None:
        self.rows += 1
        line = log_line.split(text)
        if line is None:
            self._break("This is no line of this file.")
            return
        if fault := line.fault(self.head, self._width):
            self._break(fault)
        self.forgotten += line.forgotten
        self.head = line.chain

    def _tail(self, text: bytes) -> None:
        """A crash leaves the beginning of a line, never all of it with another byte for its line break."""
        line = log_line.split(text[:-1])
        if line is not None and line.fault(self.head, self._width) is None:
            self._break("The line break at the end was changed.")
        else:
            self.torn += 1

    def _break(self, sentence: str) -> None:
        self.broken = self.broken or Break(self._file, self._line, sentence)


def _opened(path: Path, stack: contextlib.ExitStack) -> list[tuple[Path, BinaryIO, int]]:
    """The files as they are at one moment, with their sizes; one that is replaced later is still read as it was."""
    if not chained_log.files(path):
        return []
    with chained_log.locked(path):
        return [(file, stack.enter_context(file.open("rb")), file.stat().st_size) for file in chained_log.files(path)]


def _until(stream: BinaryIO, size: int) -> Iterator[bytes]:
    for line in stream:
        if size <= 0:
            return
        yield line[:size]
        size -= len(line)
