"""`stream` as a process, from a pipe and from a real Redis, and killed in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.settings import ROOT
from core.store import tables
from core.streams.messages import MOST_BYTES
from tests.core.streams.servers import KafkaCluster, KinesisServer, RedisServer, Server, moto_server, redis_server
from tests.core.streams.streams import body
from tests.core.streams.test_stream import HOSTILE


def command(home: Home, *words: object) -> list[str]:
    return [sys.executable, "-m", "app", "stream", "--home", str(home.settings.home), *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"TRUSTDESK_NO_VENV": "1", "PYTHONPATH": str(ROOT)} | more


def test_a_pipe_is_answered_line_by_line_and_ends_with_its_source(own: Home) -> None:
    lines = "\n".join([*(json.dumps(body(number)) for number in range(5)), "nope"])
    done = subprocess.run(
        command(own, "-"), input=lines, capture_output=True, text=True, env=environment(), check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [f"m-{number}" for number in range(5)]
    assert '"error": "message: it is no JSON of ours' in done.stderr
    assert "5 messages decided" in done.stderr
    assert "1 dead letter." in done.stderr
    assert own.online_runs.growing() == ()  # what was decided is a run like any other
    assert own.runs.recent(1)[0].users == 5


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nats://x?stream=y", "give `-` or an address such as redis://localhost:6379/0?stream=events"),
        ("redis://localhost", "name its stream, as in redis://localhost:6379/0?stream=events"),
        ("redis://localhost:x/0?stream=y", "name a host and its port"),
        ("redis://localhost/zero?stream=y", "number of a database"),
        ("redis://u:hunter2@localhost?stream=x", "put the password into TRUSTDESK_STREAM_PASSWORD"),
        ("kafka://localhost?topic=x&password=hunter2", "such an address may say topic and group"),
        ("kinesis://?region=x", "give `-` or an address"),
    ],
)
def test_an_address_that_is_none_is_refused_and_a_secret_not_repeated(source: str, said: str, own: Home) -> None:
    found = CliRunner().invoke(app, command(own, source)[3:])
    assert found.exit_code == 2
    assert said in found.stderr
    assert "hunter2" not in found.output


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    kind = request.param
    if kind == "redis":
        return RedisServer(request.getfixturevalue("redis_port"))
    if kind == "kinesis":
        return KinesisServer(request.getfixturevalue("moto_port"))
    return KafkaCluster(os.environ.get("KAFKA_OF_TESTS", ""))


LONG = [pytest.mark.slow, pytest.mark.timeout(3000)]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("server", "n", "kills"),
    [
        ("redis", 600, 1),
        *(pytest.param(kind, 600, 1, marks=LONG) for kind in ("kafka", "kinesis")),
        *(pytest.param(kind, 10_000, 20, marks=LONG) for kind in ("redis", "kafka", "kinesis")),
    ],
    indirect=["server"],
)
def test_none_is_lost_none_decided_twice_and_users_stay_in_order_however_often_it_is_killed(
    n: int, kills: int, own: Home, server: Server
) -> None:
    chance = random.Random()  # noqa: S311 - no secret
    users = [body(number)["user_id"] for number in range(n)]
    bad = n // 2
    server.send([(users[at], b"nope" if at == bad else json.dumps(body(at)).encode()) for at in range(n)])
    words = command(own, server.events, server.decisions, "--batch", 50)

    def begun() -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(words, stdout=quiet, stderr=quiet, env=environment(**server.variables), cwd=ROOT)

    process = begun()
    for turn in range(kills):
        while server.written() < (turn + 1) * n // (kills + 2):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.wait()
        process = begun()
    while not server.buried() or decided(own) < n - 1 or server.written() < n - 1:
        time.sleep(0.2)
        assert process.poll() is None
    time.sleep(1)  # what is decided is written in the same batch
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0

    first: dict[str, dict[str, Any]] = {}
    for each in map(json.loads, server.decided()):
        assert first.setdefault(each["id"], each) == each  # what comes again is what came before
    wanted = {f"m-{number}" for number in range(n)} - {f"m-{bad}"}
    assert set(first) == wanted
    assert len({each["prediction_id"] for each in first.values()}) == n - 1
    for user in set(users):
        numbers = [int(each["id"].removeprefix("m-")) for each in first.values() if each["user_id"] == user]
        assert numbers == sorted(numbers)
    said = b"message: it is no JSON of ours: Expecting value: line 1 column 1 (char 0)."
    assert all(said in each for each in server.buried())
    assert own.online_runs.growing() == ()
    assert sum(run.users for run in own.runs.recent(1_000)) == n - 1


@pytest.mark.slow  # the same as tests/core/streams/test_stream.py, over each server
@pytest.mark.parametrize("server", ["redis", "kafka", "kinesis"], indirect=True)
def test_hostile_messages_become_dead_letters_over_every_server_and_a_secret_is_nowhere(
    own: Home, server: Server, tmp_path: Path
) -> None:
    # moto takes no 10 MB, and the mock cluster, unlike a broker, gives none that is larger than a fetch.
    size = MOST_BYTES + 1 if isinstance(server, KinesisServer | KafkaCluster) else 10_000_000
    hostile = [b"x" * size, *(text for text, _ in HOSTILE.values() if len(text) < MOST_BYTES)]
    server.send([("h", each) for each in hostile])
    server.send([("u", json.dumps(body(1)).encode())])
    secret = {"TRUSTDESK_STREAM_PASSWORD": "hunter2"} if isinstance(server, KafkaCluster) else {}
    with (tmp_path / "said").open("wb") as said, subprocess.Popen(
        command(own, server.events, server.decisions), stdout=said, stderr=said,
        env=environment(**server.variables, **secret), cwd=ROOT,
    ) as process:  # fmt: skip
        while not (server.written() and len(server.buried()) == len(hostile)):
            time.sleep(0.2)
            assert process.poll() is None
        listed = Path(f"/proc/{process.pid}/cmdline")
        assert not listed.exists() or b"hunter2" not in listed.read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert [json.loads(each)["id"] for each in server.decided()] == ["m-1"]
    texts = [path.read_bytes() for path in own.settings.home.rglob("*") if path.is_file()]
    assert not any(b"hunter2" in each for each in [(tmp_path / "said").read_bytes(), *texts, *server.buried()])


def decided(home: Home) -> int:
    """Messages that have an answer in the home."""
    with home.database.connect() as connection:
        answered = select(func.count()).select_from(tables.replies).where(tables.replies.c.status == 200)
        return int(connection.execute(answered).scalar_one())


def test_without_the_extra_it_says_what_to_install(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    found = CliRunner().invoke(app, command(own, "redis://localhost?stream=x")[3:])
    assert (found.exit_code, "pip install 'redis" in found.stderr) == (2, True)


def test_one_process_reads_a_stream(own: Home) -> None:
    with subprocess.Popen(
        command(own, "-"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment()
    ) as first:
        while not (own.settings.streams / "default.lock").exists():
            time.sleep(0.05)
        time.sleep(0.2)
        found = CliRunner().invoke(app, command(own, "-")[3:], input="")
        assert first.stdin is not None
        first.stdin.close()
    assert (found.exit_code, "Another process reads the stream default" in found.stderr) == (4, True)
