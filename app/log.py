"""How what serves writes its log: a line for each record, as text or as JSON, to stderr and to the workspace."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

#: What a record carries for its line of JSON, as `extra={FACTS: {...}}`.
FACTS: Final = "facts"
_BYTES: Final = 1_000_000
_FILES: Final = 5


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
    """The log of a workspace at `path`, five files of a megabyte at most; made with the first line written."""

    def __init__(self, path: Path, *, as_json: bool) -> None:
        super().__init__(path, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True)
        self.setFormatter(formatter(as_json=as_json))

    def _open(self) -> TextIOWrapper:
        # The folder of a workspace that was taken away is not made anew: it would pass for an empty one.
        Path(self.baseFilename).parent.mkdir(exist_ok=True)
        return super()._open()
