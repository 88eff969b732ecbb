"""The log of the API: a JSON object a line on stderr, with what was asked and how it ended, not with what was sent."""

from __future__ import annotations

import logging
import sys
from typing import Final

from app.log import FACTS, formatter
from core.access.endpoints import Logs

LOGGER: Final = logging.getLogger("trustdesk.api")


def begin() -> None:
    """Write the log of this process, and what the server beneath has to say, as lines on stderr.

    Raises BadOptionError for a level that there is not.
    """
    level = Logs.of().level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(as_json=True))
    for logger in (LOGGER, logging.getLogger("uvicorn.error")):
        logger.handlers, logger.propagate = [handler], False
    LOGGER.setLevel(level)
    logging.getLogger("uvicorn.error").setLevel(max(level, logging.WARNING))


def tell(event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Write a line."""
    LOGGER.log(level, event, extra={FACTS: facts})
