"""Tables with typed columns as the text that they would be as CSV: a cell is its exact value, a missing one is empty.

So what is no number, a repeated id or an unknown label is found as in any file, and a record is named by its number.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import pyarrow as pa
import pyarrow.csv
from pyarrow import compute

from core.data import payload
from core.data.cells import WHOLE_LIMIT
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import NOTHING, Given, Positions, ReadingOptions
from core.data.formats.text import after
from core.errors import FileProblemError, listed

#: Letters of what is said of a file that cannot be read.
_SHOWN: Final = 200
#: Rows made text at a time, and bytes of their texts.
ROWS: Final = 16_384
_BYTES: Final = 1 << 21
#: From here on Arrow writes whole numbers with an exponent.
_LONG: Final = 1e15
#: Bytes of text that need no look at how small they were packed, and how often text may be what packing alone may.
_SMALL, _TEXT = 1 << 26, 4
_RECORDS: Final = Positions("record")


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a table, and what its folders say of all its rows: names and values of columns."""

    content: bytes | Path
    name: str
    constant: tuple[tuple[str, str | None], ...] = ()

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True)
class ColumnarText(ABC):
    """The text of one or more files with the same columns; as `core.data.streaming.source.Source` promises."""

    name: str
    files: tuple[Piece, ...]
    given: Given = NOTHING
    limits: Limits = DEFAULTS
    sha256: str = field(init=False)
    size: int = field(init=False)
    recoded: ClassVar[bool] = False
    #: What the format is called, and how a file of it is refused.
    kind: ClassVar[str]

    def __post_init__(self) -> None:
        digest, changed = hashlib.sha256(), b""
        with payload.told_when_unreadable(self.name):
            for file in self.files:
                if isinstance(file.content, bytes):
                    digest.update(hashlib.sha256(file.content).digest())
                else:
                    with file.content.open("rb") as stream:
                        digest.update(hashlib.file_digest(stream, "sha256").digest())
                changed += repr(file.constant).encode() if file.constant else b""
        rows, short = self._look()
        if changed or short:  # read otherwise than the bytes alone were before
            digest.update(b"exact" + changed)
        object.__setattr__(self, "sha256", self.given.named(digest.hexdigest()))
        sample = next(self._batches(), b"")
        object.__setattr__(self, "size", len(sample) * max(rows, 1) // max(1, min(rows, ROWS)))

    @abstractmethod
    def about(self, file: Piece) -> tuple[pa.Schema, int]:
        """The columns of a file, and its rows. Raises what `told` knows."""

    @abstractmethod
    def batches(self, file: Piece) -> Iterator[pa.RecordBatch]:
        """The rows of a file, at most `ROWS` of them at a time."""

    @property
    def options(self) -> ReadingOptions:
        return ReadingOptions(self.kind).writing(self.given)

    @property
    def positions(self) -> Positions:
        return _RECORDS

    def pieces(self, offset: int) -> Iterator[bytes]:
        return after(offset, self._text())

    def _look(self) -> tuple[int, bool]:
        """The rows of all files, which have the columns of the first; whether some numbers have less than 64 bits."""
        rows, names, short = 0, None, False
        for file in self.files:
            with self.told(file):
                schema, many = self.about(file)
            mine = [*schema.names, *(name for name, _ in file.constant)]
            names = mine if names is None else names
            if mine != names:
                other = listed(sorted({*mine} ^ {*names})) or "their order"
                sentence = f"{file.name} has other columns than {self.files[0].name} ({other}): give files alike."
                raise FileProblemError(self.name, "other_columns", sentence)
            if len(mine) > self.limits.columns:
                raise self.limits.refuse(self.name, "columns", "columns", "leave out those that are not needed")
            rows, short = rows + many, short or any(_is_short(each.type) for each in schema)
        if rows > self.limits.rows:
            raise self.limits.refuse(self.name, "rows", "rows", "split it into smaller files")
        return rows, short

    def _text(self) -> Iterator[bytes]:
        with self.told(self.files[0]):
            schema, _ = self.about(self.files[0])
            yield self._written(schema.empty_table(), self.files[0], header=True)
        yield from self._batches()

    def _batches(self) -> Iterator[bytes]:
        for file in self.files:
            size, held = 0, file.size
            with self.told(file):
                for batch in self.batches(file):
                    for part in self._parts(pa.Table.from_batches([batch])):
                        text = self._written(part, file)
                        size += len(text)
                        if size > max(_SMALL, _TEXT * self.limits.ratio * held):
                            sentence = (
                                f"{held:,} bytes of {self.kind} come to more than {size >> 20} MB of text, as no "
                            )
                            sentence += "table of users does. If it is one, save it as CSV."
                            raise FileProblemError(self.name, f"{self.kind.lower()}_bomb", sentence)
                        yield text

    def _bomb(self, held: int, size: int) -> FileProblemError:
        sentence = (
            f"{held:,} bytes of {self.kind} come to more than {size >> 20} MB of text, as no table of users does. "
            "If it is one, save it as CSV."
        )
        return FileProblemError(self.name, f"{self.kind.lower()}_bomb", sentence)

    def _parts(self, table: pa.Table) -> Iterator[pa.Table]:
        """The same rows, so few at a time that their texts are not many bytes: one may be shared by many rows."""
        table.validate(full=True)
        sizes = [self._sizes(column) for column in table.columns if pa.types.is_dictionary(column.type)]
        if len(table) > 1 and sum(sizes) > _BYTES:
            half = len(table) // 2
            yield from self._parts(table.slice(0, half))
            yield from self._parts(table.slice(half))
        else:
            yield table

    def _sizes(self, column: Any) -> int:
        total = 0
        for chunk in column.chunks:
            if not pa.types.is_string(chunk.dictionary.type) and not pa.types.is_large_string(chunk.dictionary.type):
                continue
            lengths = compute.binary_length(chunk.dictionary)
            total += compute.sum(lengths.take(chunk.indices)).as_py() or 0
        return total

    def _written(self, table: pa.Table, file: Piece, *, header: bool = False) -> bytes:
        sink = io.BytesIO()
        columns = [self._plain(column) for column in table.columns]
        for _, value in file.constant:
            columns.append(pa.chunked_array([pa.array([value] * len(table), pa.string())]))
        self._refuse_long(columns)
        plain = pa.table(columns, names=[*table.column_names, *(name for name, _ in file.constant)])
        pyarrow.csv.write_csv(plain, sink, pyarrow.csv.WriteOptions(include_header=header))
        text = sink.getvalue()
        if header and b"\0" in text:
            raise FileProblemError(self.name, "binary_file", "a name in it contains a zero byte: take it out.")
        return text

    def _plain(self, column: Any) -> Any:
        """A column as CSV has it: truth as 1 and 0, categories by their names, each number exactly."""
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_boolean(column.type):
            return column.cast(pa.int8())
        if pa.types.is_floating(column.type):
            column = _whole(column.cast(pa.float64()))
            if self.given.decimal == "," and pa.types.is_floating(column.type):
                return compute.replace_substring(column.cast(pa.string()), ".", ",")
        return column

    def _refuse_long(self, columns: list[Any]) -> None:
        for column in columns:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                longest = compute.max(compute.binary_length(column)).as_py() or 0
                if longest > self.limits.cell_bytes:
                    raise self.limits.refuse(self.name, "cell_bytes", "bytes in a cell", "take such texts out")

    @contextlib.contextmanager
    def told(self, file: Piece) -> Iterator[None]:
        """Make of a file that cannot be read as this format a FileProblemError."""
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            words = str(error).partition("\n")[0][:_SHOWN]
            sentence = f"{file.name} cannot be read as {self.kind} with one value a cell: {words.rstrip('.')}."
            raise FileProblemError(self.name, f"damaged_{self.kind.lower()}", sentence) from error


def _is_short(kind: Any) -> bool:
    return bool(pa.types.is_float16(kind) or pa.types.is_float32(kind))


def _whole(column: Any) -> Any:
    """Whole numbers of 16 digits as whole numbers, where all are: with an exponent they would look like spoilt ids."""
    most = compute.max(compute.abs(column)).as_py()
    if most is None or not _LONG <= most < WHOLE_LIMIT:
        return column
    same = compute.equal(compute.trunc(column), column)
    return column.cast(pa.int64()) if compute.all(same).as_py() else column
