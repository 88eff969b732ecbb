"""Parquet, a file or a folder of files, as text.

Rows come in the order of the files' names, and in a file as they stand. Folders named `country=DE` give a column of
that name to all rows below them, as Hive, Spark and Arrow write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from core.data import payload
from core.data.formats import columnar
from core.data.formats.columnar import ColumnarText, Piece
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import NOTHING, Given
from core.errors import FileProblemError

_MARK: Final = b"PAR1"
#: What Hive calls a folder of rows without a value.
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
#: Bytes of a file as unpacked that need no look at how small it is packed.
_SMALL: Final = 8_000_000


class ParquetText(ColumnarText):
    """The text of one or more Parquet files."""

    kind: ClassVar[str] = "Parquet"

    @classmethod
    def of(
        cls, name: str, content: bytes | Path, given: Given = NOTHING, limits: Limits = DEFAULTS
    ) -> ParquetText:  # fmt: skip
        """A file, or all `*.parquet` in a folder. Raises FileProblemError when they are no table."""
        if isinstance(content, bytes):
            return cls(name, (Piece(content, name),), given, limits)
        with payload.told_when_unreadable(name):
            paths = sorted(content.rglob("*.parquet")) if content.is_dir() else [content]
            if not paths:
                raise IsADirectoryError(content)
        files = (Piece(path, path.name, _partition(path.relative_to(content))) for path in paths)
        return cls(name, tuple(files), given, limits)

    def about(self, file: Piece) -> tuple[pa.Schema, int]:
        with pq.ParquetFile(_source(file)) as opened:
            about, schema = opened.metadata, opened.schema_arrow
            groups = (about.row_group(at) for at in range(about.num_row_groups))
            size = sum(group.column(at).total_uncompressed_size for group in groups for at in range(group.num_columns))
            held = file.size
            if size > max(_SMALL, self.limits.ratio * held):
                sentence = f"{held:,} bytes of Parquet unpack to {size:,}, as no table of users does."
                raise FileProblemError(self.name, "parquet_bomb", sentence)
            return schema, about.num_rows

    def batches(self, file: Piece) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(_source(file)) as opened:
            texts = [each.name for each in opened.schema_arrow if pa.types.is_string(each.type)]
        # A text that many rows share is stored once: so it is read, or a small file could fill the memory.
        with pq.ParquetFile(_source(file), read_dictionary=texts) as opened:
            yield from opened.iter_batches(batch_size=columnar.ROWS)


def _source(file: Piece) -> Path | pa.BufferReader:
    return pa.BufferReader(file.content) if isinstance(file.content, bytes) else file.content


def _partition(path: Path) -> tuple[tuple[str, str | None], ...]:
    """What the names of folders say of the rows below them.

    >>> _partition(Path("year=2026/country=C%C3%B4te/part-0.parquet"))
    (('year', '2026'), ('country', 'Côte'))
    """
    pairs = (folder.partition("=") for folder in path.parts[:-1])
    return tuple((unquote(name), None if value == _NO_VALUE else unquote(value)) for name, mark, value in pairs if mark)


def is_one(_name: str, _content: bytes | Path, head: bytes) -> bool:
    """Whether these are the first bytes of a Parquet file."""
    return head.startswith(_MARK)


def is_parquet_folder(path: Path) -> bool:
    """Whether a path leads to a folder with a Parquet file."""
    try:
        return path.is_dir() and next(path.rglob("*.parquet"), None) is not None
    except (OSError, ValueError):  # whoever opens it says so
        return False
