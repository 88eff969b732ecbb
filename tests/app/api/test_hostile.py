"""Hostile requests: the right 4xx within a second, and the service stays healthy."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from app.api import middleware, protocol
from app.api.options import LOCAL
from core.home import Home
from tests.app.api.server import SPAMMER, Client, serving, spammer

NESTED = b"[" * 500_000 + b"]" * 500_000
FEATURES = json.dumps(SPAMMER).encode()
WHOLE = b'{"features": ' + FEATURES + b"}"


@pytest.fixture(scope="module")
def shared(trained: Home) -> Iterator[Client]:
    """A server that all hostile requests go to, one after the other."""
    with serving(trained) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(NESTED, 400, "too_deep", id="a megabyte of nesting"),
        pytest.param(b'{"features": ' + b"[" * 200 + b"]" * 200 + b"}", 400, "too_deep", id="deep"),
        pytest.param(b'{"a":' * 200 + b"1" + b"}" * 200, 400, "too_deep", id="deep objects"),
        pytest.param(WHOLE.replace(b"1.5", b"NaN"), 400, "not_a_number", id="NaN"),
        pytest.param(WHOLE.replace(b"1.5", b"-Infinity"), 400, "not_a_number", id="infinity"),
        pytest.param(WHOLE.replace(b"1.5", b"1e400"), 422, "not_as_described", id="1e400"),
        pytest.param(WHOLE.replace(b"1.5", b"4e38"), 422, "not_as_described", id="more than a float holds"),
        pytest.param(WHOLE.replace(b"1.5", b"1" + b"0" * 400), 422, "not_as_described", id="a whole number too large"),
        pytest.param(WHOLE.replace(b"1.5", b"1" * 5_000), 400, "not_a_number", id="too many digits to be read"),
        pytest.param(WHOLE.replace(b'"tier"', b'"links"'), 400, "name_twice", id="a name twice"),
        pytest.param(WHOLE.replace(b"1.5", b'"1.5"'), 422, "feature_value", id="a number as text"),
        pytest.param(WHOLE.replace(b"1.5", b"true"), 422, "feature_value", id="a flag for a number"),
        pytest.param(WHOLE.replace(b"1.5", b"[1]"), 422, "not_as_described", id="a list for a number"),
        pytest.param(WHOLE.replace(b"links", b"l\xffnks"), 400, "not_utf8", id="not UTF-8"),
        pytest.param(WHOLE.replace(b"links", b"l\\ud800nks"), 400, "half_a_character", id="half a character"),
        pytest.param(b"\xef\xbb\xbf" + WHOLE, 400, "not_json", id="a byte order mark"),
        pytest.param(WHOLE[:-1], 400, "not_json", id="cut off"),
        pytest.param(b"", 422, "not_as_described", id="nothing"),
        pytest.param(b"null", 422, "not_as_described", id="null"),
        pytest.param(b"[]", 422, "not_as_described", id="a list"),
        pytest.param(b'{"features": {}, "lang": "de"}', 422, "not_as_described", id="what is not described"),
        pytest.param(
            json.dumps({"features": {f"X{i}": 1 for i in range(100_000)}}).encode()[:-1] + b" " * 10 + b"}",
            413, "too_large", id="100,000 features",
        ),
        pytest.param(
            json.dumps({"features": {f"X{i}": 1 for i in range(2_001)}}).encode(), 422, "not_as_described",
            id="2,001 features",
        ),
        pytest.param(
            json.dumps(spammer(user_id=" \t")).encode(), 422, "not_as_described", id="a user without a name to see"
        ),
        pytest.param(
            json.dumps(spammer(context={"user": "x"})).encode(), 422, "bad_option", id="context named as the id"
        ),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_used_is_refused_at_once(shared: Client, body: bytes, status: int, code: str) -> None:
    answer = shared.post("/predict", body=body, content_type="application/json")

    assert (answer.status, answer.code) == (status, code)
    assert len(answer.body) < 10_000
    assert shared.post("/predict", spammer()).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_what_is_not_called_json_is_refused(shared: Client, kind: str) -> None:
    answer = shared.post("/predict", body=WHOLE, content_type=kind)

    assert (answer.status, answer.code) == (415, "not_called_json")


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/feedback"])
def test_a_body_that_says_it_is_too_large_is_not_read(shared: Client, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {10**12}"
    with _sent(shared, head) as connection:
        answer = connection.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_a_body_of_unknown_length_is_read_up_to_the_limit(shared: Client) -> None:
    head = "POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with _sent(shared, head) as connection:
        for _ in range(40):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 413 ")
    assert shared.get("/health").status == 200


def test_a_body_that_comes_byte_by_byte_is_given_up(shared: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "GRACE", 0.2)
    head = "POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000"
    with _sent(shared, head) as connection:
        connection.settimeout(0.02)
        answer = b""
        for _ in range(500):  # ten seconds at most; it is given up after a fifth of one
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(10_000)
                break
            connection.sendall(b" ")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer


def test_a_large_body_on_a_line_that_is_slow_is_read(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "GRACE", 0.5)
    monkeypatch.setattr(middleware, "MIN_RATE", 1_000)
    body = b'{"users": [' + WHOLE + b"]}" + b" " * 200_000
    head = "POST /predict/batch HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    first, rest = body[:20_000], body[20_000:]
    with serving(own) as api, _sent(api, f"{head}content-length: {len(body)}", first) as connection:
        for start in range(0, len(rest), 20_000):
            time.sleep(0.1)  # far more bytes a second than needed, and longer than the grace in all
            connection.sendall(rest[start : start + 20_000])
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_head_that_comes_byte_by_byte_is_given_up(
    shared: Client, monkeypatch: pytest.MonkeyPatch, asked_before: bool
) -> None:
    with contextlib.ExitStack() as stack:
        if not asked_before:
            monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.3)
        connection = stack.enter_context(socket.create_connection((LOCAL, shared.port), timeout=10))
        if asked_before:
            connection.sendall(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):  # head and body may come one after the other
                answer += connection.recv(10_000)
            monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.3)
        connection.sendall(b"GET /health HTTP/1.1\r\nx-slow: ")
        connection.settimeout(0.02)
        assert _ended(connection, b"y")
    assert shared.get("/health").status == 200


def test_what_is_no_http_is_refused(shared: Client) -> None:
    with socket.create_connection((LOCAL, shared.port)) as connection:
        connection.sendall(b"\x16\x03\x01 what is this\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400 ")
    assert shared.get("/health").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/jobs/..%2f..%2fetc", 404), ("GET", "/jobs/score-nothing", 404), ("GET", "/cases/next/more", 404),
        ("GET", "/decisions?since=-1", 422), ("GET", "/decisions?since=1e400", 422), ("DELETE", "/predict", 405),
        ("GET", "/decisions?most=99999999999999999999999", 422), ("GET", "/predict", 405), ("GET", "/.env", 404),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused(shared: Client, method: str, path: str, status: int) -> None:
    answer = shared(method, path)

    assert answer.status == status
    assert answer.code


def test_what_was_sent_is_not_repeated_in_an_error(shared: Client) -> None:
    body = {"features": SPAMMER | {"ratio": "secret-value"}, "user_id": "secret-user"}

    assert b"secret" not in shared.post("/predict", body).body


def _ended(connection: socket.socket, more: bytes) -> bool:
    """Whether the other side ends the connection while more and more comes, for ten seconds at most."""
    for _ in range(500):
        try:
            return connection.recv(100) == b""
        except TimeoutError:
            with contextlib.suppress(ConnectionError):  # it ended just now, as `recv` will say
                connection.sendall(more)
        except ConnectionError:
            return True
    return False


@contextlib.contextmanager
def _sent(client: Client, head: str, body: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection((LOCAL, client.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        yield connection
