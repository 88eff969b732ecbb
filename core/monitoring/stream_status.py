"""How far each stream of a home is, as the process that reads it says every few seconds: it is another one than asks.

`data/streams/<name>.json`; the lock `<name>.lock` is held as long as a process reads the stream.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core import formats, locks
from core.files import within, write_text

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Counts are since the process began. `again`: of those decided, those that were decided before; `waiting`,
    `behind_seconds`: how far the source is ahead, None where it cannot say; `last`: when a batch was last decided.
    """

    name: str
    kind: str
    decided: int
    again: int
    dead: int
    waiting: int | None
    behind_seconds: float | None
    began: datetime
    written: datetime
    last: datetime | None = None
    running: bool = False

    @property
    def rate(self) -> float:
        """Messages decided a second since the process began."""
        return self.decided / max((self.written - self.began).total_seconds(), 1e-9)


@dataclass(frozen=True, slots=True)
class StreamStatuses:
    """The statuses of the streams of a home."""

    folder: Path

    def lock(self, name: str) -> Path:
        """The lock of whoever reads a stream; its folder is made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return within(self.folder, name).with_suffix(".lock")

    def write(self, status: StreamStatus) -> None:
        """Have others see it. Raises StorageError."""
        raw = {name: value for name, value in asdict(status).items() if name != "running"}
        raw |= {name: value.isoformat() for name, value in raw.items() if isinstance(value, datetime)}
        write_text(within(self.folder, status.name).with_suffix(".json"), json.dumps({"format": FORMAT, **raw}) + "\n")

    def forget(self, name: str) -> None:
        """Have a stream that is over in no list."""
        within(self.folder, name).with_suffix(".json").unlink(missing_ok=True)

    def all(self) -> Sequence[StreamStatus]:
        """By name; those that nobody reads at this moment too. Raises NewerFormatError."""
        return tuple(self._read(path) for path in sorted(self.folder.glob("*.json")))

    def _read(self, path: Path) -> StreamStatus:
        raw: dict[str, Any] = formats.load(path, known=FORMAT)
        for name in ("began", "written", "last"):
            raw[name] = raw[name] and datetime.fromisoformat(raw[name])
        lock = path.with_suffix(".lock")
        return StreamStatus(**raw, running=lock.is_file() and locks.is_held(lock))
