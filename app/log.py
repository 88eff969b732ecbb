"""How what serves writes its log: a line for each record, as text or as JSON, to stderr and to the workspace."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from core import locks

#: What a record carries for its line of JSON, as `extra={FACTS: {...}}`.
FACTS: Final = "facts"
_BYTES: Final = 1_000_000
_FILES: Final = 5
#: Seconds to wait for who writes, after which a line may come into the file of before, and between two tries.
_WAIT, _TRY_EVERY = 10.0, 0.002


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, FACTS, {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def formatter(*, as_json: bool) -> logging.Formatter:
    """How a record becomes a line, or lines where it has a trace and is text."""
    return Lines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")


class File(RotatingFileHandler):
    """The log of a workspace at `path`, five files of a megabyte at most; made with the first line written.

    Processes may share it: they write one after another, and to the file that has the name now.
    """

    def __init__(self, path: Path, *, as_json: bool) -> None:
        super().__init__(path, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True)
        self.setFormatter(formatter(as_json=as_json))

    def emit(self, record: logging.LogRecord) -> None:
        path = Path(self.baseFilename)
        try:
            # The folder of a workspace that was taken away is not made anew: it would pass for an empty one.
            path.parent.mkdir(exist_ok=True)
            lock = locks.taken(path.with_suffix(".lock"), wait=_WAIT, every=_TRY_EVERY)
        except OSError:
            self.handleError(record)
            return
        try:
            if self.stream is not None and not _is_at(self.stream, path):  # another process began a new file
                self.stream.close()
                self.stream = None
            super().emit(record)
        finally:
            if lock is not None:
                lock.release()


def _is_at(stream: TextIOWrapper, path: Path) -> bool:
    """Whether a stream writes to the file that has this name now."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    return False
