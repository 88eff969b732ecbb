"""Where the scores of a file go: a file, an object in a bucket, or a table of PostgreSQL."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import pyarrow as pa

from core.data.records import KEPT
from core.remote import addresses, postgres_table
from core.remote.addresses import Database, Object
from core.scoring import export, table_marks
from core.scoring.export import Exports, TableParts
from core.scoring.runs import Run
from core.targets import Target

if TYPE_CHECKING:
    from core.remote.s3 import Buckets

#: What the table of rejected rows is called after that of scores, and by what its rows are told apart.
_REJECTED, _ROW = "_rejected", "rejected_id"
#: By what rows of scores are.
_KEY: Final = "prediction_id"


class Sink(Protocol):
    """A place for scores, claimed before any work."""

    def ready(self) -> None:
        """Claim the place of rejected rows, after each block that has some. Raises as `Target.claim` does."""

    def write(self, run: Run, parts: TableParts, rejected: pa.Table) -> Sequence[str]:
        """Write both, whole or not at all; what was written where, in sentences."""


@contextlib.contextmanager
def sink_of(output: str, exports: Exports, *, reads: Sequence[Path], overwrite: bool) -> Iterator[Sink]:
    """The place that a path or an address names. Raises BadOptionError, RefusedError and RemoteError unless scores can
    be written there and nothing is lost; `overwrite` counts for files alone.
    """
    if not addresses.is_address(output):
        yield _file(Path(output), exports, reads, overwrite=overwrite)
        return
    address = addresses.parsed(output)
    if isinstance(address, Database):
        postgres_table.check(address, table_marks.SCORES.kind)
        yield TableSink(address)
        return
    from core.remote.s3 import Buckets  # noqa: PLC0415 - takes a package that few need

    with tempfile.TemporaryDirectory() as folder:
        local, buckets = _file(Path(folder) / address.file_name, exports, (), overwrite=False), Buckets()
        buckets.check(address, table_marks.SCORES.kind)
        yield ObjectSink(address, local, buckets)


def _file(path: Path, exports: Exports, reads: Sequence[Path], *, overwrite: bool) -> FileSink:
    target = exports.target(path, table_marks.SCORES, reads=reads, overwrite=overwrite)
    rejected = exports.rejected_target(path, table_marks.REJECTED, reads=[*reads, path], overwrite=overwrite)
    return FileSink(target, rejected)


@dataclass(frozen=True, slots=True)
class FileSink:
    """A file, and beside it one of rejected rows."""

    target: Target
    rejected: Target

    def ready(self) -> None:
        self.rejected.claim()

    def write(self, run: Run, parts: TableParts, rejected: pa.Table) -> Sequence[str]:
        export.write_parts(parts, self.target)
        export.write_rejected(rejected, self.rejected)
        sentences = [f"Scores: {self.target.path}{_beside(run, str(self.rejected.path))}"]
        if not run.rejected and self.rejected.is_foreign:
            sentences.append(f"{self.rejected.path} is not of this command and is left as it is: no row was rejected.")
        return sentences


@dataclass(slots=True)
class ObjectSink:
    """An object in a bucket, written here first, and beside it one of rejected rows."""

    address: Object
    local: FileSink
    buckets: Buckets
    _claimed: bool = False

    def ready(self) -> None:
        if not self._claimed:
            self.buckets.check(self._rejected, table_marks.REJECTED.kind)
        self._claimed = True

    def write(self, run: Run, parts: TableParts, rejected: pa.Table) -> Sequence[str]:
        self.local.write(run, parts, rejected)
        sent = []
        if rejected.num_rows:
            sent.append(self.buckets.send(self.local.rejected.path, self._rejected, kind=table_marks.REJECTED.kind))
        sent.append(self.buckets.send(self.local.target.path, self.address, kind=table_marks.SCORES.kind))
        return [f"Scores: {self.address.name}{_beside(run, self._rejected.name)}", *sent]

    @property
    def _rejected(self) -> Object:
        return self.address.beside(self.local.rejected.path.name)


@dataclass(slots=True)
class TableSink:
    """A table, and another one of rejected rows."""

    address: Database
    _claimed: bool = False

    def ready(self) -> None:
        if not self._claimed:
            postgres_table.check(self._rejected, table_marks.REJECTED.kind)
        self._claimed = True

    def write(self, run: Run, parts: TableParts, rejected: pa.Table) -> Sequence[str]:
        new = postgres_table.write(self.address, parts, kind=table_marks.SCORES.kind, key=_KEY)
        if rejected.num_rows:
            numbers = pa.array([f"{run.id}-{number}" for number in range(1, rejected.num_rows + 1)])
            rows = rejected.add_column(0, _ROW, numbers)
            postgres_table.write(self._rejected, lambda: [rows], kind=table_marks.REJECTED.kind, key=_ROW)
        return [f"Scores: {self.address.name}, {new:,} new rows{_beside(run, self._rejected.name)}"]

    @property
    def _rejected(self) -> Database:
        *before, name = self.address.table
        return Database(self.address.reached, (*before, name + _REJECTED))


def _beside(run: Run, place: str) -> str:
    """Where rejected rows are, where there are any."""
    kept = f", the first {KEPT:,} of them" if run.rejected > KEPT else ""
    return f" · rejected rows: {place}{kept}" if run.rejected else ""
