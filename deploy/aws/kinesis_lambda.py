"""A Lambda function that decides on records of Kinesis, as `python3 -m app stream kinesis://...` does.

TRUSTDESK_HOME: the workspace, on a file system that one execution at a time mounts; TRUSTDESK_STREAM_SINK: where
decisions and dead letters go, such as `kinesis://decisions?region=eu-west-1`. The event source mapping reports partial
batches (`ReportBatchItemFailures`): the first record that is not settled is answered, and Lambda sends it and all
behind it again. What was decided is then answered as before, by its id.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from app.api.problem_details import Problem
from app.api.serving_state import Live
from app.guard import tell
from core import locks
from core.errors import RefusedError, TrustdeskError
from core.home import Home
from core.streams import addresses
from core.streams.addresses import Place
from core.streams.messages import Message
from core.streams.patience import Patience, StoppedError
from core.streams.stream import Lag, Sink, Stream

SINK_VARIABLE: Final = "TRUSTDESK_STREAM_SINK"
#: The name of the stream in the workspace: the ids of its messages are known under it.
NAME: Final = "lambda"
#: Records that are decided together, and seconds that are left of an execution when it takes no more.
MOST: Final = 100
LEAVE: Final = 5.0
_LOCK_WITHIN: Final = 1.0


class Records:
    """The records of one event as a source; those from `settled` on are sent again."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records, self.settled = records, 0

    @property
    def ended(self) -> bool:
        return self.settled >= len(self._records)

    def read(self, most: int) -> Sequence[Message]:
        """The next records, as messages that are called as `stream` calls them."""
        return [_message(each) for each in self._records[self.settled : self.settled + most]]

    def done(self, settled: Sequence[Message]) -> None:
        self.settled += len(settled)

    def lag(self) -> Lag:
        return Lag(len(self._records) - self.settled)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """What Lambda calls: the first record that was not settled, none where all were."""
    home, records = _home(), event["Records"]
    source = Records(records)
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - LEAVE
    patience = Patience(lambda: time.monotonic() < ends, tell)
    try:
        with _stream(home) as (ours, live):
            ours.run(source, _sink(home, patience), most=MOST, now=lambda: datetime.now(UTC), between=patience.goes_on)
            live.close_ended()
    except TrustdeskError as error:
        tell(str(error))
    except Problem as problem:  # no model is live
        tell(str(problem.detail))
    except StoppedError:
        tell("The server of the decisions did not answer in time.")
    tell(f"{source.settled:,} of {len(records):,} records settled.")
    left = records[source.settled :][:1]
    return {"batchItemFailures": [{"itemIdentifier": each["kinesis"]["sequenceNumber"]} for each in left]}


@cache
def _home() -> Home:
    return Home.open()


@contextlib.contextmanager
def _stream(home: Home) -> Iterator[tuple[Stream, Live]]:
    """The stream, which one execution at a time has. Raises TrustdeskError."""
    lock = locks.taken(home.stream_statuses.lock(NAME), wait=_LOCK_WITHIN)
    if lock is None:
        raise RefusedError("Another execution decides for this workspace: let one run at a time.")
    try:
        live = _live(home)
        yield Stream(NAME, home.replies, _serving(live)), live
    finally:
        lock.release()


@cache
def _live(home: Home) -> Live:
    return Live(home)


def _serving(live: Live) -> Callable[[], Any]:
    def serving() -> Any:
        live.look()
        return live.serving

    return serving


def _sink(home: Home, patience: Patience) -> Sink:
    place = Place(NAME, home.settings.streams, patience)
    return addresses.written(os.environ[SINK_VARIABLE], place)


def _message(record: Mapping[str, Any]) -> Message:
    """A record as a message; one that is no base64 has no body, and becomes a dead letter."""
    try:
        body = base64.b64decode(record["kinesis"]["data"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        body = b""
    shard, _, number = str(record.get("eventID", "")).partition(":")
    return Message(f"{shard}/{number}", body)
