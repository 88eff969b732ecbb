"""`stream` as a process, from a pipe and from a real Redis, and killed in the middle."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.devtools.test_server import free_port
from core.home import Home
from core.settings import ROOT
from tests.core.streams.streams import body


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
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("there is no redis-server")
    redis, port = pytest.importorskip("redis"), free_port()
    folder = tmp_path_factory.mktemp("redis")
    quiet = [
        server,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    with subprocess.Popen(quiet, stdout=subprocess.DEVNULL) as process:
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


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("n", "kills"), [(600, 1), pytest.param(10_000, 20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_none_is_lost_none_decided_twice_and_users_stay_in_order_however_often_it_is_killed(
    n: int, kills: int, own: Home, redis_port: int
) -> None:
    import redis  # noqa: PLC0415 - an extra

    client, chance = redis.Redis(port=redis_port), random.Random()  # noqa: S311 - no secret
    client.flushall()
    for number in range(n):
        client.xadd("events", {"message": "nope" if number == n // 2 else json.dumps(body(number))})
    address = f"redis://127.0.0.1:{redis_port}/0?stream="
    words = command(own, f"{address}events", f"{address}decisions", "--batch", 50)

    def begun() -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(words, stdout=quiet, stderr=quiet, env=environment(), cwd=ROOT)

    process = begun()
    for turn in range(kills):
        while client.xlen("decisions") < (turn + 1) * n // (kills + 2):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.wait()
        process = begun()
    while client.xlen("decisions:dead") == 0 or left(client):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0

    told = [json.loads(fields[b"decision"]) for _, fields in client.xrange("decisions")]
    first: dict[str, dict[str, Any]] = {}
    for each in told:
        assert first.setdefault(each["id"], each) == each  # what comes again is what came before
    wanted = [number for number in range(n) if number != n // 2]
    assert list(first) == [f"m-{number}" for number in wanted]
    assert len({each["prediction_id"] for each in first.values()}) == n - 1
    assert {fields[b"error"] for _, fields in client.xrange("decisions:dead")} == {
        b"message: it is no JSON of ours: Expecting value: line 1 column 1 (char 0)."
    }
    assert own.online_runs.growing() == ()
    assert sum(run.users for run in own.runs.recent(1_000)) == n - 1


def left(client: Any) -> int:
    (group,) = client.xinfo_groups("events")
    return int(group["pending"]) + int(group["lag"] or 0)


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
