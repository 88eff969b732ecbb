"""A proxy that cuts connections."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Passes on to a port, and cuts each connection in turn after so many bytes from one side, as `cuts` says; those
    that come after are left whole. `connections`: how many there were.
    """

    port: int
    upward: bool = False
    cuts: list[int] = field(default_factory=list)
    connections: int = 0
    own: int = 0

    @contextlib.contextmanager
    def serving(self) -> Iterator[Proxy]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.own = listening.getsockname()[1]
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield self

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                self.connections += 1
                left = self.cuts.pop(0) if self.cuts else -1
                threading.Thread(target=self._passed, args=(client, left), daemon=True).start()

    def _passed(self, client: socket.socket, left: int) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.port)) as server:
            while left != 0:
                for one in select.select([client, server], [], [])[0]:
                    content = one.recv(65_536)
                    if not content:
                        return
                    if left > 0 and (one is client) == self.upward:
                        content = content[:left]
                        left -= len(content)
                    (server if one is client else client).sendall(content)
                    if left == 0:
                        return
