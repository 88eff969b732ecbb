"""Kinesis: all shards of a stream are polled, parents before children, and decisions are put into another stream.

How far each shard is settled is kept in the home. boto3 reads credentials, region and endpoint from where it always
does: the environment, a profile, or the role of the machine.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoRegionError
from botocore.exceptions import ConnectionError as NotReachedError

from core.errors import BadOptionError, RefusedError
from core.streams.addresses import Address, Place
from core.streams.json_lines import letter_json
from core.streams.messages import Answer, Letter, Message
from core.streams.patience import Patience
from core.streams.positions import Positions
from core.streams.stream import Lag

T = TypeVar("T")
#: Seconds between two reads of a shard, of which Kinesis takes five a second, and between two looks at the shards.
_EVERY: Final = 0.21
_SHARDS_EVERY: Final = 60.0
#: What one request may put: records, and bytes with their keys.
_MOST_RECORDS: Final = 500
_MOST_BYTES: Final = 4_500_000
_MOST_READ: Final = 10_000
_MOST_KEY: Final = 256
_AWAY: Final = frozenset({
    "ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException", "InternalFailure",
    "InternalServerError", "ServiceUnavailable", "KMSThrottlingException", "RequestLimitExceeded",
})  # fmt: skip
_ENDED: Final = "ended"


@dataclass(slots=True)
class _Shard:
    """A shard that is read. `read`, `settled`: sequence numbers, "" before the first; `open`: more may come."""

    id: str
    parents: tuple[str, ...]
    open: bool
    settled: str = ""
    read: str = ""
    iterator: str | None = None
    next_read: float = 0.0
    ended: bool = False
    behind: float | None = None


class KinesisSource:
    """The messages of a stream, each shard in order, and a shard only after those that it was made from."""

    ended = False

    def __init__(self, client: Any, stream: str, positions: Positions, patience: Patience) -> None:
        self._client, self._stream, self._positions, self._patience = client, stream, positions, patience
        self._kept: dict[str, str] = positions.load()
        self._shards: dict[str, _Shard] = {}
        self._looked = float("-inf")
        self._look()

    def read(self, most: int) -> Sequence[Message]:
        if time.monotonic() - self._looked > _SHARDS_EVERY:
            self._look()
        found: list[Message] = []
        for shard in sorted(self._readable(), key=lambda each: each.next_read):
            if len(found) == most:
                break
            if shard.next_read <= time.monotonic():
                found += self._records(shard, most - len(found))
        if not found:
            soonest = min((each.next_read for each in self._readable()), default=time.monotonic() + _EVERY)
            self._patience.wait(min(max(soonest - time.monotonic(), 0.0), _EVERY))
        return found

    def done(self, settled: Sequence[Message]) -> None:
        """All that was read is settled."""
        ended = [each for each in self._shards.values() if each.ended and self._kept.get(each.id) != _ENDED]
        if not settled and not ended:
            return
        for shard in self._shards.values():
            if shard.read:
                shard.settled = shard.read
                self._kept[shard.id] = shard.read
        self._kept |= dict.fromkeys((each.id for each in ended), _ENDED)
        self._positions.keep(self._kept)
        if ended:
            self._look()  # their children can be read now

    def lag(self) -> Lag:
        """The seconds that the shard farthest behind is behind."""
        known = [each.behind for each in self._readable() if each.behind is not None]
        return Lag(seconds=max(known)) if known else Lag()

    def _look(self) -> None:
        """Which shards there are; those that are gone were read to their end, or are older than Kinesis keeps."""
        self._looked = time.monotonic()
        listed = {each["ShardId"]: each for each in self._listed()}
        self._kept = {name: at for name, at in self._kept.items() if name in listed}
        for name, each in listed.items():
            is_open = "EndingSequenceNumber" not in each["SequenceNumberRange"]
            parents = tuple(filter(None, (each.get("ParentShardId"), each.get("AdjacentParentShardId"))))
            at = self._kept.get(name, "")
            shard = self._shards.setdefault(name, _Shard(name, parents, is_open, at, ended=at == _ENDED))
            shard.open = is_open
        self._shards = {name: shard for name, shard in self._shards.items() if name in listed}

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, str] = {"StreamName": self._stream}
        while True:
            page = self._ask(functools.partial(self._client.list_shards, **asked))
            yield from page["Shards"]
            if not page.get("NextToken"):
                return
            asked = {"NextToken": page["NextToken"]}

    def _readable(self) -> list[_Shard]:
        """Those that are not at their end and whose parents are, settled."""
        over = {name for name, at in self._kept.items() if at == _ENDED}
        return [
            each for each in self._shards.values()
            if not each.ended and all(parent in over or parent not in self._shards for parent in each.parents)
        ]  # fmt: skip

    def _records(self, shard: _Shard, most: int) -> list[Message]:
        if shard.iterator is None:
            shard.iterator = self._iterator(shard)
        shard.next_read = time.monotonic() + _EVERY
        try:
            page = self._ask(
                lambda: self._client.get_records(ShardIterator=shard.iterator, Limit=min(most, _MOST_READ))
            )  # fmt: skip
        except ClientError as error:
            if _code(error) != "ExpiredIteratorException":
                raise _refused(self._stream, error) from None
            shard.iterator = None
            return []
        shard.iterator, records = page.get("NextShardIterator"), page["Records"]
        shard.behind = page.get("MillisBehindLatest", 0) / 1000
        at_tip = not records and not shard.behind
        # Of a closed shard AWS gives no further iterator; others that speak like it go on giving one.
        shard.ended = shard.iterator is None or (at_tip and not shard.open)
        if records:
            shard.read = records[-1]["SequenceNumber"]
        return [Message(f"{shard.id}/{each['SequenceNumber']}", each["Data"]) for each in records]

    def _iterator(self, shard: _Shard) -> str:
        after = shard.read or shard.settled
        begin = {"ShardIteratorType": "TRIM_HORIZON"}
        if after:
            begin = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        try:
            found = self._ask(
                lambda: self._client.get_shard_iterator(StreamName=self._stream, ShardId=shard.id, **begin)
            )  # fmt: skip
        except ClientError as error:
            raise _refused(self._stream, error) from None
        return str(found["ShardIterator"])

    def _ask(self, work: Callable[[], T]) -> T:
        return _patiently(self._patience, work)


class KinesisSink:
    """Decisions to one stream, letters to another. The partition key is the user; what Kinesis does not take is sent
    again before anything later of the same user is.
    """

    def __init__(self, client: Any, stream: str, patience: Patience) -> None:
        self._client, self._stream, self._dead, self._patience = client, stream, f"{stream}.dead", patience

    def write(self, answers: Sequence[Answer]) -> None:
        self._put(self._stream, [(each.key, each.body) for each in answers])

    def bury(self, letters: Sequence[Letter]) -> None:
        self._put(self._dead, [(each.message.handle, letter_json(each)) for each in letters])

    def _put(self, stream: str, pairs: Sequence[tuple[str, bytes]]) -> None:
        waiting: dict[str, list[bytes]] = {}
        for key, body in pairs:
            waiting.setdefault(_partition_key(key), []).append(body)
        while waiting:
            # One of a key in a request: Kinesis promises no order within one, and may take the second of two alone.
            round_ = list(_within_limits([(key, bodies[0]) for key, bodies in waiting.items()]))
            taken = self._put_some(stream, round_)
            for key in taken:
                del waiting[key][0]
                if not waiting[key]:
                    del waiting[key]
            if len(taken) < len(round_):
                self._patience.wait(_EVERY)

    def _put_some(self, stream: str, pairs: Sequence[tuple[str, bytes]]) -> list[str]:
        records = [{"Data": body, "PartitionKey": key} for key, body in pairs]
        try:
            found = _patiently(self._patience, lambda: self._client.put_records(StreamName=stream, Records=records))
        except ClientError as error:
            raise _refused(stream, error) from None
        return [key for (key, _), each in zip(pairs, found["Records"], strict=True) if not each.get("ErrorCode")]


def source(address: Address, place: Place) -> KinesisSource:
    """What reads `kinesis://STREAM?region=REGION`. Raises BadOptionError, RefusedError."""
    client = _client(address)
    about = _there(client, address.hosts, place.patience)
    # A stream that was deleted and made again under its name begins anew.
    of = f"{about['StreamARN']} {about['StreamCreationTimestamp'].timestamp()}"
    return KinesisSource(client, address.hosts, Positions.at(place, of), place.patience)


def sink(address: Address, place: Place) -> KinesisSink:
    """What writes to `kinesis://STREAM?region=REGION`. Raises BadOptionError, RefusedError."""
    client = _client(address)
    for name in (address.hosts, f"{address.hosts}.dead"):
        _there(client, name, place.patience)
    return KinesisSink(client, address.hosts, place.patience)


def _client(address: Address) -> Any:
    if address.user or not address.hosts:
        raise BadOptionError("stream", "give the name of a stream, as in kinesis://events?region=eu-west-1.")
    settings = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
    try:
        return boto3.client("kinesis", region_name=address.asked.get("region") or None, config=settings)
    except NoRegionError:
        raise BadOptionError("stream", "name its region, as in kinesis://events?region=eu-west-1.") from None
    except (BotoCoreError, ValueError) as error:
        raise BadOptionError("stream", f"boto3 cannot be set up: {type(error).__name__}.") from None


def _there(client: Any, stream: str, patience: Patience) -> Mapping[str, Any]:
    try:
        asked = _patiently(patience, lambda: client.describe_stream_summary(StreamName=stream))
    except ClientError as error:
        if _code(error) == "ResourceNotFoundException":
            raise BadOptionError("stream", f"there is no stream {stream}: make it, with shards for its load.") from None
        raise _refused(stream, error) from None
    except BotoCoreError as error:  # no credentials, or some that cannot be read
        sentence = f"Kinesis cannot be asked: {type(error).__name__}. Give boto3 its credentials."
        raise RefusedError(sentence) from None
    found: Mapping[str, Any] = asked["StreamDescriptionSummary"]
    return found


def _patiently(patience: Patience, work: Callable[[], T]) -> T:
    return patience.until_done("Kinesis", work, ClientError, NotReachedError, HTTPClientError, away=_away)


def _away(error: BaseException) -> bool:
    """Whether time may mend it: all but what Kinesis has said no to."""
    return not isinstance(error, ClientError) or _code(error) in _AWAY


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(stream: str, error: ClientError) -> RefusedError:
    return RefusedError(f"Kinesis refuses the stream {stream}: {_code(error)}. Look at the rights of the credentials.")


def _partition_key(key: str) -> str:
    return key if len(key) <= _MOST_KEY else hashlib.sha256(key.encode()).hexdigest()


def _within_limits(pairs: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """As many of the first as one request may have."""
    left = _MOST_BYTES
    for key, body in pairs[:_MOST_RECORDS]:
        left -= len(body) + 4 * len(key)
        if left < 0:
            return
        yield key, body
