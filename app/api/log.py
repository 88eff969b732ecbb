"""The log of the API: a JSON object a line on stderr, with what was asked and how it ended, not with what was sent."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

LOGGER: Final = logging.getLogger("trustdesk.api")
#: What a record carries for the line, as `extra={FACTS: {...}}`.
FACTS: Final = "facts"


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, FACTS, {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def begin() -> None:
    """Write the log of this process, and what the server beneath has to say, as lines on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    for logger in (LOGGER, logging.getLogger("uvicorn.error")):
        logger.handlers, logger.propagate = [handler], False
    LOGGER.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def tell(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Write a line."""
    LOGGER.log(level, event, extra={FACTS: facts})
