"""Where failures meet people: the one place of the interface that catches, on the command line and on pages."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from types import TracebackType
from typing import Final

from core.errors import TrustdeskError
from core.home import Home

_NOTED: Final = "_noted"
_log = logging.getLogger("trustdesk")


def tell(text: str) -> None:
    """A line for the person at the terminal; results go to stdout, everything else goes here."""
    sys.stderr.write(text + "\n")


@contextlib.contextmanager
def command(home: Home) -> Iterator[None]:
    """Run a command: an error of ours becomes its sentence and exit code, a bug one line and a log entry."""
    sys.excepthook = _Bug(home)
    try:
        yield
    except TrustdeskError as error:
        tell(str(error))
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        tell("Cancelled. Nothing was changed.")
        raise SystemExit(130) from None


@dataclass
class Failure:
    """What went wrong inside `shown`, if anything did."""

    error: TrustdeskError | None = None


@contextlib.contextmanager
def shown() -> Iterator[Failure]:
    """Run a page or a piece of one: an error of ours is shown as its sentence, and kept for who asks.

    Anything else is a bug and stays Streamlit's to report.
    """
    import streamlit as st  # noqa: PLC0415 - the command line does without

    from app.words import plain  # noqa: PLC0415

    failure = Failure()
    try:
        yield failure
    except TrustdeskError as error:
        failure.error = error
        st.error(plain(str(error)), icon=":material/error:")


@contextlib.contextmanager
def noted() -> Iterator[Failure]:
    """As `shown`, for a callback, which runs before the page: the sentence waits until `told` is asked for it."""
    import streamlit as st  # noqa: PLC0415

    failure = Failure()
    try:
        yield failure
    except TrustdeskError as error:
        failure.error = error
        st.session_state[_NOTED] = str(error)


def told() -> None:
    """Show what `noted` has kept, once."""
    import streamlit as st  # noqa: PLC0415

    from app.words import plain  # noqa: PLC0415

    if sentence := st.session_state.pop(_NOTED, None):
        st.error(plain(sentence), icon=":material/error:")


class _Bug:
    """An exception nobody expected: told in a line, kept whole in the log; Python then exits with 1."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log_to(self._home)
        _log.critical("A command failed", exc_info=(kind, error, trace))
        tell(f"This is a bug of Trustdesk ({kind.__name__}). The details are in {self._home.settings.log}.")


def log_to(home: Home) -> None:
    """Write the program's log to the home's log file, five files of a megabyte at most."""
    home.settings.log.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(home.settings.log, maxBytes=1_000_000, backupCount=4, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    _log.addHandler(handler)
