"""`python3 -m app stream`: messages decided as they arrive, from a pipe, a folder, or a server of streams."""

from __future__ import annotations

import contextlib
import gc
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app import guard
from app.commands.shared import By, HomeOption, allowed, home_of
from app.guard import tell
from core import locks
from core.errors import BadOptionError, RefusedError
from core.wording import count

if TYPE_CHECKING:
    from core.home import Home
    from core.streams.stream import Source, Stream

#: Seconds between two lines on how far it is, and between two statuses for others.
_TELL_EVERY = 10.0
_STATUS_EVERY = 5.0
#: Seconds that somebody who only looks may have the lock.
_LOOKED_AT = 1.0
#: Objects made beyond those that are gone, after which garbage is looked for: those of a few batches.
_GARBAGE = 100_000
#: Seconds between two looks whether a model is live.
_LOOK_EVERY = 5.0


def stream(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="`-` for stdin, or an address: docs/streams.md has them.")],
    sink: Annotated[str, typer.Argument(help="`-` for stdout, or an address.")] = "-",
    name: Annotated[str, typer.Option(help="Under which messages are known: a message is decided once for each.")]
    = "default",
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Most messages decided together.")] = 500,
    reasons: Annotated[Literal["all", "flagged", "none"], typer.Option(help="Whose score is explained.")] = "all",
    top: Annotated[int, typer.Option(min=1, max=20, help="Reasons of each, at most.")] = 3,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Decide on messages as they arrive: JSON with the fields of `POST /predict` and an `id`; ends with its source.

    Addresses: redis://HOST:PORT/DB?stream=NAME, kafka://HOST:PORT?topic=NAME, kinesis://STREAM?region=REGION,
    folder:PATH. Delivered at least once, decided once by id within a day, in order. What is no message becomes a dead
    letter with a sentence, beside the decisions. Another live model or policy is taken up between batches.
    """
    from app.api.serving_state import Live
    from core.streams import addresses
    from core.streams.addresses import Place
    from core.streams.patience import Patience
    from core.streams.stream import Stream

    home = home_of(context, home_dir)
    with guard.command(home), _alone(home, name), home.database.held():
        allowed(home, by, "predict")
        ends = _Ends()
        patience = Patience(ends.goes_on, tell)
        live, looked = Live(home), gc.get_threshold()
        try:
            from_, to = addresses.opened(source, sink, Place(name, home.settings.streams, patience))
            ours = Stream(name, home.replies, _served(live, patience), reasons, top)
            between = _Between(home, live, ours, from_, addresses.parsed(source).scheme, ends)
            between.report()
            live.look()
            # What was loaded stays to the end: looking through it for garbage took a seventh of the time. Of what a
            # batch makes nearly all is gone behind it: looking through that meanwhile took a twentieth.
            gc.freeze()
            gc.set_threshold(_GARBAGE)
            ours.run(from_, to, most=batch, now=_now, between=between, wait=patience.sleep)
            if from_.ended:
                home.stream_statuses.forget(name)
            else:
                between.report()
        finally:
            gc.unfreeze()
            gc.set_threshold(*looked)
            live.close_ended(everything=True)
        tell(between.said())


class _Ends:
    """Whether the stream goes on: until SIGTERM, heeded between two batches and while a server is away."""

    def __init__(self) -> None:
        self._goes_on = True
        signal.signal(signal.SIGTERM, self._end)

    def goes_on(self) -> bool:
        return self._goes_on

    def _end(self, *_: object) -> None:
        self._goes_on = False


class _Between:
    """What is done between two batches: runs are closed, and it is told how far it is."""

    def __init__(self, home: Home, live: Any, stream: Stream, source: Source, kind: str, ends: _Ends) -> None:
        self._home, self._live, self._stream, self._source, self._kind = home, live, stream, source, kind
        self._ends, self._at = ends, _now()
        self._told = self._reported = self._began = time.monotonic()

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._reported >= _STATUS_EVERY:
            self._reported = now
            self.report()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            self._live.close_ended()
            tell(self.said())
        return self._ends.goes_on()

    def report(self) -> None:
        """Write the status that `/metrics` and Monitor show."""
        from core.errors import StorageError
        from core.monitoring.stream_status import StreamStatus
        from core.streams.patience import StoppedError

        done = self._stream.progress
        with contextlib.suppress(StorageError, StoppedError):  # it is written again
            lag = self._source.lag()
            self._home.stream_statuses.write(StreamStatus(
                self._stream.name, self._kind, done.answered, done.again, done.dead, lag.messages, lag.seconds,
                self._at, _now(), done.last,
            ))  # fmt: skip

    def said(self) -> str:
        done, took = self._stream.progress, max(time.monotonic() - self._began, 1e-9)
        decided = f"{count(done.answered, 'message')} decided ({done.answered / took:,.0f} a second)"
        return f"{decided}, {done.again:,} of them before; {count(done.dead, 'dead letter')}."


def _now() -> datetime:
    return datetime.now(UTC)


def _served(live: Any, patience: Any) -> Callable[[], Any]:
    """What scores now; waits while no model is live."""

    def serving() -> Any:
        from app.api.problem_details import Problem

        while True:
            live.look()
            try:
                return live.serving
            except Problem as problem:
                tell(f"{problem.detail} The stream waits.")
                patience.wait(_LOOK_EVERY)

    return serving


@contextlib.contextmanager
def _alone(home: Home, name: str) -> Iterator[None]:
    """Order within a stream is kept by its being read by one process."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
        raise BadOptionError("--name", "give 1 to 40 letters, digits, - or _, beginning with a letter or a digit.")
    lock = locks.taken(home.stream_statuses.lock(name), wait=_LOOKED_AT)
    if lock is None:
        raise RefusedError(f"Another process reads the stream {name} of this workspace. One is enough.")
    try:
        yield
    finally:
        lock.release()
