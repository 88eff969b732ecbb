"""`python3 -m app api` and `keys`, as whole processes: what they say, where they listen, and how they end."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from app.api import server
from app.api.options import LOCAL
from app.cli import app
from core import locks
from core.home import Home
from tests import make
from tests.app.api.process import Running, started, workers
from tests.app.api.server import spammer

runner = CliRunner()


def keys_command(home: Home, *arguments: str, code: int = 0) -> str:
    done = runner.invoke(app, ["keys", *arguments, "--home", str(home.settings.home)])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


@pytest.mark.parametrize("revoked", [False, True])
def test_without_a_key_that_opens_it_is_refused_to_listen_for_others(own: Home, revoked: bool) -> None:
    if revoked:
        own.keys.create("sign-up", "lead", now=make.NOW)
        own.keys.revoke("sign-up", now=make.NOW)
    done = runner.invoke(app, ["api", "--host", "0.0.0.0", "--port", "0", "--home", str(own.settings.home)])  # noqa: S104 - what must not happen
    assert done.exit_code == 2
    why = "every key was revoked or has expired" if revoked else "there is no key yet"
    assert done.stderr.startswith(
        f"--host: others than this machine need a key, and {why}. Make one with `keys create`"
    )


def test_without_a_key_it_serves_this_machine_only_and_says_so(own: Home) -> None:
    with started(own) as running, locks.held_now(own.settings.served("api")) as alone:
        assert not alone
        assert "Only this machine is served." in running.said()
        assert running.api.post("/predict", spammer()).status == 200
        lines = [json.loads(line) for line in running.said().splitlines() if line.startswith("{")]
    assert running.process.returncode == 0
    assert {line["event"] for line in lines} == {"taken up", "request"}
    assert [run.users for run in own.runs.recent()] == [1]
    assert "Another API" not in running.said()


def test_a_second_api_of_a_workspace_says_so(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "serve", lambda _home, listening, _options: listening.close())
    with own.api_service.serving(now=make.NOW):
        done = runner.invoke(app, ["api", "--port", "0", "--home", str(own.settings.home)])
    assert done.stderr.splitlines()[1].startswith("Another API serves this workspace too.")


def test_several_workers_share_a_home_and_let_in_by_key(own: Home) -> None:
    _, text = own.keys.create("sign-up", "lead", now=make.NOW, rate=0)
    with started(own, "--host", "localhost", "--workers", "2") as running:
        assert running.api.post("/predict", spammer()).status == 401
        api, ids = replace(running.api, key=text), list[str]()
        while len({identity.rpartition("-")[0] for identity in ids}) < 2 or len(ids) < 20:
            answer = api.post("/predict", spammer(user_id=f"u-{len(ids)}"))
            assert answer.status == 200
            ids.append(answer.json["prediction_id"])
        for identity in ids[:10]:  # each worker joins what the other has predicted
            assert api.post("/feedback", {"prediction_id": identity, "is_correct": True}).status == 200
        assert text not in running.said()
        _kill_one_that_is_asked(running)
    assert len(set(ids)) == len(ids)
    assert own.online_runs.growing() == ()
    assert sum(run.users for run in own.runs.recent()) == len(ids)


def _kill_one_that_is_asked(running: Running) -> None:
    """Its supervisor, which has asked whether it lives, misses it long before it would give up on one that hangs."""
    before = running.said().count('"taken up"')
    worker = workers(running)[0]
    os.kill(worker, signal.SIGSTOP)
    time.sleep(1)  # it is asked twice a second
    os.kill(worker, signal.SIGKILL)
    until = time.monotonic() + server.HANGS_AFTER / 2
    while running.said().count('"taken up"') == before:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_address_that_is_taken_is_refused(own: Home) -> None:
    with server.bound(LOCAL, 0) as listening:
        listening.listen()
        taken = ["api", "--port", str(listening.getsockname()[1]), "--home", str(own.settings.home)]
        done = runner.invoke(app, taken)
    assert done.exit_code == 2
    assert "cannot be listened on" in done.stderr


def test_a_key_is_shown_once_listed_and_revoked(own: Home) -> None:
    text = keys_command(own, "create", "--name", "sign-up", "--role", "analyst", "--days", "7", "--by", "Ada").strip()
    key = own.keys.find(text, now=datetime.now(UTC))
    listed = keys_command(own, "list")

    assert (key.name, key.role) == ("sign-up", "analyst")
    assert f"{key.id}\tsign-up\tanalyst\t100/s\t" in listed
    assert "until" in listed
    assert text not in listed
    keys_command(own, "revoke", "sign-up", "--by", "Ada")
    assert "\trevoked " in keys_command(own, "list")
    assert own.audit.read()[["who", "what"]].to_numpy().tolist()[:2] == [["Ada", "revoke key"], ["Ada", "create key"]]


@pytest.mark.parametrize(
    "arguments",
    [("create", "--name", "a", "--role", "boss"), ("create", "--name", " ", "--role", "lead"), ("revoke", "nobody"),
     ("create", "--name", "a", "--role", "lead", "--days", "0")],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused_in_a_sentence(own: Home, arguments: tuple[str, ...]) -> None:
    said = keys_command(own, *arguments, code=2)

    assert said.strip().endswith(".")
    assert "Traceback" not in said


def test_without_keys_the_list_says_what_that_means(own: Home) -> None:
    done = runner.invoke(app, ["keys", "list", "--home", str(own.settings.home)])

    assert (done.exit_code, done.stdout) == (0, "")
    assert "this machine only" in done.stderr


def test_a_lost_database_is_told_in_the_log_and_runs_go_on(own: Home) -> None:
    with started(own) as running:
        assert running.api.post("/predict", spammer()).json["prediction_id"] == "r-0001-1"
    for file in own.settings.data.glob("state.db*"):
        file.unlink()

    with started(own) as running:
        assert running.api.post("/predict", spammer()).json["prediction_id"] == "r-0002-1"
    lost = [line for line in running.said().splitlines() if '"runs lost"' in line]
    assert "data/runs holds r-0001, which data/state.db does not know" in json.loads(lost[0])["why"]


def test_one_that_is_killed_is_missed_and_one_that_was_told_to_end_is_not(own: Home) -> None:
    def found() -> list[str]:
        return [each.sentence for each in own.inspection.look(now=datetime.now(UTC)).found if each.kind == "api"]

    with started(own) as running:
        assert found() == []
        running.process.terminate()
        running.process.wait()
    assert found() == []
    with started(own) as running:
        running.process.kill()
        running.process.wait()
        assert len(found()) == 1
        with started(own):
            assert found() == []
    assert found() == []
