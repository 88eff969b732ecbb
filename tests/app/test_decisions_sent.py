"""`decisions send` with processes as a platform runs them, and what the commands beside it say."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.devtools.test_server import free_port
from core.delivery import webhook
from core.home import Home
from core.settings import RECEIVER_VARIABLES, ROOT
from tests.core.delivery.receiver import SECRET, Platform, listening
from tests.core.delivery.test_sender import cursor, decided


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def run(home: Home, *words: object, url: str = "", secret: str = SECRET) -> Result:
    named = dict(zip(RECEIVER_VARIABLES, (url, secret), strict=True))
    return CliRunner(env=named).invoke(app, ["--home", str(home.settings.home), "decisions", *map(str, words)])


def test_send_once_says_what_was_taken_and_what_was_refused(home: Home) -> None:
    decided(home, 12)
    with listening(Platform(lambda rows: 422 if 5 in {row["number"] for row in rows} else 200)) as platform:
        done = run(home, "send", "--once", url=platform.url)
        assert (done.exit_code, done.stderr.endswith("  11 decisions sent. Refused for good: 5.\n")) == (0, True)
        assert run(home, "dead").stdout.split("\t")[::2] == ["5", "The webhook answered 422.\n"]
        platform.answers = lambda _: 200
        assert "1 decision sent." in run(home, "dead", "--send-again", url=platform.url).stderr
        assert run(home, "dead").stdout == ""
        assert run(home, "send", "--once", "--from", 11, url=platform.url).exit_code == 0
    assert platform.numbers()[-2:] == [11, 12]
    assert home.audit.read()["what"].iloc[0] == "send decisions again"


def test_what_is_not_taken_is_said_with_an_exit_code(home: Home) -> None:
    decided(home, 2)
    with listening(Platform(lambda _: 503)) as platform:
        done = run(home, "send", "--once", url=platform.url)
    assert done.exit_code == 4
    assert "0 decisions sent. The webhook answered 503." in done.stderr
    assert "The rest waits for the next time." in done.stderr
    assert platform.url not in done.stderr
    nowhere = run(home, "send", "--once")
    assert nowhere.exit_code == 2
    assert "name url and secret in [decisions] of data/secrets.toml" in nowhere.stderr


def test_a_new_secret_is_one(home: Home) -> None:
    secret = run(home, "secret").stdout.strip()
    decided(home, 1)
    with listening(Platform()) as platform:
        done = run(home, "send", "--once", url=platform.url, secret=f"{secret} {SECRET}")
    assert (done.exit_code, len(platform.taken)) == (0, 1)
    assert secret != webhook.new_secret()


class Process:
    """A process that is killed and begun again."""

    def __init__(self, *command: object, **more: str) -> None:
        self._command, self._environment = [sys.executable, "-m", *map(str, command)], os.environ | more
        self.begin()

    def begin(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=quiet, stderr=quiet, stdin=quiet
        )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("n", "kills"), [(1_500, 1), pytest.param(20_000, 20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_none_is_lost_and_each_user_s_are_in_order_however_often_either_side_is_killed(
    n: int, kills: int, home: Home, tmp_path: Path
) -> None:
    decided(home, n, users=101)
    file, port, chance = tmp_path / "taken.jsonl", free_port(), random.Random()  # noqa: S311 - no secret
    url, secret = RECEIVER_VARIABLES
    named = {url: f"http://127.0.0.1:{port}/decisions", secret: SECRET, "TRUSTDESK_NO_VENV": "1"}
    receiver = Process("tests.core.delivery.receiver", port, file, SECRET)
    sender = Process("app", "--home", home.settings.home, "decisions", "send", "--every", "0.1", **named)
    try:
        for turn in range(kills):
            until = (turn + 1) * n // (kills + 1)
            while cursor(home) < until:
                time.sleep(0.02)
            for each in chance.sample([sender, receiver], 2):
                time.sleep(chance.uniform(0, 0.2))
                each.kill()
                each.begin()
        while cursor(home) < n:
            time.sleep(0.1)
    finally:
        sender.kill()
        receiver.kill()
    lines = [line for line in file.read_text().splitlines() if line.endswith("}")]
    taken = Platform(taken=[json.loads(line) for line in lines])
    assert set(taken.numbers()) == set(range(1, n + 1))
    assert taken.acted() == {
        f"u{user}": [("remove", "keep")[at // 101 % 2] for at in range(user, n, 101)] for user in range(101)
    }
    assert home.dead_letters.listed() == ()
