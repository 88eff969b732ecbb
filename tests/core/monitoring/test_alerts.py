"""Alerts: delivered once, tried again with growing pauses, and the webhook in no text; against a real local server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import BadOptionError
from core.home import Home
from core.monitoring import alerts, incidents, retry
from core.monitoring.alerts import Told
from core.monitoring.channels import Log, Webhook
from core.monitoring.incidents import Finding
from tests.core.monitoring.test_drift import scored
from tests.core.monitoring.test_inspection import MOVED
from tests.make import NOW

SECRET = "T0-very-secret"  # noqa: S105 - opens nothing
DRIFT = Finding("drift", "X1", "X1 & <!channel> have drifted.", "monitor", {"feature": "a&b c"})
LATE = Finding("queue", "late", "3 users wait too long.", "review")


@dataclass
class Receiver:
    """`answers` are the statuses of the next requests, 200 after them; `heard` the messages it took or refused."""

    address: str
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def webhook(self) -> Webhook:
        return Webhook(f"{self.address}/{SECRET}")


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.paths.append(self.path)
            receiver.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests read `heard` instead."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver(monkeypatch) -> Iterator[Receiver]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with receiving() as found:
        yield found


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The pauses that are made, none of which is waited for."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def test_an_incident_is_told_once_with_a_link_to_its_cause(home, receiver, waits, monkeypatch):
    monkeypatch.setenv("TRUSTDESK_ADDRESS", "https://desk.example")
    home.incidents.keep([DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    assert home.alerting.tell([receiver.webhook], now=NOW) == Told(2, ("webhook",))
    assert receiver.paths == [f"/{SECRET}"]
    assert receiver.heard[0]["text"].splitlines() == [
        "X1 &amp; &lt;!channel&gt; have drifted. <https://desk.example/monitor?feature=a%26b+c|Open>",
        "3 users wait too long. <https://desk.example/review|Open>",
    ]
    home.incidents.keep([DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    assert home.alerting.tell([receiver.webhook], now=NOW) == Told()
    assert (len(receiver.heard), waits) == (1, [])


def test_a_receiver_that_fails_at_first_is_tried_again_after_growing_pauses(home, receiver, waits):
    receiver.answers = [500, 503, 502]
    home.incidents.keep([LATE], looked_at=incidents.KINDS, now=NOW)
    assert home.alerting.tell([receiver.webhook], now=NOW) == Told(1, ("webhook",))
    assert (len(receiver.heard), waits) == (4, [1, 2, 4])


def test_what_a_receiver_keeps_refusing_waits_for_the_next_look(home, receiver, waits):
    receiver.answers = [500] * 4
    home.incidents.keep([LATE], looked_at=incidents.KINDS, now=NOW)
    assert home.alerting.tell([receiver.webhook], now=NOW) == Told(failure="The webhook answered 500.")
    assert home.incidents.recent()[0].failure == "The webhook answered 500."
    assert home.alerting.tell([receiver.webhook], now=NOW) == Told(1, ("webhook",))
    assert home.incidents.recent()[0].told == NOW


@pytest.mark.parametrize("status", [400, 403, 404, 410, 302])
def test_what_would_be_refused_again_is_not_tried_again(receiver, waits, status):
    receiver.answers, receiver.headers = [status], {"Location": f"{receiver.address}/elsewhere"}
    failure = alerts.posted(receiver.webhook, "text", now=NOW)
    assert failure == f"The webhook answered {status}."
    assert (len(receiver.heard), waits) == (1, [])


def test_a_receiver_that_asks_for_time_gets_it_within_reason(receiver, waits):
    receiver.answers, receiver.headers = [429, 429], {"Retry-After": "7"}
    assert alerts.posted(receiver.webhook, "text", now=NOW) == ""
    receiver.answers, receiver.headers = [429], {"Retry-After": "9" * 400}
    assert alerts.posted(receiver.webhook, "text", now=NOW) == ""
    assert waits == [7, 7, retry.LONGEST_WAIT]


def test_nobody_there_is_told_without_the_address(waits, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    to = Webhook(f"http://127.0.0.1:{port}/{SECRET}")
    failure = alerts.posted(to, "text", now=NOW)
    assert failure == "The webhook could not be reached (ConnectionRefusedError)."
    assert waits == [1, 2, 4]
    assert SECRET not in repr(to)


def test_without_a_webhook_the_log_of_the_home_has_a_line_a_message(home):
    home.incidents.keep([DRIFT, LATE], looked_at=incidents.KINDS, now=NOW)
    to = home.alerting.channels()
    assert [type(each) for each in to] == [Log]
    assert home.alerting.tell(to, now=NOW) == Told(2, ("log",))
    home.incidents.keep([], looked_at=incidents.KINDS, now=NOW)
    home.incidents.keep([LATE], looked_at=incidents.KINDS, now=NOW)
    assert home.alerting.tell(to, now=NOW) == Told(1, ("log",))
    lines = Path(home.settings.data / "logs" / "alerts.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1] == f"{NOW.isoformat()} 3 users wait too long. <http://localhost:8501/review|Open>"


def test_the_webhook_of_the_home_is_nowhere_in_what_the_home_keeps(home, receiver, waits, monkeypatch):
    monkeypatch.setenv("TRUSTDESK_WEBHOOK", receiver.webhook.url)
    receiver.answers = [500] * 4 + [403]
    home.incidents.keep([LATE], looked_at=incidents.KINDS, now=NOW)
    for _ in range(3):
        home.alerting.tell(home.alerting.channels(), now=NOW)
    assert len(receiver.heard) == 6
    kept = [path for path in home.settings.home.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
    monkeypatch.setenv("TRUSTDESK_WEBHOOK", f"gopher://{SECRET}")
    with pytest.raises(BadOptionError) as told:
        home.alerting.channels()
    assert SECRET not in str(told.value)


def named(home: Home, *addresses: str) -> None:
    home.settings.data.mkdir(exist_ok=True)
    home.settings.secrets_file.write_text(f"[alerts]\nwebhooks = {json.dumps(addresses)}\n")


def test_every_channel_is_told_and_the_failure_of_one_is_said(own, receiver, waits):
    named(own, f"{receiver.address}/first", f"{receiver.address}/second")
    receiver.answers = [404, 200]
    scored(own, MOVED)
    news = own.rounds.news(now=NOW)
    assert receiver.paths == ["/first", "/second"]
    assert receiver.heard[0] == receiver.heard[1]
    number = len(own.incidents.recent())
    assert news[-2:] == (f"{number} told by the webhook 2.", "The webhook 1 answered 404.")
    assert all((each.told, each.failure) == (NOW, "") for each in own.incidents.recent())
    assert own.rounds.news(now=NOW) == ()
    assert len(receiver.heard) == 2


def test_what_no_channel_delivered_waits_with_the_reasons_of_all(home, receiver, waits):
    named(home, f"{receiver.address}/first", f"{receiver.address}/second")
    receiver.answers = [404, 403]
    home.incidents.keep([LATE], looked_at=incidents.KINDS, now=NOW)
    why = "The webhook 1 answered 404. The webhook 2 answered 403."
    assert home.alerting.tell(home.alerting.channels(), now=NOW) == Told(failure=why)
    assert [(each.told, each.failure) for each in home.incidents.recent()] == [(None, why)]
    assert home.alerting.tell(home.alerting.channels(), now=NOW) == Told(1, ("webhook 1", "webhook 2"))


def test_of_very_many_incidents_the_message_names_some_and_counts_the_rest(home):
    many = [Finding("drift", str(number), f"X{number} has drifted.", "monitor") for number in range(25)]
    home.incidents.keep(many, looked_at=incidents.KINDS, now=NOW)
    lines = alerts.message(home.incidents.untold(), "http://desk").splitlines()
    assert len(lines) == alerts.MOST + 1
    assert lines[-1] == "And 5 more: <http://desk/monitor|Open>"
