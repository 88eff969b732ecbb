"""More connections than are taken, and a database that is away: others are answered as documented, and it recovers."""

from __future__ import annotations

import contextlib
import resource
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from app.api import server as servers
from app.api.options import LOCAL, Options
from core.access.keys import Key, Keys
from core.home import Home
from core.store import database
from tests import broken_storage
from tests.app.api.process import started
from tests.app.api.server import Client, serving, spammer


@contextlib.contextmanager
def idle(api: Client, number: int) -> Iterator[list[socket.socket]]:
    """So many connections on which nothing is asked."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((LOCAL, api.port), 30)) for _ in range(number)]


@contextlib.contextmanager
def locked(home: Home) -> Iterator[None]:
    """Somebody has the database and lets nobody write."""
    with contextlib.closing(sqlite3.connect(home.settings.database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def check(home: Home, api: Client, number: int) -> None:
    """Both at once, then neither."""
    assert api.post("/v1/predict", spammer()).status == 200
    with locked(home), idle(api, number):
        assert api.get("/health").status == 200
        crowded = api.post("/v1/predict", spammer())
        assert (crowded.status, crowded.code, crowded.headers["retry-after"]) == (503, "crowded", "1")
        assert api.get("/ready").code == "crowded"
    with locked(home):
        assert api.get("/health").status == 200
        refused = api.post("/v1/predict", spammer(), idempotency_key="k")
        assert (refused.status, refused.code) == (503, "busy")
        assert (api.get("/ready").status, api.get("/ready").code) == (503, "not_writable")
        told = api.get("/metrics")
        assert told.status == 200
        assert b"\ntrustdesk_database_writable 0.0\n" in told.body
        assert b"trustdesk_http_requests_total{" in told.body
    with idle(api, number):
        assert api.post("/v1/predict", spammer()).code == "crowded"
    assert api.post("/v1/predict", spammer(), idempotency_key="k").status == 200
    assert api.post("/v1/predict", spammer()).status == 200


def test_connections_that_ask_nothing_and_a_locked_database(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "MOST_AT_ONCE", 40)
    monkeypatch.setattr(database, "BUSY", 0.5)
    with serving(own) as api:
        check(own, api, 41)


@pytest.mark.slow
def test_a_thousand_connections_that_ask_nothing_and_a_locked_database(own: Home) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2_000:
        pytest.skip("this machine gives a process fewer than 2,000 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    with started(own) as running:
        check(own, running.api, 1_001)


def test_health_is_answered_while_a_key_is_looked_up(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    find, begun, may_end = Keys.find, threading.Event(), threading.Event()

    def slow(keys: Keys, token: str, *, now: datetime) -> Key:
        begun.set()
        assert may_end.wait(100)
        return find(keys, token, now=now)

    key = own.keys.create("of the test", "admin", now=datetime.now(UTC))[1]
    monkeypatch.setattr(Keys, "find", slow)
    with serving(own, Options(open_to_all=True)) as api, ThreadPoolExecutor(1) as other:
        waits = other.submit(Client(api.port, key).get, "/v1/policy")
        assert begun.wait(100)
        assert api.get("/health").status == 200
        assert not waits.done()
        may_end.set()
        assert waits.result().status == 200


def test_metrics_are_answered_and_say_so_while_the_database_is_away(own: Home) -> None:
    key = own.keys.create("of the test", "admin", now=datetime.now(UTC))[1]
    with serving(own, Options(open_to_all=True)) as api:
        keyed = Client(api.port, key)
        assert "\ntrustdesk_database_readable 1.0\n" in keyed.get("/metrics").body.decode()
        with broken_storage.torn_database(own):
            told = keyed.get("/metrics")
            assert told.status == 200, told.body
            assert "\ntrustdesk_database_readable 0.0\n" in told.body.decode()
            assert "trustdesk_champion_info{" in told.body.decode()
            assert "trustdesk_http_requests_total{" in told.body.decode()
            assert "trustdesk_runs_total" not in told.body.decode()
