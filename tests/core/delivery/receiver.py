"""A platform that takes decisions: it checks the signature, keeps what it takes, and fails as often as it is told."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import random
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.delivery import webhook

SECRET = webhook.new_secret()
#: From the decisions of a request to the status of the answer.
Answers = Callable[[list[dict[str, Any]]], int]


@dataclass
class Platform:
    """`taken`: the decisions of every request that was taken, in order; `asked`: how many requests there were; `take`:
    what is done with those of a request before it is answered.
    """

    answers: Answers = lambda _: 204
    port: int = 0
    asked: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    secret: str = SECRET
    take: Callable[[list[dict[str, Any]]], None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/decisions"

    def numbers(self) -> list[int]:
        return [row["number"] for row in self.taken]

    def acted(self) -> dict[str, list[str]]:
        """What a receiver has done that leaves out numbers it had, by user; each in order."""
        last, done = dict[str, int](), dict[str, list[str]]()
        for row in self.taken:
            if row["number"] > last.get(row["user"], 0):
                last[row["user"]] = row["number"]
                done.setdefault(row["user"], []).append(row["decision"])
        return done


def is_signed(headers: Any, body: bytes, secret: str) -> bool:
    """As Standard Webhooks has a receiver check it, written from its text."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [each.partition(",")[2] for each in headers["webhook-signature"].split()]
    return any(hmac.compare_digest(expected, each) for each in given)


@contextlib.contextmanager
def listening(platform: Platform) -> Iterator[Platform]:
    """Let a platform answer at its port, or at a free one, until the end of the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            platform.asked += 1
            status = 401
            if is_signed(self.headers, body, platform.secret):
                rows = json.loads(body)["data"]["decisions"]
                status = platform.answers(rows)
                if status < 300:
                    platform.taken += rows
                    if platform.take is not None:
                        platform.take(rows)
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", platform.port), Handler) as server:
        platform.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield platform
        finally:
            server.shutdown()
            thread.join()


def main(port: int, file: Path, secret: str) -> None:
    """A platform as a process of its own, which writes what it takes to a file and fails one request in five."""
    chance = random.Random()  # noqa: S311 - no secret

    with file.open("a", encoding="utf-8") as lines:

        def take(rows: list[dict[str, Any]]) -> None:
            lines.write("".join(json.dumps(row) + "\n" for row in rows))
            lines.flush()

        with listening(Platform(lambda _: 503 if chance.random() < 0.2 else 200, port, secret=secret, take=take)):
            threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
