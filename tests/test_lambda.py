"""The Lambda function, called with events as Kinesis sends them: nothing is lost, nothing is decided twice."""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest

from core import locks
from core.errors import RefusedError
from core.home import Home
from core.settings import HOME_VARIABLE, ROOT
from core.streams.messages import Answer
from tests.core.streams.streams import Kept, body

CONTEXT: Final = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)


@pytest.fixture
def function(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    path = ROOT / "deploy" / "aws" / "kinesis_lambda.py"
    about = importlib.util.spec_from_file_location("kinesis_lambda", path)
    assert about is not None
    assert about.loader is not None
    module = importlib.util.module_from_spec(about)
    about.loader.exec_module(module)
    monkeypatch.setenv(HOME_VARIABLE, str(own.settings.home))
    monkeypatch.setenv(module.SINK_VARIABLE, f"folder:{tmp_path / 'decisions'}")
    yield module
    module._live(module._home()).close_ended(everything=True)


def record(number: int, data: bytes | str) -> dict[str, Any]:
    """As docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html has it."""
    sequence = f"4959033827149025660855969253836157109592157598913658{number:04d}"
    given = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": f"u{number}", "sequenceNumber": sequence, "data": given,
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": f"shardId-000000000006:{sequence}",
        "eventName": "aws:kinesis:record", "awsRegion": "us-east-2",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
    }  # fmt: skip


def event(numbers: Sequence[int]) -> dict[str, Any]:
    return {"Records": [record(number, json.dumps(body(number)).encode()) for number in numbers]}


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob(f"{kind}-*.jsonl"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def first_left(given: dict[str, Any], at: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": given["Records"][at]["kinesis"]["sequenceNumber"]}]}


def test_records_are_decided_in_order_and_hostile_ones_become_dead_letters(
    function: ModuleType, tmp_path: Path
) -> None:
    given = event(range(4))
    given["Records"][1:1] = [record(20, "no base64 *"), record(21, b"{nope"), record(22, b"\xff" * 100)]
    assert function.handler(given, CONTEXT) == {"batchItemFailures": []}
    decided, dead = lines(tmp_path / "decisions", "decisions"), lines(tmp_path / "decisions", "dead")
    assert [each["id"] for each in decided] == [f"m-{number}" for number in range(4)]
    handles = [each["eventID"].replace(":", "/") for each in given["Records"][1:4]]
    assert [each["message"] for each in dead] == handles
    assert all("it is no JSON of ours" in each["error"] for each in dead)

    assert function.handler(event(range(5)), CONTEXT) == {"batchItemFailures": []}  # Lambda has sent them again
    again = lines(tmp_path / "decisions", "decisions")[4:]
    assert again[:4] == decided
    assert len({each["prediction_id"] for each in again}) == 5


def test_what_was_not_settled_is_answered_and_decided_once_when_it_comes_again(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(Kept):
        def write(self, answers: Sequence[Answer]) -> None:
            if self.told:
                raise RefusedError("Kinesis refuses the stream.")
            super().write(answers)

    away, well = Away(), Kept()
    monkeypatch.setattr(function, "MOST", 2)
    monkeypatch.setattr(function, "_sink", lambda *_: away)
    given = event(range(6))
    assert function.handler(given, CONTEXT) == first_left(given, 2)
    monkeypatch.setattr(function, "_sink", lambda *_: well)
    assert function.handler({"Records": given["Records"][2:]}, CONTEXT) == {"batchItemFailures": []}
    told = [*away.told, *well.told]
    assert [each["id"] for each in told] == [f"m-{number}" for number in range(6)]
    home = function._home()
    run, *others = home.online_runs.growing()
    assert others == []
    assert len(home.online_runs.find(run).by_row) == len({each["prediction_id"] for each in told}) == 6


def test_without_a_model_or_beside_another_execution_all_come_again(
    function: ModuleType, own: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    given = event(range(2))
    lock = locks.taken(own.stream_statuses.lock(function.NAME), wait=1)
    assert lock is not None
    assert function.handler(given, CONTEXT) == first_left(given, 0)
    lock.release()
    assert "Another execution decides" in capsys.readouterr().err
    (own.settings.models / "CHAMPION").unlink()
    for version in own.settings.models.glob("v*"):
        version.rename(version.with_name(f"_{version.name}"))
    assert function.handler(given, CONTEXT) == first_left(given, 0)
