"""Each source gives again what was not acknowledged, in order and by a name that stays; each sink keeps the order of a
user. Against redis-server, librdkafka's mock cluster, moto, and folders.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadOptionError
from core.streams import addresses
from core.streams.addresses import Place
from core.streams.messages import MOST_BYTES, Answer, Letter, Message
from core.streams.patience import Patience, StoppedError
from core.streams.stream import Sink, Source
from tests.core.streams.servers import (
    KafkaCluster,
    KinesisServer,
    RedisServer,
    Server,
    moto_server,
    redis_server,
)

N = 40


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture
def kinesis(moto_port: int, monkeypatch: pytest.MonkeyPatch) -> KinesisServer:
    found = KinesisServer(moto_port)
    for name, value in found.variables.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> KafkaCluster:
    pytest.importorskip("confluent_kafka")
    monkeypatch.setattr("core.streams.kafka._SESSION", 4_000)
    return KafkaCluster()


def sent(numbers: Sequence[int]) -> list[tuple[str, bytes]]:
    return [(f"u{number % 5}", b"m-%d" % number) for number in numbers]


def opened(server: Server, place: Place) -> tuple[Source, Sink]:
    return addresses.opened(server.events, server.decisions, place)


def read(source: Source, n: int, most: int = 7, *, settle: bool = True) -> list[Message]:
    found: list[Message] = []
    until = time.monotonic() + 30
    while len(found) < n and time.monotonic() < until:
        batch = source.read(most)
        found += batch
        if settle:
            source.done(batch)
    return found


def in_order(found: Sequence[Message]) -> None:
    """Messages of a user are in the order in which they were sent, and none comes twice."""
    numbers = [int(each.body.removeprefix(b"m-")) for each in found]
    assert len(set(numbers)) == len(numbers)
    for user in range(5):
        ours = [number for number in numbers if number % 5 == user]
        assert ours == sorted(ours)


def test_kafka_gives_again_what_was_not_committed_and_keys_decisions_by_user(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    kafka.send(sent(range(N)))
    source, sink = opened(kafka, Place("one", tmp_path))
    first = read(source, N // 2)
    dropped = source.read(7)  # and the process is killed
    source.close()  # type: ignore[attr-defined]
    source, _ = opened(kafka, Place("one", tmp_path))
    rest = read(source, N - len(first))
    assert {each.handle for each in dropped} <= {each.handle for each in rest}
    in_order([*first, *rest])
    assert {each.body for each in [*first, *rest]} == {body for _, body in sent(range(N))}
    assert first[0].handle.split("/")[0] == "events"
    assert source.lag().messages == 0
    sink.write([Answer(f"m-{number}", f"u{number % 5}", b"m-%d" % number) for number in range(N)])
    sink.bury([Letter(first[0], "It is bad.")])
    in_order([Message("", each) for each in kafka.decided()])
    assert [json.loads(each)["error"] for each in kafka.buried()] == ["It is bad."]
    source.close()  # type: ignore[attr-defined]


@pytest.mark.slow  # little work, but 20 seconds of waiting for the group
def test_a_partition_that_another_member_takes_is_dropped_and_nothing_of_it_acknowledged(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    kafka.send(sent(range(N)))
    source, _ = opened(kafka, Place("one", tmp_path))
    in_hand = read(source, 7, settle=False)
    other, _ = opened(kafka, Place("other", tmp_path))  # another member of the group
    ours, theirs = list[Message](), list[Message]()
    until = time.monotonic() + 40
    while len({each.handle for each in [*ours, *theirs]}) < N and time.monotonic() < until:
        for reader, found in ((source, ours), (other, theirs)):
            batch = reader.read(7)
            found.extend(batch)
            reader.done(batch)
    assert {each.handle for each in in_hand} <= {each.handle for each in [*ours, *theirs]}
    assert {each.body for each in [*ours, *theirs]} == {body for _, body in sent(range(N))}
    source.close()  # type: ignore[attr-defined]
    other.close()  # type: ignore[attr-defined]


def test_kinesis_goes_on_behind_what_was_settled(kinesis: KinesisServer, tmp_path: Path) -> None:
    kinesis.send(sent(range(N)))
    source, sink = opened(kinesis, Place("one", tmp_path))
    first = read(source, N // 2)
    dropped = source.read(7)
    source, _ = opened(kinesis, Place("one", tmp_path))
    rest = read(source, N - len(first))
    assert {each.handle for each in dropped} <= {each.handle for each in rest}
    in_order([*first, *rest])
    assert source.lag().seconds == 0
    sink.write([Answer(f"m-{number}", f"u{number % 5}", b"m-%d" % number) for number in range(N)])
    sink.bury([Letter(first[0], "It is bad.")])
    in_order([Message("", each) for each in kinesis.decided()])
    assert [json.loads(each)["error"] for each in kinesis.buried()] == ["It is bad."]


def test_shards_of_kinesis_are_read_after_those_they_were_made_from(kinesis: KinesisServer, tmp_path: Path) -> None:
    kinesis.send(sent(range(N)))
    source, _ = opened(kinesis, Place("one", tmp_path))
    first = read(source, 10)
    kinesis.client.update_shard_count(StreamName="events", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    kinesis.send(sent(range(N, 2 * N)))
    source, _ = opened(kinesis, Place("one", tmp_path))
    in_order([*first, *read(source, 2 * N - len(first))])
    kinesis.client.merge_shards(
        StreamName="events", **dict(zip(("ShardToMerge", "AdjacentShardToMerge"), adjacent(kinesis), strict=True))
    )
    kinesis.send(sent(range(2 * N, 3 * N)))
    source, _ = opened(kinesis, Place("one", tmp_path))
    later = read(source, N)
    in_order(later)
    assert len(later) == N


def adjacent(kinesis: KinesisServer) -> tuple[str, str]:
    """Two open shards beside each other."""
    shards = [each for each in kinesis.client.list_shards(StreamName="events")["Shards"]
              if "EndingSequenceNumber" not in each["SequenceNumberRange"]]  # fmt: skip
    first, second = sorted(shards, key=lambda each: int(each["HashKeyRange"]["StartingHashKey"]))[:2]
    return first["ShardId"], second["ShardId"]


class Refusing:
    """A client of Kinesis that takes every second record of a request."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.calls = 0

    def put_records(self, StreamName: str, Records: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert StreamName == "s"
        self.calls += 1
        keys = Counter(each["PartitionKey"] for each in Records)
        assert set(keys.values()) == {1}
        told = [{"ErrorCode": "ProvisionedThroughputExceededException"} if at % 2 else {} for at in range(len(Records))]
        self.taken += [each["Data"] for each, said in zip(Records, told, strict=True) if not said]
        return {"Records": told}


def test_what_kinesis_does_not_take_is_put_again_before_anything_later_of_the_user() -> None:
    from core.streams.kinesis import KinesisSink  # noqa: PLC0415 - an extra

    client = Refusing()
    sink = KinesisSink(client, "s", Patience(sleep=lambda _: None))
    sink.write([Answer(f"m-{number}", f"u{number % 5}", b"m-%d" % number) for number in range(N)])
    in_order([Message("", each) for each in client.taken])
    assert len(client.taken) == N


def arrive(folder: Path, name: str, lines: Sequence[bytes], age: float = 60) -> Path:
    path = folder / name
    path.write_bytes(b"\n".join(lines) + b"\n")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_a_folder_is_read_by_name_from_where_it_was_settled_and_left_as_it_is(tmp_path: Path) -> None:
    folder, place = tmp_path / "in", Place("one", tmp_path / "streams", Patience(sleep=lambda _: None))
    folder.mkdir()
    bodies = [body for _, body in sent(range(N))]
    arrive(folder, "b.jsonl", bodies[15:])
    arrive(folder, "a.jsonl", [*bodies[:10], b"", b"x" * (MOST_BYTES + 9), *bodies[10:15]])
    arrive(folder, "c.jsonl.tmp", [b"unfinished"])
    arrive(folder, "new.jsonl", [b"somebody writes"], age=0)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    address = f"folder:{folder}"
    source, _ = addresses.opened(address, "-", place)
    first = read(source, 7)
    dropped = source.read(7)
    source, _ = addresses.opened(address, "-", place)
    rest = read(source, N + 1 - 7)
    assert dropped
    assert [each.handle for each in dropped] == [each.handle for each in rest[: len(dropped)]]
    long = [each for each in rest if len(each.body) > MOST_BYTES]
    assert len(long) == 1
    in_order([each for each in [*first, *rest] if each not in long])
    arrive(folder, "again.jsonl", bodies[15:])  # the same under another name
    arrive(folder, "d.jsonl", [b"m-99"])
    assert [each.body for each in read(source, 1)] == [b"m-99"]
    source, _ = addresses.opened(address, "-", place)
    assert source.read(7) == []
    assert before.items() <= {path.name: path.read_bytes() for path in folder.iterdir()}.items()


def test_a_folder_takes_decisions_by_the_hour_and_what_was_torn_comes_again(tmp_path: Path) -> None:
    _, sink = addresses.opened(f"folder:{tmp_path}", f"folder:{tmp_path / 'out'}", Place("one", tmp_path))
    sink.write([Answer("m-1", "u", b'{"id": "m-1"}')])
    (path,) = (tmp_path / "out").iterdir()
    with path.open("ab") as file:
        file.write(b'{"id": "m-')
    sink.write([Answer("m-2", "u", b'{"id": "m-2"}')])
    sink.bury([Letter(Message("h", b""), "It is bad.")])
    lines = sorted((each.name.split("-")[0], line) for each in (tmp_path / "out").iterdir()
                   for line in each.read_text().splitlines())  # fmt: skip
    assert lines == [
        ("dead", '{"message": "h", "error": "It is bad."}'),
        ("decisions", '{"id": "m-1"}'),
        ("decisions", '{"id": "m-2"}'),
    ]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("kinesis://nowhere?region=eu-west-1", "there is no stream nowhere"),
        ("folder:/nowhere/at/all", "there is no folder /nowhere/at/all"),
        ("folder://host/path", "name a folder, as in"),
        ("kafka:x?topic=y", "name a host and its port"),
    ],
)
def test_what_is_not_there_is_said(address: str, said: str, kinesis: KinesisServer, tmp_path: Path) -> None:
    with pytest.raises(BadOptionError, match=said):
        addresses.opened(address, "-", Place("one", tmp_path))


def test_decisions_are_not_written_where_messages_are_read(tmp_path: Path) -> None:
    for one, other in (
        ("redis://h:1/0?stream=a&group=b", "redis://h:1/0?stream=a"),
        (f"folder:{tmp_path}", f"folder:{tmp_path}/."),
    ):
        with pytest.raises(BadOptionError, match="in their turn"):
            addresses.opened(one, other, Place("one", tmp_path))


def test_redis_says_how_many_messages_wait(redis_port: int, tmp_path: Path) -> None:
    server = RedisServer(redis_port)
    server.send(sent(range(N)))
    source, _ = opened(server, Place("one", tmp_path))
    assert source.lag().messages == N
    source.done(source.read(30))
    source.read(5)
    assert source.lag().messages == N - 30


def test_a_server_that_is_away_is_said_once_and_waiting_ends_with_the_stream(tmp_path: Path) -> None:
    from tests.core.streams.servers import free_port  # noqa: PLC0415

    told, left = list[str](), iter([True] * 3 + [False])
    patience = Patience(lambda: next(left), told.append, sleep=lambda _: None)
    with pytest.raises(StoppedError):
        addresses.opened(f"redis://127.0.0.1:{free_port()}/0?stream=a", "-", Place("one", tmp_path, patience))
    assert told == ["Redis does not answer (ConnectionError). It is tried again."]
