"""Who did what, when and why: `data/audit.csv`, append-only and chained, so that a changed line is found."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd
import pyarrow as pa

from core.errors import FileProblemError, NewerFormatError, listed, stored
from core.formats import shown
from core.store import chained_log, log_line
from core.store.verify import Chain, Verified
from core.store.verify import verify as verify_log

_TEXTS: Final = ("who", "what", "about", "why", "details")
_TYPES: Final = {"time": pa.timestamp("us", tz="UTC")} | dict.fromkeys(_TEXTS, pa.string())
_EMPTY: Final = pa.table({name: pa.array([], kind) for name, kind in _TYPES.items()})
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class AuditLog:
    """The audit log of a home, at `path`."""

    path: Path
    _chain: Chain = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_chain", Chain(self.path))

    def note(
        self, *, who: str, what: str, about: str, why: str = "",
        details: Mapping[str, object] = _NOTHING, now: datetime, ahead: bool = False,
    ) -> None:  # fmt: skip
        """Write down that `who` did `what` (a verb) about something; on disk when this returns.

        `details` are facts that JSON can hold; others are written as text. ahead: it is still to be done, and is not
        where this fails; else what is raised says that it was done. Raises StorageError, and FileProblemError where the
        log is not what was written.
        """
        told = json.dumps(dict(details), ensure_ascii=False, default=str) if details else ""
        texts = (now.astimezone(UTC).isoformat(), who, what, about, why, told)
        row = [log_line.encode(_storable(text)) for text in texts]
        done = f"What was asked for was done ({what}: {about}), but the audit log does not say so."
        with contextlib.nullcontext() if ahead else stored(done), chained_log.locked(self.path):
            self._chain.check()
            chained_log.append(self.path, tuple(_TYPES), [row])

    def read(self, most: int = 1000) -> pd.DataFrame:
        """The latest notes, newest first: `time` (UTC), `who`, `what`, `about`, `why`, `details`
        as JSON text or ""; those that were blanked are left out. Raises FileProblemError when a line was damaged,
        NewerFormatError.
        """
        parts = [table for file in chained_log.files(self.path) for table, _ in chained_log.tables(file, _types(file))]
        notes = pa.concat_tables(part.select(range(len(_TYPES))) for part in parts) if parts else _EMPTY
        notes = notes.rename_columns(list(_TYPES))
        frame: pd.DataFrame = notes.filter(notes["time"].is_valid()).to_pandas()
        return frame.iloc[::-1][:most].reset_index(drop=True)

    def verify(self) -> Verified:
        """Whether every note is as it was written, and none was taken out or put in between."""
        return verify_log(self.path)


def _types(file: Path) -> list[pa.DataType]:
    names = chained_log.columns(file)
    if unknown := [name for name in names if name not in _TYPES]:
        raise NewerFormatError(shown(file), f"column {listed(unknown)}")
    if names != list(_TYPES):
        raise FileProblemError(file.name, "damaged", "its first line names other columns. Restore it from a backup.")
    return list(_TYPES.values())


def _storable(text: str) -> str:
    """The text with what no file can hold, half of a surrogate pair, as a question mark."""
    return text.encode("utf-8", "replace").decode()
