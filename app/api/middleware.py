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
from app.api.options import MOST_BATCH_BYTES, MOST_BYTES, MOST_FILE_BYTES
from app.api.problem_details import Problem
from app.api.versions import unversioned
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

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passing = _Passing(scope, receive, send)
        try:
            self._let_in(scope, passing)
        except (Problem, TrustdeskError, OSError) as error:
            problem = self._problem(error)
            await passing.drain()
            await problem_details.answer(problem)(scope, receive, passing.send)
        else:
            await self._app(scope, passing.receive, passing.send)
        finally:
            passing.tell()

    def _problem(self, error: Problem | TrustdeskError | OSError) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, OSError):
            return problem_details.of_system(error, self._access.home_folder)
        return problem_details.of(error)

    def _let_in(self, scope: Scope, passing: _Passing) -> None:
        if unversioned(scope["path"]) not in OPEN:
            person = self._access.let_in(passing.headers)
            scope.setdefault("state", {})["person"] = person
            passing.who = person.name
        passing.check_size()


class _Passing:
    """One request on its way through the gate."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers, self._scope, self._receive, self._send = Headers(scope=scope), scope, receive, send
        given = self.headers.get("x-request-id", "")
        self.id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        self.who, self._status = "", 0
        self._most = LARGE.get(unversioned(scope["path"]), MOST_BYTES)
        self._begun, self._bytes, self._ended = time.monotonic(), 0, False

    def check_size(self) -> None:
        """Raises Problem (413) where the request says that it is too large."""
        said = self.headers.get("content-length", "0")
        if not said.isdecimal() or int(said[:20]) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next part of the body; raises Problem when it is too large (413) or too slow (408)."""
        if self._ended:  # what comes now is whether the client has gone, which may take any time
            return await self._receive()
        left = GRACE + self._bytes / MIN_RATE - (time.monotonic() - self._begun)
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0.001))
        except TimeoutError:
            detail = f"The body came too slowly: send at least {MIN_RATE:,} bytes a second."
            raise Problem(408, "too_slow", detail, headers={"Connection": "close"}) from None
        self._count(message)
        if self._bytes > self._most:
            await self.drain()
            raise self._too_large()
        return message

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
            MutableHeaders(scope=message)["X-Request-ID"] = self.id
        await self._send(message)

    def tell(self) -> None:
        """The line in the log."""
        log.tell(
            "request", request_id=self.id, method=self._scope["method"], path=self._scope["path"],
            status=self._status, ms=round(1000 * (time.monotonic() - self._begun), 1), who=self.who,
            received=self._bytes, **self._scope.get("state", {}).get(log.FACTS, {}),
        )  # fmt: skip

    def _too_large(self) -> Problem:
        detail = f"The body is too large: at most {self._most:,} bytes are read here."
        return Problem(413, "too_large", detail, headers={"Connection": "close"})
