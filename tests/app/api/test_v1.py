"""What `/v1` promises beside its answers: what is passed over elsewhere is refused, and whatever fails, fails alike."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import uvicorn

from app.api import main, server
from app.api.options import LOCAL, Options
from app.api.serving_state import scored
from app.commands import figures
from core.access.idempotency import Reply
from core.home import Home
from core.review.cases import CaseFilters
from tests import make
from tests.app.api.server import Answer, Client, dumped, serving, spammer
from tests.app.api.test_feedback import queued

BODY = dumped(spammer())


@pytest.fixture(scope="module")
def shared(trained: Home) -> Iterator[Client]:
    """A server for requests that leave the home as it is, or that it may keep."""
    with serving(trained) as client:
        yield client


def packed(api: Client, body: bytes, path: str = "/v1/predict", coding: str = "gzip") -> Answer:
    return api.post(path, body=body, content_type="application/json", content_encoding=coding)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/health"), ("GET", "/model/info"), ("GET", "/policy"),
     ("GET", "/jobs/none"), ("POST", "/predict"), ("GET", "/model/feedback/stats?days=0")],
)  # fmt: skip
def test_paths_of_before_answer_as_those_of_v1(shared: Client, method: str, path: str) -> None:
    now, before = (shared(method, f"{prefix}{path}") for prefix in ("/v1", ""))

    assert (now.status, now.body) == (before.status, before.body)


@pytest.mark.parametrize("path", ["/health", "/model/version", "/cases/next", "/decisions", "/jobs/none"])
@pytest.mark.parametrize(("query", "code"), [("sinse=5", "unknown_parameter"), ("", "")])
def test_a_parameter_that_there_is_not_is_refused(shared: Client, path: str, query: str, code: str) -> None:
    answer, before = shared.get(f"/v1{path}?{query}"), shared.get(f"{path}?{query}")

    assert before.status in {200, 204, 404}
    if not query:
        assert answer.status == before.status
        return
    assert (answer.status, answer.code) == (422, code)
    assert answer.json["errors"][0]["pointer"] == "query sinse"


def test_a_parameter_that_is_there_twice_is_refused(shared: Client) -> None:
    answer = shared.get("/v1/model/feedback/stats?days=3&days=4")

    assert (answer.status, answer.code) == (422, "parameter_twice")
    assert "days" in shared.get("/v1/model/feedback/stats?day=3").json["detail"].partition("There are ")[2]


def test_a_reason_that_the_guidance_has_not_is_refused_and_nothing_is_recorded(api: Client, own: Home) -> None:
    queued(own)
    case = api.get("/v1/cases/next").json["id"]
    said = {"judgement": "spammer", "reason": "genuine_activity"}  # one of legitimate users
    refused = [
        api.post(f"/v1/cases/{case}/verdict", said | changed) for changed in ({}, {"reason": "no_such"})
    ]  # fmt: skip

    assert {(each.status, each.code) for each in refused} == {(422, "bad_option")}
    assert refused[0].json["errors"][0]["pointer"] == "#/reason"
    assert "content_seen" in refused[0].json["detail"]
    assert len(own.feedback.read()) == 0
    assert api.post(f"/v1/cases/{case}/verdict", {"judgement": "spammer"}).status == 200


def test_a_body_packed_by_gzip_is_read(shared: Client) -> None:
    whole = packed(shared, gzip.compress(BODY))
    in_two = packed(shared, gzip.compress(BODY[:20]) + gzip.compress(BODY[20:]))

    assert (whole.status, in_two.status) == (200, 200)
    plain = shared.post("/v1/predict", spammer()).json["probability"]
    assert whole.json["probability"] == in_two.json["probability"] == plain
    assert packed(shared, BODY, coding="identity").status == 200


@pytest.mark.parametrize(
    ("body", "coding", "status", "code"),
    [
        pytest.param(gzip.compress(BODY)[:-4], "gzip", 400, "not_gzip", id="cut off"),
        pytest.param(gzip.compress(BODY) + b"more", "gzip", 400, "not_gzip", id="more after it"),
        pytest.param(BODY, "gzip", 400, "not_gzip", id="not packed"),
        pytest.param(BODY, "br", 415, "not_read_so", id="another coding"),
        pytest.param(gzip.compress(BODY), "gzip, gzip", 415, "not_read_so", id="packed twice"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_unpacked_is_refused(
    shared: Client, body: bytes, coding: str, status: int, code: str
) -> None:
    answer = packed(shared, body, coding=coding)

    assert (answer.status, answer.code) == (status, code)
    assert answer.headers.get("accept-encoding") == ("gzip" if status == 415 else None)


def test_what_unpacks_to_more_than_may_be_sent_is_refused_before_it_is_unpacked(shared: Client) -> None:
    bomb = gzip.compress(gzip.compress(b" " * 40_000_000, 9), 9)  # 40 MB in 40 kB, and those packed again
    once = gzip.decompress(bomb)
    answers = packed(shared, once), packed(shared, bomb)

    assert len(once) < 100_000
    assert (answers[0].status, answers[0].code) == (413, "too_large")
    assert "once it is unpacked" in answers[0].json["detail"]
    assert answers[1].status == 400  # unpacked once, and no further
    assert shared.get("/v1/health").status == 200


@pytest.mark.parametrize("path", ["/v1/health", "/v1/model/version", "/docs", "/openapi.json", "/health"])
def test_head_is_answered_as_get_is_without_the_body(shared: Client, path: str) -> None:
    head, got = shared("HEAD", path), shared.get(path)

    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))


def test_head_does_not_take_a_case(api: Client, own: Home) -> None:
    queued(own)
    answer = api("HEAD", "/v1/cases/next")

    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert set(own.cases.listing(CaseFilters(), now=make.NOW)["claimed_by"]) == {None}


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allowed"),
    [
        ("DELETE", "/v1/predict", 405, "method_not_allowed", "POST"),
        ("PUT", "/v1/decisions", 405, "method_not_allowed", "GET, HEAD"),
        ("GET", "/v1/nothing", 404, "not_found", None), ("GET", "/v1", 404, "not_found", None),
    ],
)  # fmt: skip
def test_what_there_is_not_is_said_in_a_sentence(
    shared: Client, method: str, path: str, status: int, code: str, allowed: str | None
) -> None:
    answer = shared(method, path)

    assert (answer.status, answer.code, answer.headers.get("allow")) == (status, code, allowed)
    assert answer.json["detail"].endswith(".")


def test_a_key_is_told_how_often_it_still_may_ask(own: Home) -> None:
    slow, any_number = (own.keys.create(f"k{rate}", "analyst", now=make.NOW, rate=rate)[1] for rate in (0.5, 0))
    with serving(own) as api:
        first, second = (replace(api, key=slow).get("/v1/model/version").headers for _ in range(2))
        free = replace(api, key=any_number).get("/v1/model/version").headers

    assert first["ratelimit-policy"] == second["ratelimit-policy"] == '"key";q=1;w=2'
    assert [each["ratelimit"] for each in (first, second)] == ['"key";r=0;t=2'] * 2
    assert "retry-after" in second
    assert "ratelimit" not in free


def test_too_many_connections_are_told_to_come_again_but_whoever_asks_whether_it_lives(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_AT_ONCE", 0)
    listening = server.bound(LOCAL, 0)
    running = uvicorn.Server(server.configured(own, Options()))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not running.started:
            time.sleep(0.01)
        client = Client(listening.getsockname()[1])
        answer, lives = client.get("/v1/ready"), client.get("/v1/health")
    finally:
        running.should_exit = True
        thread.join()

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "crowded", "1")
    assert answer.headers["x-request-id"]
    assert lives.status == 200


def test_what_a_server_that_ends_has_not_answered_is_told_to_come_again(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "END_WITHIN", 0)
    asked, goes_on = threading.Event(), threading.Event()

    def slowly(wishes: Any) -> list[Reply]:
        asked.set()
        goes_on.wait(30)
        return scored(wishes)

    monkeypatch.setattr(main, "scored", slowly)
    answers: list[Answer] = []
    with serving(own) as api:
        asking = threading.Thread(target=lambda: answers.append(api.post("/v1/predict", spammer())))
        asking.start()
        asked.wait(30)
        threading.Timer(2.0, goes_on.set).start()
    asking.join()

    assert (answers[0].status, answers[0].code, answers[0].headers["retry-after"]) == (503, "stopping", "5")


def test_what_is_no_http_is_answered_as_any_failure(shared: Client) -> None:
    with socket.create_connection((LOCAL, shared.port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 what is this\r\n\r\n")
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")

    assert b"content-type: application/problem+json" in head.lower()
    assert b"x-request-id" in head.lower()
    assert json.loads(body)["code"] == "not_http"


def test_a_bug_is_answered_and_logged_as_any_request_is(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(figures, "counts", broken)
    with serving(own) as api:
        answer = api.get("/v1/model/feedback/stats")

    assert (answer.status, answer.code) == (500, "bug")
    assert answer.headers["x-request-id"]
