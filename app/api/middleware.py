"""What every request passes: an id, who is asking, how large and how slow it may be, and a line in the log."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import log, problem_details
from app.api.access import Access
from app.api.http_metrics import Requests
from app.api.options import MOST_BATCH_BYTES, MOST_BYTES, MOST_FILE_BYTES
from app.api.packed import GZIP, PLAIN, Packed
from app.api.problem_details import NO_HEAD, Problem
from app.api.protocol import CROWDED, STOPPING
from app.api.versions import unversioned
from app.log import FACTS
from core.errors import TrustdeskError

#: What needs no key: whether it lives, and how it is used.
OPEN: Final = frozenset({"/", "/health", "/ready", "/docs", "/openapi.json"})
LARGE: Final[Mapping[str, int]] = {"/predict/batch": MOST_BATCH_BYTES, "/jobs/score": MOST_FILE_BYTES}
#: A body may take so many seconds, and one more for each MIN_RATE bytes of it: a slow line is served, a client that
#: holds a connection by sending a byte now and then is not (as Apache's mod_reqtimeout has it).
GRACE: Final = 0.8
MIN_RATE: Final = 50_000
#: A body that is refused is read for so many more seconds, and up to so many bytes.
DRAIN: Final = 0.4
MOST_DRAINED: Final = 64_000_000
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Gate:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, access: Access, requests: Requests) -> None:
        self._app, self._access, self._requests = app, access, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passing = _Passing(scope, receive, send)
        try:
            await self._let_in(scope, passing)
        except (Problem, TrustdeskError, OSError) as error:
            problem = self._problem(error)
            await passing.drain()
            await problem_details.answer(problem)(scope, receive, passing.send)
        else:
            await self._answered(scope, passing)
        finally:
            passing.tell(self._requests)

    async def _answered(self, scope: Scope, passing: _Passing) -> None:
        try:
            await self._app(_as_get(scope), passing.receive, passing.send)
        except asyncio.CancelledError:  # the server ends, and waits no longer
            if passing.answered:
                raise
            detail = "The server is being stopped, and this was not done in time. Send the request again in a while."
            await problem_details.answer(_stopping(detail))(scope, passing.receive, passing.send)

    def _problem(self, error: Problem | TrustdeskError | OSError) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, OSError):
            return problem_details.of_system(error, self._access.home_folder)
        return problem_details.of(error)

    async def _let_in(self, scope: Scope, passing: _Passing) -> None:
        # Whether it lives is said all the same: who asks would end it for an answer that others kept it from giving.
        state = scope.get("state", {}) if unversioned(scope["path"]) != "/health" else {}
        if state.get(STOPPING):
            raise _stopping("The server is being stopped. Send the request again in a while.")
        if state.get(CROWDED):
            detail = "There are more connections than this server takes. Send the request again in a while."
            raise Problem(503, "crowded", detail, headers={"Retry-After": "1", "Connection": "close"})
        if unversioned(scope["path"]) not in OPEN:
            await self._access.know(passing.headers)
            person, passing.rate = self._access.let_in(passing.headers)
            scope.setdefault("state", {})["person"] = person
            passing.who = person.name
        passing.check_body()


def _stopping(detail: str) -> Problem:
    return Problem(503, "stopping", detail, headers={"Retry-After": "5", "Connection": "close"})


def _as_get(scope: Scope) -> Scope:
    """HEAD is answered as GET is; the protocol leaves out the body."""
    if scope["method"] != "HEAD" or unversioned(scope["path"]) in NO_HEAD:
        return scope
    return {**scope, "method": "GET"}


class _Passing:
    """One request on its way through the gate."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers, self._scope, self._receive, self._send = Headers(scope=scope), scope, receive, send
        given = self.headers.get("x-request-id", "")
        self.id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        self.who, self.rate, self._status = "", dict[str, str](), 0
        self._most = LARGE.get(unversioned(scope["path"]), MOST_BYTES)
        # Bytes as they came, and as the app is given them; both end, one after the other.
        self._begun, self._bytes, self._ended = time.monotonic(), 0, False
        self._given, self._all_given = 0, False
        self._packed: Packed | None = None

    @property
    def answered(self) -> bool:
        """Whether an answer has begun."""
        return self._status != 0

    def check_body(self) -> None:
        """Raises Problem where the request says that it is too large (413), or packed in a way not known here (415)."""
        said = self.headers.get("content-length", "0")
        if not said.isdecimal() or int(said[:20]) > self._most:
            raise self._too_large()
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding in GZIP:
            self._packed = Packed()
        elif coding not in PLAIN:
            detail = "The body comes in a coding that is not read here. Send it as it is, or packed by gzip."
            raise Problem(415, "not_read_so", detail, headers={"Accept-Encoding": "gzip", "Connection": "close"})

    async def receive(self) -> Message:
        """The next part of the body; raises Problem when it is too large (413), too slow (408) or not gzip (400)."""
        if self._all_given:  # what comes now is whether the client has gone, which may take any time
            return await self._receive()
        message = await (self._next() if self._packed is None else self._unpacked(self._packed))
        self._given += len(message.get("body", b""))
        self._all_given = not message.get("more_body", False)
        if max(self._bytes, self._given) > self._most:
            await self.drain()
            raise self._too_large()
        return message

    async def _next(self) -> Message:
        left = GRACE + self._bytes / MIN_RATE - (time.monotonic() - self._begun)
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0.001))
        except TimeoutError:
            detail = f"The body came too slowly: send at least {MIN_RATE:,} bytes a second."
            raise Problem(408, "too_slow", detail, headers={"Connection": "close"}) from None
        self._count(message)
        return message

    async def _unpacked(self, packed: Packed) -> Message:
        while not (piece := packed.take()) and not self._ended:
            message = await self._next()
            if message["type"] != "http.request":  # the client has gone
                return message
            packed.give(message.get("body", b""))
        if not piece:
            packed.check_whole()
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def drain(self) -> None:
        """Read on for a moment: whoever is still sending when the connection ends does not read the answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                while not self._ended and self._bytes < MOST_DRAINED:
                    self._count(await self._receive())

    def _count(self, message: Message) -> None:
        self._bytes += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            MutableHeaders(scope=message).update({"X-Request-ID": self.id} | self.rate)
        await self._send(message)

    def tell(self, requests: Requests) -> None:
        """Count it, and write its line in the log."""
        method, path, seconds = self._scope["method"], self._scope["path"], time.monotonic() - self._begun
        requests.count(method, path, self._status, seconds)
        log.tell(
            "request", request_id=self.id, method=method, path=path,
            status=self._status, ms=round(1000 * seconds, 1), who=self.who,
            received=self._bytes, **self._scope.get("state", {}).get(FACTS, {}),
        )  # fmt: skip

    def _too_large(self) -> Problem:
        unpacked = " once it is unpacked" if self._packed else ""
        detail = f"The body is too large{unpacked}: at most {self._most:,} bytes are read here."
        return Problem(413, "too_large", detail, headers={"Connection": "close"})
