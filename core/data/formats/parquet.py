"""Parquet, a file or a folder of files, as text: a cell is what it would be in CSV, missing ones are empty.

So what is no number, a repeated id or an unknown label is found as in any file, and line 2 is the first row. Rows come
in the order of the files' names, and in a file as they stand.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from core.data import payload
from core.errors import FileProblemError, listed

_MARK: Final = b"PAR1"
#: Letters of what is said of a file that cannot be read.
_SHOWN: Final = 200
#: Rows made text at a time.
_ROWS: Final = 16_384


@dataclass(frozen=True, slots=True)
class ParquetText:
    """The text of one or more files with the same columns; as `core.data.streaming.source.Source` promises."""

    name: str
    files: tuple[Path, ...]
    sha256: str
    size: int
    recoded: bool = False

    @classmethod
    def of(cls, name: str, path: Path) -> ParquetText:
        """A file, or all `*.parquet` in a folder. Raises FileProblemError when they are no table."""
        with payload.told_when_unreadable(name):
            files = tuple(sorted(path.rglob("*.parquet"))) if path.is_dir() else (path,)
            if not files:
                raise IsADirectoryError(path)
            digest = hashlib.sha256()
            for file in files:
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
        found = cls(name, files, digest.hexdigest(), 0)
        return cls(name, files, found.sha256, found._check())

    def _check(self) -> int:
        """About how many bytes of text there are; whether all files have the columns of the first."""
        rows, first = 0, pa.schema([])
        for number, file in enumerate(self.files):
            with self._opened(file) as opened:
                schema = opened.schema_arrow
                first = schema if number == 0 else first
                if schema.names != first.names:
                    other = listed(sorted({*schema.names} ^ {*first.names})) or "their order"
                    sentence = f"{file.name} has other columns than {self.files[0].name} ({other}): give files alike."
                    raise FileProblemError(self.name, "other_columns", sentence)
                rows += opened.metadata.num_rows
        sample = next(self._batches(), b"")
        lines = max(1, min(rows, _ROWS))
        return len(sample) * max(rows, 1) // lines

    def pieces(self, offset: int) -> Iterator[bytes]:
        for piece in self._text():
            if offset < len(piece):
                yield piece[offset:]
            offset = max(0, offset - len(piece))

    def _text(self) -> Iterator[bytes]:
        with self._opened(self.files[0]) as opened:
            yield self._written(opened.schema_arrow.empty_table(), header=True)
        yield from self._batches()

    def _batches(self) -> Iterator[bytes]:
        for file in self.files:
            with self._opened(file) as opened:
                for batch in opened.iter_batches(batch_size=_ROWS):
                    yield self._written(pa.Table.from_batches([batch]))

    def _written(self, table: pa.Table, *, header: bool = False) -> bytes:
        sink = io.BytesIO()
        table.validate(full=True)
        plain = pa.table([_plain(column) for column in table.columns], names=table.column_names)
        pyarrow.csv.write_csv(plain, sink, pyarrow.csv.WriteOptions(include_header=header))
        text = sink.getvalue()
        if b"\0" in text:
            raise FileProblemError(self.name, "binary_file", "a text in it contains zero bytes: take them out.")
        return text

    @contextlib.contextmanager
    def _opened(self, file: Path) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(file) as opened:
                yield opened
        except (pa.ArrowException, OSError) as error:
            words = str(error).partition("\n")[0][:_SHOWN]
            sentence = f"{file.name} cannot be read as Parquet with one value a cell: {words}"
            raise FileProblemError(self.name, "damaged_parquet", sentence) from error


def is_parquet(path: Path) -> bool:
    """Whether a path leads to a Parquet file or to a folder with one."""
    try:
        if path.is_dir():
            return next(path.rglob("*.parquet"), None) is not None
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_MARK)) == _MARK
    except (OSError, ValueError):  # whoever opens it says so
        return False


def _plain(column: Any) -> Any:
    """A column as CSV has it: truth as 1 and 0, categories by their names."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
