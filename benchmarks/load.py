"""What an API takes: the rate, how long one waits, and whether anything acknowledged is lost at a promotion.

    .venv/bin/python benchmarks/load.py [--seconds 20] [--connections 16] [--workers 1] [--reasons all] [--feedback 0.1]

Serves a copy of the bundled home in a process of its own and asks it for the users of the demo, over connections that
are kept open; of a share of the answers it says whether they were right. In the middle another version goes live, a
copy of the first. `/health` is asked ten times a second beside it. Printed are requests a second, and milliseconds
until the whole answer is there: the median, the 95th and the 99th percentile. At the end each prediction and each
verdict that was acknowledged is looked for in what is stored; one that is missing is an error (exit code 1).

The clients take a core themselves: run it on a machine with more cores than --workers.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import itertools
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.devtools.test_server import bundled_home  # noqa: E402 - the line above makes it importable
from core.data import intake  # noqa: E402
from core.home import Home  # noqa: E402
from core.schema import schema as schemas  # noqa: E402
from core.settings import DEMO_USERS, child_environment  # noqa: E402

HEALTH_EVERY = 0.1
NEXT = "v0002"


@dataclass
class Told:
    """What was acknowledged, and how long each kind of request took, in seconds."""

    predictions: dict[str, str] = field(default_factory=dict)
    verdicts: set[str] = field(default_factory=set)
    took: dict[str, list[float]] = field(default_factory=lambda: {"predict": [], "feedback": [], "health": []})
    refused: dict[int, int] = field(default_factory=dict)


class Client:
    """A connection that is kept open."""

    def __init__(self, port: int, told: Told) -> None:
        self._connection, self._told = http.client.HTTPConnection("127.0.0.1", port, timeout=60), told

    def ask(self, kind: str, method: str, path: str, body: object = None) -> Any:
        """The answer, or None where it was refused."""
        begun = time.perf_counter()
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, {"Content-Type": "application/json"} if sent else {})
        response = self._connection.getresponse()
        answer = response.read()
        self._told.took[kind].append(time.perf_counter() - begun)
        if response.status != 200:
            self._told.refused[response.status] = self._told.refused.get(response.status, 0) + 1
            return None
        return json.loads(answer)


@contextmanager
def served(home: Home, workers: int) -> Iterator[int]:
    """The API in a process of its own; its port."""
    log = home.settings.home / "api.log"
    command = [sys.executable, "-m", "app", "api", "--port", "0", "--workers", str(workers)]
    with log.open("w") as stream:
        process = subprocess.Popen(command, stderr=stream, cwd=ROOT, env=child_environment(home.settings.home))
    try:
        while "/docs" not in (said := log.read_text()):
            if process.poll() is not None:
                raise SystemExit(said)
            time.sleep(0.05)
        port = int(said.split("/docs")[0].rsplit(":", 1)[1])
        while True:
            try:
                Client(port, Told()).ask("health", "GET", "/health")
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def requests(home: Home, reasons: str) -> list[dict[str, Any]]:
    """A request for each of some users of the demo."""
    schema = schemas.load(home.settings.schema_file)
    with gzip.open(home.settings.demo / DEMO_USERS, "rb") as lines:
        frame = intake.read("some.csv", b"".join(itertools.islice(lines, 2_001)), schema).frame
    values = [
        {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - NaN
        for row in frame[list(schema.inputs)].astype(object).to_dict("records")
    ]
    return [{"features": each, "user_id": f"load-{at}", "reasons": reasons} for at, each in enumerate(values)]


def load(port: int, asked: list[dict[str, Any]], share: float, end: float, told: Told, first: int) -> None:
    """Ask until time is up."""
    client, draw = Client(port, told), np.random.default_rng(first)
    for number in itertools.count(first):
        if time.perf_counter() >= end:
            return
        answer = client.ask("predict", "POST", "/v1/predict", asked[number % len(asked)])
        if answer is None:
            continue
        told.predictions[answer["prediction_id"]] = answer["model_version"]
        if draw.random() < share:
            said = {"prediction_id": answer["prediction_id"], "is_correct": bool(draw.random() < 0.9)}
            kept = client.ask("feedback", "POST", "/v1/feedback", said)
            if kept is not None:
                told.verdicts.add(kept["feedback_id"])


def probe(port: int, end: float, told: Told) -> None:
    """Ask whether it lives, again and again."""
    client = Client(port, told)
    while time.perf_counter() < end:
        client.ask("health", "GET", "/health")
        time.sleep(HEALTH_EVERY)


def lost(home: Home, told: Told) -> tuple[int, int]:
    """How many acknowledged predictions and verdicts are not stored."""
    stored: dict[str, set[int]] = {}
    for prediction in told.predictions:
        run = prediction.rpartition("-")[0]
        if run not in stored:
            stored[run] = set(home.runs.scores(run).index)
    gone = sum(int(each.rpartition("-")[2]) not in stored[each.rpartition("-")[0]] for each in told.predictions)
    return gone, len(told.verdicts - set(home.feedback.read()["id"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--reasons", choices=("none", "flagged", "all"), default="all")
    parser.add_argument("--feedback", type=float, default=0.1, help="share of answers on which a verdict is sent")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = bundled_home(Path(folder))
        shutil.copytree(home.settings.models / str(home.registry.champion()), home.settings.models / NEXT)
        told, asked = Told(), requests(home, given.reasons)
        with served(home, given.workers) as port:
            begun = time.perf_counter()
            end = begun + given.seconds
            threads = [
                threading.Thread(target=load, args=(port, asked, given.feedback, end, told, 97 * at))
                for at in range(given.connections)
            ]
            threads.append(threading.Thread(target=probe, args=(port, end, told)))
            for each in threads:
                each.start()
            time.sleep(given.seconds / 2)
            home.registry.promote(NEXT, by="load", why="in the middle of the load", now=datetime.now(UTC))
            for each in threads:
                each.join()
            seconds = time.perf_counter() - begun
        predictions, verdicts = lost(Home.open(home.settings.home), told)
    print(f"{'':10}{'a second':>10}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'most':>10}")
    for kind, took in told.took.items():
        if took:
            marks = (1_000 * np.array([*np.quantile(took, (0.5, 0.95, 0.99)), max(took)])).tolist()
            print(f"{kind:10}{len(took) / seconds:10,.0f}" + "".join(f"{each:10.1f}" for each in marks))
    by = {each: list(told.predictions.values()).count(each) for each in sorted({*told.predictions.values()})}
    print(f"answers by version: {by}; refused by status: {told.refused}")
    print(f"acknowledged: {len(told.predictions):,} predictions, {len(told.verdicts):,} verdicts; "
          f"lost: {predictions} and {verdicts}")  # fmt: skip
    raise SystemExit(1 if predictions or verdicts else 0)


if __name__ == "__main__":
    main()
