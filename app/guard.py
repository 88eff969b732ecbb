"""Where failures meet people: the one place of the interface that catches, on the command line and on pages."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from app.log import File
from core import files
from core.access.endpoints import Logs
from core.errors import BadOptionError, GoneError, TrustdeskError
from core.home import Home
from core.settings import Settings

_NOTED: Final = "_noted"
_log = logging.getLogger("trustdesk")


def tell(text: str) -> None:
    """A line for the person at the terminal; results go to stdout, everything else goes here."""
    sys.stderr.write(text + "\n")


@contextlib.contextmanager
def command(home: Home, *, new: bool = False) -> Iterator[None]:
    """Run a command: an error of ours becomes its sentence and exit code, a bug one line and a log entry.

    new: whether the command may be what makes the home.
    """
    sys.excepthook = _Bug(home)
    try:
        if not new:
            _check_there(home.settings)
        yield
    except TrustdeskError as error:
        tell(str(error))
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        if (failure := files.failure(error, home.settings.home)) is None:
            raise
        tell(str(failure))
        raise SystemExit(failure.exit_code) from None
    except KeyboardInterrupt as stopped:
        tell(" ".join(["Cancelled.", *getattr(stopped, "__notes__", ["Nothing was changed."])]))
        raise SystemExit(130) from None


def _check_there(settings: Settings) -> None:
    """A home that was taken away is not to be taken for an empty one, which knows nobody and lets everybody in."""
    if not settings.home.is_dir():
        raise BadOptionError("--home", f"there is no folder {settings.home}.")
    if settings.models.is_dir() and any(settings.models.iterdir()) and not settings.data.is_dir():
        raise GoneError(str(settings.data))


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
    except (TrustdeskError, OSError) as error:
        failure.error = _ours(error)
        st.error(plain(str(failure.error)), icon=":material/error:")


@contextlib.contextmanager
def noted() -> Iterator[Failure]:
    """As `shown`, for a callback, which runs before the page: the sentence waits until `told` is asked for it."""
    import streamlit as st  # noqa: PLC0415

    failure = Failure()
    try:
        yield failure
    except (TrustdeskError, OSError) as error:
        failure.error = _ours(error)
        st.session_state[_NOTED] = str(failure.error)


def uncaught(error: Exception) -> bool:
    """For what comes through everywhere else, out of callbacks too: whether it was shown as its sentence."""
    import streamlit as st  # noqa: PLC0415

    from app.words import plain  # noqa: PLC0415

    failure = _failure(error)
    if failure is not None:
        st.error(plain(str(failure)), icon=":material/error:")
    return failure is not None


def _ours(error: TrustdeskError | OSError) -> TrustdeskError:
    """An error of ours; what the system says of the home is made one. Anything else is raised again."""
    if (failure := _failure(error)) is None:
        raise error
    return failure


def _failure(error: Exception) -> TrustdeskError | None:
    if isinstance(error, TrustdeskError):
        return error
    return files.failure(error, Settings.of().home) if isinstance(error, OSError) else None


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
        try:
            log_to(self._home)
        except (TrustdeskError, OSError):  # a home that cannot be written to must not hide what has happened
            tell(f"This is a bug of Trustdesk ({kind.__name__}). Its log cannot be written; these are the details:")
            sys.__excepthook__(kind, error, trace)
            return
        _log.critical("A command failed", exc_info=(kind, error, trace))
        tell(f"This is a bug of Trustdesk ({kind.__name__}). The details are in {self._home.settings.log}.")


def log_to(home: Home) -> None:
    """Write the program's log to the home's log file, five files of a megabyte at most."""
    home.settings.log.parent.mkdir(parents=True, exist_ok=True)
    _log.addHandler(File(home.settings.log, as_json=Logs.of().as_json))
