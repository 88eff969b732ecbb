"""Redis Streams: a consumer group reads messages, and decisions are added to another stream.

https://redis.io/docs/latest/develop/data-types/streams/. An entry has the field `message`, a JSON text; its id is that
of the message where the message has none. What was read before a crash, and not acknowledged, comes first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import redis

from core.streams.messages import Answer, Letter, Message

T = TypeVar("T")
FIELD: Final = b"message"
CONSUMER: Final = "trustdesk"
#: Milliseconds that a read waits for the first message.
BLOCK: Final = 200
#: Seconds before a connection that was lost is tried again, at first and at most.
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
#: The first id there is, and all that nobody was given yet.
_FIRST: Final = "0"
_NEW: Final = ">"


class RedisSource:
    """The messages of a stream, by a consumer group that is made where it is absent, from the first message on."""

    ended = False

    def __init__(self, client: redis.Redis, stream: str, group: str) -> None:
        self._client, self._stream, self._group = client, stream, group
        self._after = _FIRST
        patiently(self._begin)

    def read(self, most: int) -> Sequence[Message]:
        found = patiently(lambda: self._read(most))
        if not found and self._after != _NEW:  # all that was left of before is settled
            self._after = _NEW
            found = patiently(lambda: self._read(most))
        if found and self._after != _NEW:
            self._after = found[-1].handle
        return found

    def done(self, settled: Sequence[Message]) -> None:
        if settled:
            names = [each.handle for each in settled]
            patiently(lambda: self._client.xack(self._stream, self._group, *names))

    def lag(self) -> int | None:
        """Messages that wait: not read yet, or not acknowledged; None where Redis cannot say."""
        groups = patiently(lambda: self._client.xinfo_groups(self._stream))
        ours: Mapping[str, Any] = next(each for each in groups if each["name"] == self._group.encode())
        return None if ours["lag"] is None else int(ours["lag"]) + int(ours["pending"])

    def _begin(self) -> None:
        try:
            self._client.xgroup_create(self._stream, self._group, id=_FIRST, mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _read(self, most: int) -> list[Message]:
        block = BLOCK if self._after == _NEW else None
        answer = self._client.xreadgroup(self._group, CONSUMER, {self._stream: self._after}, count=most, block=block)
        entries = answer[0][1] if answer else []
        return [Message(name.decode(), (fields or {}).get(FIELD, b"")) for name, fields in entries]


class RedisSink:
    """Decisions as entries of one stream, with the fields `id` and `decision`; letters as entries of another."""

    def __init__(self, client: redis.Redis, stream: str) -> None:
        self._client, self._stream, self._dead = client, stream, f"{stream}:dead"

    def write(self, answers: Sequence[Answer]) -> None:
        self._add(self._stream, [{"id": each.id, "decision": each.body} for each in answers])

    def bury(self, letters: Sequence[Letter]) -> None:
        self._add(self._dead, [{"id": each.message.handle, "error": each.sentence} for each in letters])

    def _add(self, stream: str, entries: Sequence[Mapping[str, Any]]) -> None:
        def add() -> None:
            pipeline = self._client.pipeline(transaction=True)  # all of a batch, or none of it
            for each in entries:
                pipeline.xadd(stream, dict(each))
            pipeline.execute()

        if entries:
            patiently(add)


def patiently(work: Callable[[], T], *, wait: Callable[[float], None] = time.sleep) -> T:
    """What `work` gives, tried again as long as the connection is lost or the server not ready."""
    pause = FIRST_WAIT
    while True:
        try:
            return work()
        except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.BusyLoadingError):
            wait(pause)
            pause = min(2 * pause, LONGEST_WAIT)
