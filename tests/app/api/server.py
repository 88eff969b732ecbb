"""A server of the API in a thread of the test, and a client that says what it was answered."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn

from app.api import server
from app.api.options import LOCAL, Options
from core.home import Home
from tests import make

#: A user of the schema of the tests, likely to be a spammer.
SPAMMER: dict[str, float | None] = {"links": 6, "verified": 0, "tier": 2, "ratio": 1.5, "constant": 3}
#: And one who is not.
QUIET: dict[str, float | None] = {"links": 0, "verified": 1, "tier": 2, "ratio": -1.5, "constant": 3}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return str(self.json["code"])


@dataclass(frozen=True)
class Client:
    """Asks a server; `json` is sent as JSON, `body` as it is."""

    port: int
    key: str = ""

    def __call__(
        self, method: str, path: str, json: Any = None, *, body: bytes = b"", **headers: str
    ) -> Answer:  # fmt: skip
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if json is not None:
            body, named = dumped(json), {"content-type": "application/json"} | named
        if self.key:
            named = {"authorization": f"Bearer {self.key}"} | named
        connection = http.client.HTTPConnection(LOCAL, self.port, timeout=120)
        try:
            connection.request(method, path, body or None, named)
            response = connection.getresponse()
            lowered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lowered, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, **headers)

    def post(self, path: str, json: Any = None, *, body: bytes = b"", **headers: str) -> Answer:
        return self("POST", path, json, body=body, **headers)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@contextlib.contextmanager
def serving(home: Home, options: Options | None = None) -> Iterator[Client]:
    """A server of this home, stopped and its runs closed at the end."""
    listening = server.bound(LOCAL, 0)
    running = uvicorn.Server(server.configured(home, options or Options()))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not running.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield Client(listening.getsockname()[1])
    finally:
        running.should_exit = True
        thread.join()
        listening.close()


def spammer(**changes: object) -> dict[str, Any]:
    """A request for a user who is flagged."""
    return {"features": SPAMMER, "user_id": "u-1"} | changes


assert set(SPAMMER) == set(make.SCHEMA.names)
