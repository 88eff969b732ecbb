"""An API told to end: each request is finished or refused as documented, and none is cut off."""

from __future__ import annotations

import contextlib
import http.client
import signal
import threading
import time

import pytest

from app.api import server
from app.api.options import LOCAL, Options
from app.api.protocol import STOPPING
from core.home import Home
from tests.app.api.process import started
from tests.app.api.server import Answer, Client, spammer

CLIENTS = 8


def test_what_comes_in_while_it_ends_is_refused_on_old_connections_and_new_ones(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REFUSES_FOR", 100.0)  # it ends as soon as nobody is connected
    listening = server.bound(LOCAL, 0)
    running = server.Server(server.configured(own, Options()))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    with contextlib.closing(http.client.HTTPConnection(LOCAL, listening.getsockname()[1], timeout=100)) as kept:
        try:
            while not running.started:
                time.sleep(0.01)
            kept.request("GET", "/v1/health")
            assert kept.getresponse().read()
        finally:
            running.should_exit = True
        while not running.lifespan.state.get(STOPPING):
            time.sleep(0.01)
        fresh = Client(listening.getsockname()[1]).post("/v1/predict", spammer())
        assert Client(listening.getsockname()[1]).get("/v1/health").status == 200
        kept.request("GET", "/v1/ready")
        told = kept.getresponse()
        known = Answer(told.status, {name.lower(): value for name, value in told.getheaders()}, told.read())
    thread.join(100)

    assert not thread.is_alive()
    for answer in (fresh, known):
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "stopping", "5")
        assert answer.headers["connection"] == "close"


@pytest.mark.slow
def test_under_load_each_request_is_finished_or_refused(own: Home) -> None:
    answers, ends = list[Answer](), list[str]()
    with started(own) as running, contextlib.ExitStack() as stack:
        clients = [
            threading.Thread(target=_ask, args=(running.api, number, answers, ends)) for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            stack.callback(client.join)
        while len(answers) < 2 * CLIENTS:
            time.sleep(0.01)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=100) == 0
    assert len(ends) == CLIENTS
    assert set(ends) <= {"stopping", "nobody listens"}
    stored = own.runs.recent()
    assert sum(run.users for run in stored) >= len(answers)


def _ask(api: Client, number: int, answers: list[Answer], ends: list[str]) -> None:
    """Ask again and again, each time on a connection of its own, until refused."""
    for turn in range(10_000):
        try:
            answer = api.post("/v1/predict", spammer(user_id=f"{number}-{turn}"), idempotency_key=f"{number}-{turn}")
        except ConnectionRefusedError:
            ends.append("nobody listens")
            return
        except OSError as error:
            ends.append(f"cut off: {error!r}")
            return
        if answer.status != 200:
            ends.append(answer.code)
            return
        answers.append(answer)
