"""How many users a second `stream` decides, beside `score` of the same users as a file: ratios from one run.

    .venv/bin/python benchmarks/stream.py [--users 12000] [--rounds 3] [--at-once 500] [--only numbers]

Users of the bundled home, and messages with text, in turns: `score FILE`, `stream -` from a file of JSON Lines, and
`stream` from and to a redis-server of its own. Each is a process that is begun anew for a tenth of the users and for
all of them; the difference of the two is what users cost without the start. A file has ten times as many: of fewer,
how long the start takes hides what they cost. Users a second by the clock and by
processor time, medians, and their ratio to `score`. Then Redis gets half as many a second as it took, and the time from
the arrival of each message to its decision is read off the ids that Redis gives both. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
#: Users of a file for each message.
TIMES = 10
sys.path.insert(0, str(ROOT))

from app.devtools.test_server import bundled_home  # noqa: E402 - the line above makes it importable
from core.home import Home  # noqa: E402
from core.schema import schema as schemas  # noqa: E402
from core.settings import child_environment  # noqa: E402
from tests import make_messages  # noqa: E402
from tests.core.streams.servers import redis_server  # noqa: E402


@dataclass
class Sample:
    """Users of a home: as a table, and the first tenth of them as messages without their ids."""

    home: Home
    frame: pd.DataFrame
    fields: list[dict[str, Any]]

    def messages(self, n: int, turn: str) -> list[bytes]:
        return [json.dumps({"id": f"{turn}-{at}", **self.fields[at]}).encode() for at in range(n)]


def numbers(folder: Path, n: int) -> Sample:
    home = bundled_home(folder)
    demo = pd.read_csv(home.settings.demo / "users.csv.gz")
    frame = pd.concat([demo] * (n * TIMES // len(demo) + 1), ignore_index=True).head(n * TIMES)
    schema = schemas.load(home.settings.schema_file)
    if schema.id:
        frame[schema.id] = [f"u{at}" for at in range(n * TIMES)]
    return Sample(home, frame, fields(frame.head(n), [name for name in schema.inputs if name in frame]))


def texts(folder: Path, n: int) -> Sample:
    home = make_messages.home_of(Home.open(folder))
    frame = make_messages.messages(n * TIMES, seed=3).drop(columns="removed")
    return Sample(home, frame, fields(frame.head(n), list(schemas.load(home.settings.schema_file).inputs)))


def fields(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = frame[list(names)].astype(object).where(frame[list(names)].notna(), None).to_dict("records")
    return [{"user_id": f"u{at}", "features": row, "allow_missing": True} for at, row in enumerate(rows)]


@dataclass
class Took:
    """Seconds by the clock and of processor time."""

    clock: float
    processor: float

    def less(self, other: Took) -> Took:
        return Took(self.clock - other.clock, self.processor - other.processor)


def run(home: Home, *words: object, stdin: Path | None = None) -> Took:
    began = time.perf_counter()
    with (stdin or Path(os.devnull)).open("rb") as given, subprocess.Popen(
        [sys.executable, "-m", "app", *map(str, words), "--home", str(home.settings.home)], cwd=ROOT, stdin=given,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(home),
    ) as process:  # fmt: skip
        return ended(process, began)


def environment(home: Home) -> dict[str, str]:
    return child_environment(home.settings.home) | {"TRUSTDESK_NO_VENV": "1"}


def ended(process: subprocess.Popen[bytes], began: float) -> Took:
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said.decode())
    return Took(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def score(sample: Sample, n: int, turn: str, folder: Path) -> Took:
    """What a file of TIMES as many users takes for each n of them."""
    path, out = folder / f"{turn}.csv", folder / f"{turn}.scores.csv"
    sample.frame.head(n * TIMES).to_csv(path, index=False)
    took = run(sample.home, "score", path, "--output", out, "--allow-missing")
    return Took(took.clock / TIMES, took.processor / TIMES)


def pipe(sample: Sample, n: int, turn: str, folder: Path, most: int) -> Took:
    path = folder / f"{turn}.jsonl"
    path.write_bytes(b"\n".join(sample.messages(n, turn)) + b"\n")
    return run(sample.home, "stream", "-", "--batch", most, stdin=path)


def from_redis(sample: Sample, n: int, turn: str, most: int, port: int, rate: float = 0.0) -> tuple[Took, list[float]]:
    """What it took, and the seconds of each message from its arrival to its decision; `rate`: messages a second, 0 for
    all of them before the stream begins.
    """
    import redis

    client = redis.Redis(port=port)
    client.flushall()
    messages = sample.messages(n, turn)
    if not rate:
        send(client, messages)
    began = time.perf_counter()
    words = [f"redis://127.0.0.1:{port}/0?stream={name}" for name in ("events", "decisions")]
    with subprocess.Popen(
        [sys.executable, "-m", "app", "stream", *words, "--batch", str(most), "--home", str(sample.home.settings.home)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(sample.home),
    ) as process:  # fmt: skip
        if rate:
            send(client, messages[:1])
            while not client.xlen("decisions"):
                time.sleep(0.05)
            start, step = time.perf_counter(), max(int(rate / 50), 1)
            for at in range(1, n, step):
                time.sleep(max(start + at / rate - time.perf_counter(), 0))
                send(client, messages[at : at + step])
        while client.xlen("decisions") < n:
            if process.poll() is not None:
                raise SystemExit(process.stderr and process.stderr.read().decode())
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        took = ended(process, began)
    came, decided = (
        [int(name.partition(b"-")[0]) for name, _ in client.xrange(each)] for each in ("events", "decisions")
    )
    return took, [(after - before) / 1000 for before, after in zip(came, decided, strict=True)][1:]


def send(client: Any, messages: Sequence[bytes]) -> None:
    pipeline = client.pipeline(transaction=False)
    for each in messages:
        pipeline.xadd("events", {"message": each})
    pipeline.execute()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=500)
    parser.add_argument("--only", choices=["numbers", "texts"])
    given = parser.parse_args()
    few, most = given.users // 10, given.at_once
    with tempfile.TemporaryDirectory() as name, redis_server(Path(name)) as port:
        folder = Path(name)
        for what, made in (("numbers", numbers), ("texts", texts)):
            if given.only not in {None, what}:
                continue
            (folder / what).mkdir()
            sample = made(folder / what, given.users)
            ways = {
                "score": lambda n, turn, s=sample: score(s, n, turn, folder),
                "stream, pipe": lambda n, turn, s=sample: pipe(s, n, turn, folder, most),
                "stream, Redis": lambda n, turn, s=sample: from_redis(s, n, turn, most, port)[0],
            }
            took: dict[str, list[Took]] = {way: [] for way in ways}
            for turn in range(given.rounds):
                for way, measured in ways.items():
                    few_took = measured(few, f"{turn}-few")
                    took[way].append(measured(given.users, f"{turn}-all").less(few_took))
            rates = table(what, took, given.users - few)
            rate = rates["stream, Redis"] / 2
            _, waits = from_redis(sample, min(int(20 * rate), given.users), "p99", most, port, rate)
            p50, p99 = np.percentile(waits, [50, 99])
            sys.stdout.write(f"\nAt {rate:,.0f} messages a second through Redis: p50 {p50:.2f} s, p99 {p99:.2f} s.\n\n")
            shutil.rmtree(folder / what)


def table(what: str, took: dict[str, list[Took]], users: int) -> dict[str, float]:
    """The table of one kind of users; users a second of each way, by the clock."""
    clock = {way: [users / each.clock for each in found] for way, found in took.items()}
    processor = {way: [users / each.processor for each in found] for way, found in took.items()}
    lines = [f"| {what} | users a second | of `score` | a second of processor | of `score` |", "|---|---|---|---|---|"]
    for way in took:
        by_clock, by_processor = ratio(clock, way), ratio(processor, way)
        users_by_clock, users_by_processor = statistics.median(clock[way]), statistics.median(processor[way])
        lines.append(
            f"| {way} | {users_by_clock:,.0f} | {by_clock:.2f} | {users_by_processor:,.0f} | {by_processor:.2f} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return {way: statistics.median(found) for way, found in clock.items()}


def ratio(rates: dict[str, list[float]], way: str) -> float:
    """The median over rounds of what a way reaches beside `score` of the same round."""
    return statistics.median(one / other for one, other in zip(rates[way], rates["score"], strict=True))


if __name__ == "__main__":
    main()
