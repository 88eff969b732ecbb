"""`python3 -m app stream`: messages decided as they arrive, from a pipe or a stream of Redis."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

import typer

from app import guard
from app.commands.shared import By, HomeOption, allowed, home_of
from app.guard import tell
from core import locks
from core.access.endpoints import stream_password
from core.errors import BadOptionError, RefusedError
from core.settings import STREAM_PASSWORD_VARIABLE
from core.wording import count

if TYPE_CHECKING:
    from core.home import Home
    from core.streams.stream import Sink, Source, Stream

PIPE = "-"
#: Seconds between two lines on how far it is.
_TELL_EVERY = 10.0


def stream(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="`-` for stdin, or redis://HOST:PORT/DB?stream=NAME&group=GROUP.")],
    sink: Annotated[str, typer.Argument(help="`-` for stdout, or redis://HOST:PORT/DB?stream=NAME.")] = PIPE,
    name: Annotated[str, typer.Option(help="Under which messages are known: a message is decided once for each.")]
    = "default",
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Most messages decided together.")] = 500,
    reasons: Annotated[Literal["all", "flagged", "none"], typer.Option(help="Whose score is explained.")] = "all",
    top: Annotated[int, typer.Option(min=1, max=20, help="Reasons of each, at most.")] = 3,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Decide on messages as they arrive: JSON with the fields of `POST /predict` and an `id`; ends with its source.

    Delivered at least once, decided once by id within a day, in order. What is no message becomes a dead letter with a
    sentence: on stderr, or in the stream NAME:dead. Another live model or policy is taken up between batches.
    """
    from app.api.serving_state import Live
    from core.access.idempotency import Claims
    from core.streams.stream import Stream

    home = home_of(context, home_dir)
    with guard.command(home), _alone(home, name):
        allowed(home, by, "predict")
        live, claims = Live(home), Claims(home.replies)
        ours = Stream(name, claims, _served(live), reasons, top)
        from_, to = _source(source), _sink(sink)
        between = _Between(live, ours)
        try:
            ours.run(from_, to, most=batch, now=lambda: datetime.now(UTC), between=between)
        finally:
            live.close_ended(everything=True)
            claims.close()
        tell(between.said())


class _Between:
    """What is done between two batches: runs are closed, it is told how far it is, and a signal to end is heeded."""

    def __init__(self, live: Any, stream: Stream) -> None:
        self._live, self._stream, self._goes_on = live, stream, True
        self._told = self._began = time.monotonic()
        signal.signal(signal.SIGTERM, self._end)

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            self._live.close_ended()
            tell(self.said())
        return self._goes_on

    def said(self) -> str:
        done, took = self._stream.progress, max(time.monotonic() - self._began, 1e-9)
        decided = f"{count(done.answered, 'message')} decided ({done.answered / took:,.0f} a second)"
        return f"{decided}, {done.again:,} of them before; {count(done.dead, 'dead letter')}."

    def _end(self, *_: object) -> None:
        self._goes_on = False


def _served(live: Any) -> Callable[[], Any]:
    """What scores now; waits while no model is live."""

    def serving() -> Any:
        from app.api.problem_details import Problem

        while True:
            live.look()
            try:
                return live.serving
            except Problem as problem:
                tell(f"{problem.detail} The stream waits.")
                time.sleep(5)

    return serving


@contextlib.contextmanager
def _alone(home: Home, name: str) -> Iterator[None]:
    """Order within a stream is kept by its being read by one process."""
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
        raise BadOptionError("--name", "give 1 to 40 letters, digits, - or _.")
    home.settings.data.mkdir(parents=True, exist_ok=True)
    with locks.held_now(home.settings.data / f"stream-{name}.lock") as ours:
        if not ours:
            raise RefusedError(f"Another process reads the stream {name} of this workspace. One is enough.")
        yield


def _source(address: str) -> Source:
    if address == PIPE:
        from core.streams.json_lines import Lines

        return Lines(sys.stdin.buffer)
    from core.streams.redis_streams import RedisSource

    client, asked = _redis(address)
    return RedisSource(client, asked["stream"], asked.get("group", "trustdesk"))


def _sink(address: str) -> Sink:
    if address == PIPE:
        from core.streams.json_lines import LinesOut

        return LinesOut(sys.stdout.buffer, sys.stderr.buffer)
    from core.streams.redis_streams import RedisSink

    client, asked = _redis(address)
    return RedisSink(client, asked["stream"])


def _redis(address: str) -> tuple[Any, dict[str, str]]:
    """A client, and what the address asks for. Raises BadOptionError; the address is not repeated."""
    parts = urlsplit(address)
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or not asked.get("stream"):
        raise BadOptionError("stream", f"give `{PIPE}` or an address such as redis://localhost:6379/0?stream=events.")
    if parts.password:
        raise BadOptionError(
            "stream", f"put the password into {STREAM_PASSWORD_VARIABLE}: lists of processes show an address."
        )
    try:
        import redis
    except ModuleNotFoundError:
        raise BadOptionError("stream", "this takes a package more: pip install 'redis>=6'.") from None
    client = redis.Redis(
        host=parts.hostname, port=parts.port or 6379, db=int(parts.path.strip("/") or 0), username=parts.username,
        password=stream_password(), ssl=parts.scheme == "rediss", socket_timeout=30,
    )  # fmt: skip
    return client, asked
