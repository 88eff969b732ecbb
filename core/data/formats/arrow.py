"""Arrow IPC, which is also what Feather files are: a file or a stream of typed columns, as text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

import pyarrow as pa

from core.data import payload
from core.data.formats import columnar, packed
from core.data.formats.columnar import ColumnarText, Piece
from core.data.formats.limits import DEFAULTS, Limits
from core.data.formats.options import NOTHING, Given
from core.errors import FileProblemError

#: First bytes of a file, and of a stream.
_FILE, _STREAM = b"ARROW1", b"\xff\xff\xff\xff"
#: Of the first version of Feather, which no program writes any more.
_FIRST_FEATHER: Final = b"FEA1"


class ArrowText(ColumnarText):
    """The text of an Arrow file or stream, and of Feather."""

    kind: ClassVar[str] = "Arrow"

    @classmethod
    def of(cls, name: str, content: bytes | Path, given: Given = NOTHING, limits: Limits = DEFAULTS) -> ArrowText:
        """Raises FileProblemError when it is no table."""
        with payload.told_when_unreadable(name), packed.opened(content) as file:
            if file.read(len(_FIRST_FEATHER)) == _FIRST_FEATHER:
                raise FileProblemError(
                    name, "old_feather", "this is Feather of the first version: write it anew, or as Parquet."
                )
        return cls(name, (Piece(content, name),), given, limits)

    def about(self, file: Piece) -> tuple[pa.Schema, int]:
        rows, schema = 0, None
        with _opened(file) as reader:
            schema = reader.schema
        for batch in _all(file):
            rows += batch.num_rows
        return schema, rows

    def batches(self, file: Piece) -> Iterator[pa.RecordBatch]:
        for batch in _all(file):
            for at in range(0, batch.num_rows, columnar.ROWS):
                yield batch.slice(at, columnar.ROWS)


def is_one(_name: str, _content: bytes | Path, head: bytes) -> bool:
    """Whether these are the first bytes of an Arrow file or stream, or of Feather."""
    return head.startswith((_FILE, _STREAM, _FIRST_FEATHER))


@contextlib.contextmanager
def _opened(file: Piece) -> Iterator[Any]:
    source = pa.BufferReader(file.content) if isinstance(file.content, bytes) else pa.memory_map(str(file.content))
    with source:
        is_file = source.read(len(_FILE)) == _FILE
        source.seek(0)
        with (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source) as reader:
            yield reader


def _all(file: Piece) -> Iterator[pa.RecordBatch]:
    with _opened(file) as reader:
        if hasattr(reader, "num_record_batches"):
            yield from (reader.get_batch(at) for at in range(reader.num_record_batches))
        else:
            yield from reader
