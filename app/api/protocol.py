"""The protocol of a connection: given up where nothing is asked for, and failing as the app does where none sees it."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.api import log, problem_details
from app.api.problem_details import Problem

#: Seconds that the head of a request may take, from the connection or the request before on.
HEAD_WITHIN: Final = 10.0
#: In the state of a request: whether it came while there were more than the server takes.
CROWDED: Final = "crowded"
#: The same: whether the server has been told to end.
STOPPING: Final = "stopping"


class Protocol(H11Protocol):
    """uvicorn's protocol, which by itself waits for ever for a head that has begun, and fails in plain text."""

    _given_up: asyncio.TimerHandle | None = None

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        # The app says that it is too much: it does so as it tells of any failure.
        self._most, self.limit_concurrency = self.limit_concurrency, None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._given_up is None:
            self._wait()

    def handle_events(self) -> None:
        there = max(len(self.connections), len(self.tasks))
        self.app_state[CROWDED] = self._most is not None and there > self._most
        super().handle_events()

    def send_400_response(self, msg: str) -> None:
        headers = {"X-Request-ID": secrets.token_hex(8), "Connection": "close"}
        told = problem_details.answer(Problem(400, "not_http", f"{msg} Send HTTP/1.1.", headers=headers))
        log.tell("no request", request_id=headers["X-Request-ID"], status=told.status_code)
        head = h11.Response(status_code=told.status_code, headers=told.raw_headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=bytes(told.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._given_up = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._given_up is not None:
            self._given_up.cancel()
            self._given_up = None
