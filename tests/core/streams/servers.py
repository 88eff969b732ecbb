"""Servers of streams for the tests: what is sent to them, and what has come of it. Each is real or speaks as one.

`address` is what `stream` is given; `variables` go into its environment. `decided` and `buried` are bodies in the order
of their stream; those of several partitions one partition after the other, as nobody promises more.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.devtools.test_server import free_port

#: A message as it is sent: its key, and its bytes.
Sent = tuple[str, bytes]


class Server(Protocol):
    """A server with the empty streams `events`, `decisions` and its dead letters."""

    variables: dict[str, str]
    events: str
    decisions: str

    def send(self, messages: Sequence[Sent]) -> None: ...

    def written(self) -> int:
        """Decisions so far, those that came again too."""
        ...

    def decided(self) -> list[bytes]: ...

    def buried(self) -> list[bytes]:
        """The sentences of dead letters."""
        ...


class RedisServer:
    """A redis-server of its own."""

    def __init__(self, port: int) -> None:
        import redis  # noqa: PLC0415 - an extra

        self.client, self.variables = redis.Redis(port=port), dict[str, str]()
        self.client.flushall()
        self.events, self.decisions = (f"redis://127.0.0.1:{port}/0?stream={name}" for name in ("events", "decisions"))

    def send(self, messages: Sequence[Sent]) -> None:
        pipeline = self.client.pipeline()
        for _, body in messages:
            pipeline.xadd("events", {"message": body})
        pipeline.execute()

    def written(self) -> int:
        return int(self.client.xlen("decisions"))

    def decided(self) -> list[bytes]:
        return [fields[b"decision"] for _, fields in self.client.xrange("decisions")]

    def buried(self) -> list[bytes]:
        return [fields[b"error"] for _, fields in self.client.xrange("decisions:dead")]


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """The port of a redis-server that keeps nothing."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("there is no redis-server")
    redis, port = pytest.importorskip("redis"), free_port()
    words = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]
    with subprocess.Popen([*words, str(folder)], stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 30
            while time.monotonic() < until:
                try:
                    redis.Redis(port=port).ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()


class KafkaCluster:
    """librdkafka's mock cluster, in a thread of this process, or a broker at `hosts`. Topics are made when named."""

    def __init__(self, hosts: str = "") -> None:
        kafka = pytest.importorskip("confluent_kafka")
        self._kafka, self.variables = kafka, dict[str, str]()
        self._cluster = None
        if not hosts:
            self._cluster = kafka.Producer({"bootstrap.servers": "-", "test.mock.num.brokers": 1, "log_level": 0})
            found = self._cluster.list_topics(timeout=10).brokers.values()
            hosts = ",".join(f"{each.host}:{each.port}" for each in found)
        self.hosts = hosts
        self.events, self.decisions = (f"kafka://{hosts}?topic={name}" for name in ("events", "decisions"))
        self._producer = kafka.Producer(
            {"bootstrap.servers": hosts, "enable.idempotence": True, "log_level": 0, "message.max.bytes": 12_000_000}
        )  # fmt: skip
        self._reader = kafka.Consumer({"bootstrap.servers": hosts, "group.id": "tests", "log_level": 0})
        for topic in ("events", "decisions", "decisions.dead"):
            self._producer.list_topics(topic, 10)

    def send(self, messages: Sequence[Sent], topic: str = "events") -> None:
        for key, body in messages:
            self._producer.produce(topic, body, key.encode())
        assert self._producer.flush(60) == 0

    def written(self) -> int:
        return sum(end for _, end in self._ends("decisions"))

    def decided(self) -> list[bytes]:
        return self._read("decisions")

    def buried(self) -> list[bytes]:
        return self._read("decisions.dead")

    def _ends(self, topic: str) -> list[tuple[int, int]]:
        partitions = self._reader.list_topics(topic, 10).topics[topic].partitions
        at = [self._kafka.TopicPartition(topic, each) for each in sorted(partitions)]
        return [(each.partition, self._reader.get_watermark_offsets(each, 10)[1]) for each in at]

    def _read(self, topic: str) -> list[bytes]:
        found = list[bytes]()
        for partition, end in self._ends(topic):
            self._reader.assign([self._kafka.TopicPartition(topic, partition, 0)])
            records: list[Any] = []
            while len(records) < end:
                records += self._reader.consume(end - len(records), 1)
            assert not [each.error() for each in records if each.error()]
            found += [each.value() for each in records]
        return found


class KinesisServer:
    """moto's server, in a thread of this process."""

    region = "eu-west-1"

    def __init__(self, port: int, shards: int = 2) -> None:
        boto3 = pytest.importorskip("boto3")
        at = f"http://127.0.0.1:{port}"
        self.variables = {"AWS_ENDPOINT_URL": at, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        self.client = boto3.Session("test", "test").client("kinesis", endpoint_url=at, region_name=self.region)
        self.events, self.decisions = (f"kinesis://{name}?region={self.region}" for name in ("events", "decisions"))
        for name in ("events", "decisions", "decisions.dead"):
            if name in self.client.list_streams()["StreamNames"]:
                self.client.delete_stream(StreamName=name)
            self.client.create_stream(StreamName=name, ShardCount=shards)

    def send(self, messages: Sequence[Sent]) -> None:
        for at in range(0, len(messages), 500):
            records = [{"Data": body, "PartitionKey": key} for key, body in messages[at : at + 500]]
            assert self.client.put_records(StreamName="events", Records=records)["FailedRecordCount"] == 0

    def written(self) -> int:
        return sum(len(shard.records) for shard in self._shards("decisions"))  # decoding all would leave moto no time

    def decided(self) -> list[bytes]:
        return self._records("decisions")

    def buried(self) -> list[bytes]:
        return self._records("decisions.dead")

    def _records(self, name: str) -> list[bytes]:
        return [_decoded(each.data) for shard in self._shards(name) for each in list(shard.records.values())]

    def _shards(self, name: str) -> list[Any]:
        from moto.backends import get_backend  # noqa: PLC0415

        (account,) = get_backend("kinesis").values()
        return list(account[self.region].streams[name].shards.values())


def _decoded(data: str | bytes) -> bytes:
    import base64  # noqa: PLC0415

    return base64.b64decode(data)


@contextmanager
def moto_server() -> Iterator[int]:
    """The port of a moto server."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()
