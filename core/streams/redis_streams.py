"""Redis Streams: a consumer group reads messages, and decisions are added to another stream.

https://redis.io/docs/latest/develop/data-types/streams/. An entry has the field `message`, a JSON text; its id is that
of the message where the message has none. What was read before a crash, and not acknowledged, comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import redis

from core.access.endpoints import stream_password
from core.errors import BadOptionError, RefusedError
from core.settings import STREAM_PASSWORD_VARIABLE
from core.streams.addresses import GROUP, Address, Place
from core.streams.messages import Answer, Letter, Message
from core.streams.patience import Patience
from core.streams.stream import Lag

T = TypeVar("T")
PORT: Final = 6379
FIELD: Final = b"message"
CONSUMER: Final = "trustdesk"
#: Milliseconds that a read waits for the first message.
BLOCK: Final = 200
#: What time may mend, but for what is a subclass of it and below.
_LOST: Final = (
    redis.ConnectionError, redis.TimeoutError, redis.exceptions.BusyLoadingError, redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
)  # fmt: skip
_CLOSED: Final = (redis.AuthenticationError, redis.exceptions.AuthorizationError)
#: The first id there is, and all that nobody was given yet.
_FIRST: Final = "0"
_NEW: Final = ">"


class RedisSource:
    """The messages of a stream, by a consumer group that is made where it is absent, from the first message on."""

    ended = False

    def __init__(self, client: redis.Redis, stream: str, group: str, patience: Patience) -> None:
        self._client, self._stream, self._group, self._patience = client, stream, group, patience
        self._after = _FIRST
        _patiently(self._patience, self._begin)

    def read(self, most: int) -> Sequence[Message]:
        found = _patiently(self._patience, lambda: self._read(most))
        if not found and self._after != _NEW:  # all that was left of before is settled
            self._after = _NEW
            found = _patiently(self._patience, lambda: self._read(most))
        if found and self._after != _NEW:
            self._after = found[-1].handle
        return found

    def done(self, settled: Sequence[Message]) -> None:
        if settled:
            names = [each.handle for each in settled]
            _patiently(self._patience, lambda: self._client.xack(self._stream, self._group, *names))

    def lag(self) -> Lag:
        """Messages that are not read yet, or not acknowledged; Redis cannot say after entries were deleted."""
        groups = _patiently(self._patience, lambda: self._client.xinfo_groups(self._stream))
        ours: Mapping[str, Any] = next(each for each in groups if each["name"] == self._group.encode())
        return Lag(None if ours["lag"] is None else int(ours["lag"]) + int(ours["pending"]))

    def _begin(self) -> None:
        try:
            self._client.xgroup_create(self._stream, self._group, id=_FIRST, mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _read(self, most: int) -> list[Message]:
        block = BLOCK if self._after == _NEW else None
        asked = {self._stream: self._after}
        try:
            answer = self._client.xreadgroup(self._group, CONSUMER, asked, count=most, block=block)
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            self._begin()  # Redis has lost what it held, and the group with it
            return []
        entries = answer[0][1] if answer else []
        return [Message(name.decode(), (fields or {}).get(FIELD, b"")) for name, fields in entries]


class RedisSink:
    """Decisions as entries of one stream, with the fields `id` and `decision`; letters as entries of another."""

    def __init__(self, client: redis.Redis, stream: str, patience: Patience) -> None:
        self._client, self._stream, self._dead, self._patience = client, stream, f"{stream}:dead", patience

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
            _patiently(self._patience, add)


def source(address: Address, place: Place) -> RedisSource:
    """What reads `redis://HOST:PORT/DB?stream=NAME&group=GROUP`. Raises BadOptionError."""
    stream, group = address.need("stream"), address.asked.get("group") or GROUP
    return RedisSource(_client(address), stream, group, place.patience)


def sink(address: Address, place: Place) -> RedisSink:
    """What writes to `redis://HOST:PORT/DB?stream=NAME`. Raises BadOptionError."""
    return RedisSink(_client(address), address.need("stream"), place.patience)


def _client(address: Address) -> redis.Redis:
    host, port = address.host(PORT)
    number = address.path.strip("/") or "0"
    if not number.isdecimal():
        raise BadOptionError("stream", "the path of an address of Redis is the number of a database, such as /0.")
    return redis.Redis(
        host=host, port=port, db=int(number), username=address.user, password=stream_password(),
        ssl=address.scheme == "rediss", socket_timeout=30,
    )  # fmt: skip


def _patiently(patience: Patience, work: Callable[[], T]) -> T:
    """What `work` gives, tried again as long as the connection is lost or the server not ready."""
    try:
        return patience.until_done("Redis", work, *_LOST, away=lambda error: not isinstance(error, _CLOSED))
    except _CLOSED:
        sentence = f"Redis does not let us in: look at {STREAM_PASSWORD_VARIABLE} and at the user of the address."
        raise RefusedError(sentence) from None
    except redis.ResponseError as error:  # its first word is a code; the rest may quote what was sent
        raise RefusedError(f"Redis refuses the stream: {str(error).partition(' ')[0]}.") from None
