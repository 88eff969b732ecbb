"""The gate around an app that takes what it is given, or does not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.web.gate import Gate
from app.web.hosts import Hosts
from app.web.uploads import EACH, Uploads

FILE = "/_stcore/upload_file/tab/file"


@dataclass
class Behind:
    """What stands behind the gate: `status` is its answer to everything; None for one that breaks off."""

    status: int | None = 204
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if self.status is None:
            raise ConnectionError
        await Response(status_code=self.status)(scope, receive, send)


@dataclass
class Browser:
    """Sends requests to a gate; `uploads` is what it counts."""

    behind: Behind = field(default_factory=Behind)
    uploads: Uploads = field(default_factory=Uploads)
    framed_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.uploads.admit("tab")

    def ask(self, method: str, path: str, *headers: tuple[str, str]) -> tuple[int, dict[str, str]]:
        raw = [(name.encode(), value.encode()) for name, value in headers or [("host", "localhost")]]
        scope: Scope = {"type": "http", "method": method, "path": path, "headers": raw, "server": ("127.0.0.1", 80)}
        sent: list[Message] = []

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        gate = Gate(self.behind, Hosts(), self.uploads, self.framed_by)
        asyncio.run(gate(scope, nothing, send))
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}

    def put(self, size: str, path: str = FILE) -> int:
        return self.ask("PUT", path, ("host", "localhost"), ("content-length", size))[0]


@pytest.mark.parametrize("size", ["", "-1", "1e3", "9" * 16])
def test_a_file_that_does_not_say_how_large_it_is_is_not_read(size: str) -> None:
    browser = Browser()
    assert browser.put(size) == 411
    assert browser.ask("PUT", FILE, ("host", "localhost"), ("transfer-encoding", "chunked"))[0] == 411
    assert browser.behind.asked == []


def test_a_file_counts_once_it_has_come_and_no_more_once_it_is_taken_away() -> None:
    browser = Browser()
    assert [browser.put("1000"), browser.put("1000", f"/below{FILE}")] == [204, 204]
    assert browser.uploads.held("tab") == 1000 + EACH
    browser.ask("DELETE", FILE)
    assert browser.uploads.held("tab") == 0


@pytest.mark.parametrize("status", [400, 403, 413, 500])
def test_a_file_that_is_not_taken_does_not_count(status: int) -> None:
    browser = Browser(Behind(status))
    assert browser.put("1000") == status
    assert browser.uploads.held("tab") == 0


def test_a_file_that_breaks_off_does_not_count() -> None:
    browser = Browser(Behind(None))
    with pytest.raises(ConnectionError):
        browser.put("1000")
    assert browser.uploads.held("tab") == 0


def test_a_file_that_may_not_be_taken_away_still_counts() -> None:
    browser = Browser()
    browser.put("1000")
    browser.behind.status = 403
    browser.ask("DELETE", FILE)
    assert browser.uploads.held("tab") == 1000 + EACH


@pytest.mark.parametrize(
    "headers",
    [
        [("x", "y")], [("host", "localhost"), ("host", "evil.example")],
        [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")],
    ],
)  # fmt: skip
def test_a_request_that_names_no_host_or_several_is_not_answered(headers: list[tuple[str, str]]) -> None:
    browser = Browser()
    assert browser.ask("GET", "/", *headers)[0] in {403, 421}
    assert browser.behind.asked == []


def test_whoever_was_named_may_frame_the_pages() -> None:
    headers = Browser(framed_by=("https://huggingface.co",)).ask("GET", "/")[1]
    assert headers["content-security-policy"] == "frame-ancestors https://huggingface.co"
    assert "x-frame-options" not in headers
