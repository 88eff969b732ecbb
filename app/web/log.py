"""The log of the dashboard: what Streamlit and the server beneath it say; warnings and bugs are kept in a file, too."""

from __future__ import annotations

import logging
import sys
from typing import Final

import streamlit.logger

from app.log import File, formatter
from core.access.endpoints import Logs
from core.settings import Settings

#: Where Streamlit looks for the handler that it has given a logger.
_OURS: Final = "streamlit_console_handler"


def begin(settings: Settings) -> None:
    """Write the log of this process as the environment says. Raises BadOptionError.

    Streamlit gives each of its loggers a handler of its own, also those that come later: it is given ours.
    """
    asked = Logs.of()
    file = File(settings.log, as_json=asked.as_json)
    file.setLevel(logging.WARNING)
    console: logging.Handler | None = None
    if asked.as_json:
        console = logging.StreamHandler(sys.stderr)
        console.setFormatter(formatter(as_json=True))
    of_streamlit = streamlit.logger.setup_formatter

    def set_up(logger: logging.Logger) -> None:
        of_streamlit(logger)
        if console is not None:
            logger.removeHandler(getattr(logger, _OURS))
            logger.addHandler(console)
        logger.addHandler(file)

    if asked.level != logging.INFO:  # else it is as Streamlit's own options say
        streamlit.logger.set_log_level(asked.level)
    streamlit.logger.setup_formatter = set_up
    streamlit.logger.update_formatter()
    logging.getLogger().handlers += [each for each in (console, file) if each is not None]
