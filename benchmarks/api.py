"""How many users the API scores a second, and how long one waits: one worker, from one run on one machine.

    .venv/bin/python benchmarks/api.py [--seconds 10] [--rounds 3] [--connections 16]

A server of a copy of the bundled home, in a process of its own, is asked for the users of the demo over connections
that are kept open; the clients are one light process beside it, as there are two cores. Requests a second, and
milliseconds until the whole answer is there: the median and the 99th percentile. Then batches of 10,000 users.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.devtools.test_server import bundled_home  # noqa: E402 - the line above makes it importable
from core.home import Home  # noqa: E402
from core.schema import schema as schemas  # noqa: E402
from core.settings import child_environment  # noqa: E402


class Connection(asyncio.Protocol):
    """One connection that asks for one user after the other until time is up."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self._requests, self._until = requests, until
        self.waited: list[float] = []
        self.failed = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        self.waited.append(time.perf_counter() - self._asked)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.over.set_result(None)

    def _ask(self) -> None:
        self._got, self._asked = b"", time.perf_counter()
        self._transport.write(next(self._requests))


@contextmanager
def served(home: Home) -> Iterator[int]:
    """A server of the home; its port."""
    command = [sys.executable, "-m", "app", "api", "--port", "0", "--home", str(home.settings.home)]
    log = home.settings.home / "api.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stderr=stream, cwd=ROOT, env=child_environment(home.settings.home))
    try:
        while '"taken up"' not in log.read_text():
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.1)
        yield int(log.read_text().partition("http://127.0.0.1:")[2].partition("/")[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def people() -> list[dict[str, float | None]]:
    """The features of the users of the demo."""
    names = schemas.load(Home.open(ROOT).settings.schema_file).names
    with gzip.open(ROOT / "data" / "demo" / "users.csv.gz") as file:
        frame = pd.read_csv(file)[list(names)]
    return [{name: None if np.isnan(v) else v for name, v in row.items()} for row in frame.to_dict("records")]


def request(path: str, sent: object) -> bytes:
    body = json.dumps(sent).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def endless(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


async def asked(port: int, requests: list[bytes], connections: int, seconds: float) -> tuple[float, np.ndarray]:
    """Answers a second, and how long each took, in ms."""
    loop, source, started = asyncio.get_running_loop(), endless(requests), time.perf_counter()
    made = [
        (await loop.create_connection(lambda: Connection(source, started + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(each.over for each in made))
    waited = np.concatenate([each.waited for each in made])
    if any(each.failed for each in made):
        raise SystemExit("Not every answer was a score.")
    return len(waited) / (time.perf_counter() - started), 1000 * waited


def tell(name: str, rounds: list[tuple[float, np.ndarray]]) -> None:
    def spread(values: list[float], unit: str) -> str:
        return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f}) {unit}"

    rate = spread([rate for rate, _ in rounds], "a second")
    half = spread([float(np.median(waited)) for _, waited in rounds], "ms")
    most = spread([float(np.percentile(waited, 99)) for _, waited in rounds], "ms")
    print(f"{name:<40} {rate}; p50 {half}; p99 {most}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    users = people()
    with tempfile.TemporaryDirectory() as folder:
        home = bundled_home(Path(folder))
        with served(home) as port:
            several, one = options.connections, 1
            flagged = [request("/predict", {"features": user}) for user in users]
            everybody = [request("/predict", {"features": user, "reasons": "all"}) for user in users]
            batch = [request("/predict/batch", {"users": [{"features": user} for user in (*users, *users)]})]
            asyncio.run(asked(port, flagged, several, 1))
            for name, requests, connections, seconds in (
                (f"reasons of the flagged, {several} connections", flagged, several, options.seconds),
                (f"reasons of everybody, {several} connections", everybody, several, options.seconds),
                ("reasons of the flagged, one connection", flagged, one, options.seconds / 2),
                (f"a batch of {2 * len(users):,}", batch, one, options.seconds / 2),
            ):
                tell(name, [asyncio.run(asked(port, requests, connections, seconds)) for _ in range(options.rounds)])


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    main()
