"""Kafka: a consumer group reads a topic, and decisions are produced to another one, keyed by user.

Offsets are committed by hand, after the decisions of a batch are in the sink. When partitions are given to another
consumer, what is in hand of them is dropped and read again by whoever has them. A process that comes again within the
session is the same member (static membership), so that a restart gives nobody else its partitions.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import Message as Record

from core.access.endpoints import kafka_settings
from core.errors import BadOptionError, RefusedError
from core.streams.addresses import GROUP, Address, Place
from core.streams.json_lines import letter_json
from core.streams.messages import Answer, Letter, Message
from core.streams.patience import Patience
from core.streams.stream import Lag

#: Seconds that a read waits for the first message, and for those that are there already.
MOMENT: Final = 0.2
_AT_HAND: Final = 0.005
#: Seconds for one answer of a broker.
_ANSWER: Final = 10.0
#: Milliseconds without a sign of life after which a member is taken for dead.
_SESSION: Final = 10_000
#: Kilobytes that are fetched ahead.
_AHEAD: Final = 16_384
#: Of the group: these partitions are somebody else's by now, or are being given anew.
_NOT_OURS: Final = frozenset({
    KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError._ASSIGNMENT_LOST, KafkaError._MAX_POLL_EXCEEDED, KafkaError._STATE,
})  # fmt: skip
#: What time may mend.
_AWAY: Final = frozenset({
    KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE,
    KafkaError._WAIT_COORD, KafkaError._TIMED_OUT_QUEUE, KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.REQUEST_TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
})  # fmt: skip
_REFUSED: Final = frozenset({
    KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._SSL,
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.FENCED_INSTANCE_ID,
})  # fmt: skip
_log = logging.getLogger("trustdesk.kafka")


class KafkaSource:
    """The messages of a topic, each partition in order, from the first message that the group has not settled."""

    ended = False

    def __init__(self, settings: Mapping[str, Any], topic: str, group: str, member: str, patience: Patience) -> None:
        self._topic, self._patience = topic, patience
        self._last_error: KafkaError | None = None
        #: Partitions were taken from us: what was read before is dropped.
        self._moved = False
        self._consumer = Consumer({
            **settings, "group.id": group, "group.instance.id": member, "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "session.timeout.ms": _SESSION, "queued.max.messages.kbytes": _AHEAD,
            "error_cb": self._note, "logger": _log,
        })  # fmt: skip
        _check_there(self._consumer, [topic], patience, lambda: self._last_error)
        self._consumer.subscribe([topic], on_revoke=self._taken_away, on_lost=self._taken_away)

    def read(self, most: int) -> Sequence[Message]:
        found = self._consumer.consume(1, MOMENT)
        if found and most > 1:
            found += self._consumer.consume(most - 1, _AT_HAND)
        if self._moved:
            self._begin_anew()
            return []
        self._heed(each.error() for each in found)
        return [_message(each) for each in found if each.error() is None]

    def done(self, settled: Sequence[Message]) -> None:
        last = dict(_place(each) for each in settled)  # the later ones of a partition come later
        offsets = [TopicPartition(self._topic, partition, offset + 1) for partition, offset in last.items()]
        if not offsets:
            return
        try:
            _patiently(self._patience, lambda: self._consumer.commit(offsets=offsets, asynchronous=False))
        except KafkaException as error:
            if _code(error) not in _NOT_OURS:
                raise _refused(self._topic, error.args[0]) from None
            self._moved = True

    def lag(self) -> Lag:
        """Messages of our partitions that are not read yet, as the last fetch of each has told."""
        waiting = 0
        with contextlib.suppress(KafkaException):
            for at in self._consumer.position(self._consumer.assignment()):
                _, end = self._consumer.get_watermark_offsets(at, cached=True)
                waiting += max(end - at.offset, 0) if at.offset >= 0 and end >= 0 else 0
            return Lag(waiting)
        return Lag()

    def close(self) -> None:
        self._consumer.close()

    def _taken_away(self, *_: object) -> None:
        self._moved = True

    def _begin_anew(self) -> None:
        """Go on behind what the group has settled, with the partitions that are ours now."""

        def committed() -> list[TopicPartition]:
            ours = self._consumer.assignment()
            return self._consumer.committed(ours, _ANSWER) if ours else []

        ours = _patiently(self._patience, committed)
        self._moved = False
        if ours:
            self._consumer.assign(ours)

    def _heed(self, errors: Iterable[KafkaError | None]) -> None:
        for error in filter(None, [*errors, self._last_error]):
            if error.fatal() or error.code() in _REFUSED:
                raise _refused(self._topic, error)
            if error.code() in _NOT_OURS:
                self._moved = True
        self._last_error = None

    def _note(self, error: KafkaError) -> None:
        if error.code() in _REFUSED or error.fatal():
            self._last_error = error


class KafkaSink:
    """Decisions to one topic, letters to another. The key is the user, so that those of one user stay in order.

    Produced by an idempotent producer without a limit of time: what is not taken stays before what comes later.
    """

    def __init__(self, settings: Mapping[str, Any], topic: str, patience: Patience) -> None:
        self._topic, self._dead, self._patience = topic, f"{topic}.dead", patience
        self._last_error: KafkaError | None = None
        self._producer = Producer({
            **settings, "enable.idempotence": True, "acks": "all", "delivery.timeout.ms": 0, "linger.ms": 5,
            "partitioner": "murmur2_random", "error_cb": self._note, "logger": _log,
        })  # fmt: skip
        _check_there(self._producer, [topic, self._dead], patience, lambda: self._last_error)

    def write(self, answers: Sequence[Answer]) -> None:
        self._produce(self._topic, [(each.key, each.body) for each in answers])

    def bury(self, letters: Sequence[Letter]) -> None:
        self._produce(self._dead, [(each.message.handle, letter_json(each)) for each in letters])

    def _produce(self, topic: str, pairs: Sequence[tuple[str, bytes]]) -> None:
        failed: list[KafkaError] = []
        for key, body in pairs:
            while not self._queued(topic, key, body, failed):
                self._wait(topic, failed)
        while self._producer.flush(MOMENT):
            self._wait(topic, failed)
        self._check(topic, failed)

    def _queued(self, topic: str, key: str, body: bytes, failed: list[KafkaError]) -> bool:
        def told(error: KafkaError | None, _record: Record) -> None:
            if error is not None:
                failed.append(error)

        try:
            self._producer.produce(topic, body, key.encode(), on_delivery=told)
        except BufferError:  # the queue is full: it is emptied first
            self._producer.poll(MOMENT)
            return False
        return True

    def _wait(self, topic: str, failed: Sequence[KafkaError]) -> None:
        self._check(topic, failed)
        self._patience.check()

    def _check(self, topic: str, failed: Sequence[KafkaError]) -> None:
        if failed or self._last_error is not None:
            raise _refused(topic, failed[0] if failed else self._last_error)

    def _note(self, error: KafkaError) -> None:
        if error.code() in _REFUSED or error.fatal():
            self._last_error = error


def source(address: Address, place: Place) -> KafkaSource:
    """What reads `kafka://HOST:PORT?topic=NAME&group=GROUP`. Raises BadOptionError, RefusedError."""
    group = address.asked.get("group") or GROUP
    # Another workspace of the same group is another member.
    member = f"trustdesk-{place.name}-{hashlib.sha256(str(place.folder).encode()).hexdigest()[:12]}"
    return KafkaSource(_settings(address), address.need("topic"), group, member, place.patience)


def sink(address: Address, place: Place) -> KafkaSink:
    """What writes to `kafka://HOST:PORT?topic=NAME`. Raises BadOptionError, RefusedError."""
    return KafkaSink(_settings(address), address.need("topic"), place.patience)


def _settings(address: Address) -> dict[str, Any]:
    if not address.hosts:
        raise BadOptionError("stream", "name a host and its port, as in kafka://localhost:9092?topic=events.")
    # Messages that are too large for us are told so; those that are too large for Kafka never came.
    return {"bootstrap.servers": address.hosts, **kafka_settings(address.user)}


def _check_there(client: Any, topics: Sequence[str], patience: Patience, last_error: Any) -> None:
    """Raises RefusedError where the cluster lets us not in, BadOptionError where it has no such topic."""

    def known(topic: str) -> bool:
        client.poll(0)  # where errors of the connection are told
        if (refused := last_error()) is not None:
            raise _refused(topic, refused)
        found = client.list_topics(topic, _ANSWER).topics[topic]
        if found.error is not None and found.error.code() in _AWAY:
            raise KafkaException(found.error)
        return found.error is None

    for topic in topics:
        if not _patiently(patience, lambda topic=topic: known(topic)):
            raise BadOptionError("stream", f"there is no topic {topic}: make it, with partitions for its load.")


def _patiently(patience: Patience, work: Any) -> Any:
    return patience.until_done("Kafka", work, KafkaException, away=lambda error: _code(error) in _AWAY)


def _code(error: BaseException) -> int:
    return int(error.args[0].code())


def _refused(topic: str, error: KafkaError | None) -> RefusedError:
    # The code and no text: what a library says of a connection may quote it.
    name = "an unknown error" if error is None else error.name()
    return RefusedError(
        f"Kafka refuses the topic {topic}: {name}. Look at its access rules and at the variables for it."
    )


def _message(record: Record) -> Message:
    return Message(f"{record.topic()}/{record.partition()}/{record.offset()}", record.value() or b"")


def _place(message: Message) -> tuple[int, int]:
    _, partition, offset = message.handle.rsplit("/", 2)
    return int(partition), int(offset)
