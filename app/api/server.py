"""Serving the API: one socket, and one or several processes behind it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import time
from datetime import UTC, datetime
from typing import Final

import uvicorn
from uvicorn.supervisors import multiprocess

from app.api import http_metrics
from app.api.main import create
from app.api.options import Options
from app.api.protocol import STOPPING, Protocol
from app.web.hosts import OWN_NAMES
from core.errors import BadOptionError
from core.home import Home

#: Seconds a connection is kept open between two requests.
KEEP_ALIVE: Final = 30
#: Seconds that requests under way have to end when the server is stopped.
END_WITHIN: Final = 10
#: Of these, seconds in which requests that come in are refused, before nobody listens any more: one that was on its way
#: when the server was told to end would be cut off otherwise.
REFUSES_FOR: Final = 1.0
_LOOK_EVERY: Final = 0.05
#: Seconds after which a process that says nothing is ended and another one started; to begin takes some.
HANGS_AFTER: Final = 60
#: Connections at once in a process; further ones are told to come again.
MOST_AT_ONCE: Final = 1_000


def check_address(home: Home, host: str) -> None:
    """Raises BadOptionError for an address of others than this machine while there is no key that lets one in."""
    keys, now = home.keys.listed(), datetime.now(UTC)
    if host in OWN_NAMES or any(key.usable(now) for key in keys):
        return
    why = "every key was revoked or has expired" if keys else "there is no key yet"
    raise BadOptionError(
        "--host", f"others than this machine need a key, and {why}. Make one with `keys create`, or leave out --host."
    )


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises BadOptionError when it cannot be had."""
    with contextlib.ExitStack() as unless_it_listens:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            # Named TCP, so that asyncio sends what is small at once; else each answer waits 40 ms to be acknowledged.
            listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            unless_it_listens.callback(listening.close)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
        except (OSError, OverflowError) as error:
            why = f"{host}:{port} cannot be listened on ({error}). Choose another one."
            raise BadOptionError("--port", why) from error
        unless_it_listens.pop_all()
    listening.set_inheritable(True)
    return listening


def serve(home: Home, listening: socket.socket, options: Options) -> None:
    """Serve until somebody ends it by a signal."""
    config = configured(home, options)
    if options.workers > 1:
        multiprocess.Process = Worker  # type: ignore[misc]  # the supervisor takes it from there
        with http_metrics.shared():
            multiprocess.Multiprocess(config, sockets=[listening]).run()
    else:
        Server(config).run(sockets=[listening])


class Server(uvicorn.Server):
    """A server that refuses, told to end, what comes in meanwhile; by itself uvicorn closes such connections unread."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state[STOPPING] = True
        until = time.monotonic() + REFUSES_FOR
        await asyncio.sleep(_LOOK_EVERY)  # takes in whoever has connected by now
        while self.server_state.connections and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY)
        await super().shutdown(sockets)


class Worker(multiprocess.Process):
    """A process behind the socket; one that is killed while it is asked whether it lives is missed at once.

    Its end of the pipe stays open in the supervisor otherwise, which then waits for the answer for `HANGS_AFTER`.
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()

    @property
    def server(self) -> uvicorn.Server:
        self._server = self._server or Server(config=self.config)
        return self._server


def configured(home: Home, options: Options) -> uvicorn.Config:
    """How uvicorn serves the API."""
    return uvicorn.Config(
        functools.partial(create, home, options), factory=True, http=Protocol, lifespan="on", ws="none",
        workers=options.workers, timeout_worker_healthcheck=HANGS_AFTER,
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE, timeout_graceful_shutdown=max(round(END_WITHIN - REFUSES_FOR), 0),
        limit_concurrency=MOST_AT_ONCE,
    )  # fmt: skip
