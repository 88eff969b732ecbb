"""How a command knows a table that it wrote earlier: by its columns, and in Parquet by a key that says what it is.

Files that were written before there was a key are known by their columns alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_KEY: Final = b"trustdesk"
#: Bytes of a file in which its header ends; names are short.
_HEAD: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Mark:
    """A kind of table. `fits` is given the names of a file's columns; called with a file, it says whether it is one."""

    kind: str
    fits: Callable[[Sequence[str]], bool]

    def __call__(self, path: Path) -> bool:
        try:
            names, kind = _described(path)
        except (OSError, pa.ArrowException, csv.Error):
            return False
        return kind in {None, self.kind.encode()} and self.fits(names)

    def on(self, table: pa.Table) -> pa.Table:
        """The table with the key, which stays with it in Parquet."""
        return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: self.kind.encode()})


def exactly(*names: str) -> Callable[[Sequence[str]], bool]:
    return lambda columns: tuple(columns) == names


def _scores(columns: Sequence[str]) -> bool:
    """Whether they end in what `export.table` adds, in its order: other files may have a `prediction_id` too.

    Files of before rules have no `decided_by`.
    """
    return bool(re.search(_ADDED, "\n".join(("", *columns))))


_ADDED: Final = (
    r"\nscore\nconfidence\nband\naction(\ndecided_by)?(\ncategory\ncategory_probability)?(\nreason_[0-9]+)*\nn_missing\nnovel_features\nprediction_id\nmodel_version"
    r"\npolicy_version\Z"
)
SCORES: Final = Mark("scores", _scores)
REJECTED: Final = Mark("rejected rows", exactly("line", "row", "column", "code", "sentence", "record"))


def _described(path: Path) -> tuple[list[str], bytes | None]:
    """The columns of a file, and what its key says; by its bytes, as the name may be that of a link."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        schema = pq.read_schema(path)
        return schema.names, (schema.metadata or {}).get(_KEY)
    return next(csv.reader(io.StringIO(head.decode("utf-8", "replace"), newline=""), strict=True), []), None
