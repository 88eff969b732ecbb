"""Proof that a chained file is what was written: every line's text, and that none was taken out or put in between."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import FileProblemError
from core.store import chained_log, log_line

_CHANGED: Final = "line {} is not what Trustdesk wrote: somebody changed the file, or a spreadsheet saved it."
_ADVICE: Final = (
    "Nothing was added. Put the file back from a backup; without one, move it away, and Trustdesk begins a new one."
)


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


class Chain:
    """The chained file `path` for whoever adds to it: what was found whole is not looked at again.

    Threads share one only where each holds `chained_log.locked` meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[tuple[_Place, _Check, int]] = []
        self._seen: object = None

    def check(self) -> None:
        """Raises FileProblemError where the files are not what was written: nothing is added to such ones.

        In `chained_log.locked`. What a program adds to a file is looked at; what it had before is known by then, unless
        the file was replaced.
        """
        files = chained_log.files(self._path)
        if self._seen == (seen := [_Place.of(file) for file in files]):
            return
        self._seen, known, self._found = None, self._found, []
        for number, place in enumerate(seen):
            before, check, done = known[number] if number < len(known) else (place, None, 0)
            if check is None or not place.goes_on(before, done, check.head):
                known, check, done = [], _Check(place.file.name, self._found[-1][1].head if self._found else b""), 0
            done = _go_on(place, check, done)
            if check.broken is not None:
                self._found = []
                raise FileProblemError(place.file.name, "changed", f"{_CHANGED.format(check.broken.line)} {_ADVICE}")
            self._found.append((place, check, done))
        self._seen = seen


@dataclass(frozen=True, slots=True)
class _Place:
    """A file as it is now."""

    file: Path
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, file: Path) -> _Place:
        now = file.stat()
        return cls(file, now.st_ino, now.st_size, now.st_mtime_ns)

    def goes_on(self, before: _Place, done: int, head: bytes) -> bool:
        """Whether nothing but lines after the byte `done`, where the chain was `head`, can have been added since."""
        if self == before:
            return True
        if (self.file, self.inode) != (before.file, before.inode) or self.size <= before.size:
            return False
        with self.file.open("rb") as stream:
            stream.seek(max(done - len(head) - 1, 0))
            return stream.read(len(head) + 1) == head + b"\n"


def _go_on(place: _Place, check: _Check, done: int) -> int:
    """Look at the whole lines from the byte `done` on; where they end."""
    with place.file.open("rb") as stream:
        stream.seek(done)
        for line in _until(stream, place.size - done):
            if line.endswith(b"\n"):
                check.take(line)
                done += len(line)
            else:  # unfinished, or its end was changed
                last = copy.copy(check)
                last.take(line)
                check.broken = last.broken
    return done


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
