"""An append-only CSV file whose lines are chained by hashes, so that any change to what was written is found.

Several processes may append at once. What `append` wrote is on disk when it returns. When the columns change, a new
file is begun (`name-2.csv`, `name-3.csv` ...) whose chain goes on from the last line of the one before. What a crash
left unfinished at the end of a file is moved to `<file>.torn`. `core.store.verify` checks the chain.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv

from core import locks
from core.errors import FileProblemError
from core.files import replacing, told_when_full
from core.store import log_line
from core.store.append import extend, last_line
from core.store.append import set_aside as torn_aside
from core.store.log_line import Line

#: Seconds between two looks at a lock that another process holds, far less than a write to disk takes.
_LOOK_EVERY: Final = 0.002
#: Bytes parsed at once: the memory this takes stays small, and a file of 100,000 lines takes a few turns.
_BLOCK: Final = 1 << 24
#: Whether a line, by its encoded cells, is one of those meant.
Belongs = Callable[[Sequence[str]], bool]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes while this lasts; the same thread may nest it. Raises StorageError."""
    with contextlib.ExitStack() as stack:
        with told_when_full(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locks.held(path.with_name(f"{path.name}.lock"), every=_LOOK_EVERY))
        yield


def append(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows of encoded cells under columns of these names; all are on disk when this returns.

    Raises StorageError when the disk is full or may not be written to; then nothing was appended.
    """
    if not rows:
        return
    header = log_line.header(names)
    with locked(path), told_when_full(path):
        present = files(path)
        for file in present[-1:]:
            torn_aside(file, _torn(file))
        if present and _first_line(present[-1]) == header:
            extend(present[-1], _lines(rows, _head(present)))
        else:
            head = log_line.start(_head(present), header)
            _begin(_next(path, present), header + _lines(rows, head))


def files(path: Path) -> tuple[Path, ...]:
    """The file and those that go on from it, in order, as far as they are there."""
    pattern = re.compile(rf"{re.escape(path.stem)}-([2-9]|[1-9][0-9]+){re.escape(path.suffix)}")
    numbered = {1: path} if path.is_file() else {}
    for other in path.parent.glob(f"{path.stem}-*{path.suffix}"):
        if found := pattern.fullmatch(other.name):
            numbered[int(found[1])] = other
    return tuple(numbered[number] for number in sorted(numbered))


def columns(file: Path) -> list[str]:
    """The names of a file's columns, without those of the seal."""
    return [log_line.decode(cell) for cell in log_line.cells(_first_line(file).rstrip(b"\n"))][: -len(log_line.SEAL)]


def tables(file: Path, types: Sequence[pa.DataType], offset: int = 0) -> Iterator[tuple[pa.Table, int]]:
    """The whole lines from `offset` on (0: after the header), as tables of limited size, each with the offset after it.

    A column for each type and the three of the seal, named by position from "0". Text is decoded; a blank is
    missing, except in text. Raises FileProblemError for damaged lines.
    """
    offset = offset or len(_first_line(file))
    while text := _whole_lines(file, offset):
        offset += len(text)
        yield _parsed(file, text, types), offset


def set_aside(path: Path) -> int:
    """How many unfinished lines were found after a crash and moved to `<file>.torn`; none was ever acknowledged."""
    return sum(torn.read_bytes().count(b"\n") for torn in map(_torn, files(path)) if torn.is_file())


def forget(path: Path, belongs: Belongs) -> int:
    """Blank every line whose encoded cells `belongs` says yes to, and all unfinished ones; the chain still holds.

    Each file is replaced in one step. Returns how many lines were blanked. Raises StorageError.
    """
    with locked(path), told_when_full(path):
        for file in files(path):
            torn_aside(file, _torn(file))
            if _torn(file).is_file():  # what is unfinished cannot be told apart by user
                with replacing(_torn(file)) as temporary:
                    temporary.write_bytes(b"\n" * _torn(file).read_bytes().count(b"\n"))
        return sum(_forget(file, belongs) for file in files(path))


def room(path: Path, belongs: Belongs) -> tuple[int, int]:
    """How many lines `forget` would blank, unfinished ones left out, and by how many bytes the files would shrink."""
    lines = size = 0
    with locked(path):
        for file in files(path):
            for _, line in _numbered(file):
                if not line.forgotten and belongs(row := log_line.cells(line.payload)):
                    lines, size = lines + 1, size + len(line.payload) + len(line.salt) - (len(row) - 1)
    return lines, size


def _first_line(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.readline()


def _whole_lines(file: Path, offset: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(offset)
        text = stream.read(_BLOCK)
        if b"\n" not in text:  # one line may be longer than that
            text += stream.readline()
    return text[: text.rfind(b"\n") + 1]


def _parsed(file: Path, text: bytes, types: Sequence[pa.DataType]) -> pa.Table:
    names = [str(i) for i in range(len(types) + len(log_line.SEAL))]
    kinds = dict(zip(names, [*types, *[pa.string()] * len(log_line.SEAL)], strict=True))
    reading = pyarrow.csv.ReadOptions(column_names=names, block_size=max(len(text), 1 << 20), use_threads=False)
    parsing = pyarrow.csv.ParseOptions(ignore_empty_lines=False)
    converting = pyarrow.csv.ConvertOptions(column_types=kinds, null_values=[""], strings_can_be_null=False)
    try:
        table = pyarrow.csv.read_csv(pa.BufferReader(text), reading, parsing, converting)
    except pa.ArrowInvalid:
        advice = "a line was changed from outside. Verify the file to see which one, then restore it from a backup."
        raise FileProblemError(file.name, "damaged", advice) from None
    columns = [log_line.decoded(column) if pa.types.is_string(column.type) else column for column in table.columns]
    return pa.table(dict(zip(names, columns, strict=True)))


def _head(present: Sequence[Path]) -> bytes:
    """The chain after the last line of all files; empty when there is no file."""
    if not present:
        return b""
    last, first = last_line(present[-1]), _first_line(present[-1])
    if last == first.removesuffix(b"\n"):  # nothing but a header: somebody else made this file
        return log_line.start(_head(present[:-1]), first)
    return last.rpartition(b",")[2]


def _lines(rows: Sequence[Sequence[str]], head: bytes) -> bytes:
    lines = []
    for row in rows:
        line, head = log_line.seal(row, secrets.token_hex(16), head)
        lines.append(line)
    return b"".join(lines)


def _next(path: Path, present: Sequence[Path]) -> Path:
    if not present:
        return path
    number = 1 if present[-1] == path else int(present[-1].stem.rpartition("-")[2])
    return path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def _begin(file: Path, text: bytes) -> None:
    """Header and first lines appear in one step: a header alone could be changed and nobody would know."""
    with replacing(file) as temporary:
        temporary.write_bytes(text)


def _forget(file: Path, belongs: Belongs) -> int:
    chosen = {number for number, line in _numbered(file) if belongs(log_line.cells(line.payload))}
    if chosen:
        with replacing(file) as temporary, file.open("rb") as old, temporary.open("wb") as new:
            for number, text in enumerate(old):
                line = log_line.split(text.removesuffix(b"\n")) if number in chosen else None
                new.write(text if line is None else line.blanked())
    return len(chosen)


def _numbered(file: Path) -> Iterator[tuple[int, Line]]:
    """The lines after the header, counted from 1; what cannot be a line is left out."""
    with file.open("rb") as stream:
        for number, text in enumerate(stream):
            line = log_line.split(text.removesuffix(b"\n"))
            if number and line is not None:
                yield number, line


def _torn(file: Path) -> Path:
    return file.with_name(f"{file.name}.torn")
