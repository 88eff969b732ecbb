"""A server that answers as Reddit does to an app that asks for posts and comments: token, lists in pages, rates."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

CLIENT, SECRET = "an-app", "its secret"
_TOKEN: Final = "a-token"  # noqa: S105 - made up
_PAGE: Final = 100


def post(number: int, at: float, author: str | None = "ada", **changes: Any) -> dict[str, Any]:
    """As a list of Reddit tells a post; an author who is gone is a word in brackets."""
    return {"name": f"t3_p{number}", "id": f"p{number}", "author": author or "[deleted]", "created_utc": at,
            "title": f"Title {number}", "selftext": f"Text {number}", "subreddit": "science", **changes}  # fmt: skip


def comment(number: int, at: float, author: str | None = "bob", **changes: Any) -> dict[str, Any]:
    return {"name": f"t1_c{number}", "id": f"c{number}", "author": author or "[deleted]", "created_utc": at,
            "body": f"Comment {number}", "link_id": "t3_p1", "parent_id": "t3_p1", "subreddit": "science",
            **changes}  # fmt: skip


@dataclass
class RedditServer:
    """What it has, newest first; `failures`: statuses that the next requests for lists get instead of an answer."""

    address: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)


@contextmanager
def running() -> Iterator[RedditServer]:
    found = RedditServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            known = "Basic " + b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if self.headers["Authorization"] != known:
                return self._give(401, {"message": "Unauthorized", "error": 401})
            return self._give(200, {"access_token": _TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "*"})

        def do_GET(self) -> None:
            address, headers = urlsplit(self.path), self.headers
            found.asked.append(address.path)
            found.agents.add(headers["User-Agent"])
            if found.failures:
                return self._give(found.failures.pop(0), {"message": "no"})
            if headers["Authorization"].casefold() != f"bearer {_TOKEN}":
                return self._give(401, {"message": "Unauthorized"})
            lists = {"/r/science/new": ("t3", found.posts), "/r/science/comments": ("t1", found.comments),
                     "/r/science/comments/": ("t1", found.comments)}  # fmt: skip
            if address.path.casefold() not in lists:
                return self._give(404, {"message": "Not Found"})
            kind, items = lists[address.path.casefold()]
            asked = parse_qs(address.query)
            names = [each["name"] for each in items]
            begin = names.index(asked["after"][0]) + 1 if "after" in asked else 0
            part = items[begin : begin + min(int(asked.get("limit", ["25"])[0]), _PAGE)]
            more = part[-1]["name"] if begin + len(part) < len(items) else None
            children = [{"kind": kind, "data": each} for each in part]
            return self._give(200, {"kind": "Listing", "data": {"children": children, "after": more, "before": None}})

        def _give(self, status: int, body: object) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            if status == 429:
                self.send_header("Retry-After", "7")
            for name, value in (("remaining", "900.0"), ("used", "1"), ("reset", "1")):
                self.send_header(f"x-ratelimit-{name}", value)
            self.end_headers()
            self.wfile.write(raw)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
