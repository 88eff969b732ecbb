"""How fast a verdict is recorded once 100,000 are stored, beside what the disk takes to write as much; one machine.

    .venv/bin/python benchmarks/feedback.py [--verdicts 100000] [--records 200] [--folder DIR]

Each verdict judges 51 features. A store is filled; a process of its own then opens it and records one by one, each
timed from the call until it is on disk, with an append and fsync of the same size in a file beside it between two.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.feedback.verdict import Verdict  # noqa: E402
from core.home import Home  # noqa: E402
from core.policy.decide import decide  # noqa: E402

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [f"X{i}" for i in range(1, 52)]
REASONS = "X12 is 41.7, higher than for most users (+0.31); X3 is missing (+0.12); X40 is 0 (−0.08)"

POLICY = Home.open(ROOT).policies.in_force()


def verdicts(first: int, n: int) -> list[Verdict]:
    """`n` verdicts, numbered from `first`; a tenth of their values are missing."""
    random = np.random.default_rng(first)
    values = np.where(random.random((n, len(NAMES))) < 0.1, np.nan, random.lognormal(size=(n, len(NAMES))))
    scores = random.random(n)
    bands, policy = decide(POLICY, scores).bands.tolist(), POLICY
    return [
        Verdict(
            id=f"v{number:08d}-4f7c-9a1b", time=START + timedelta(seconds=number), case=f"c-{number:06d}",
            prediction=f"r-0001-{number}", user=f"user-{number // 2}", reviewer=f"reviewer {number % 8}",
            verdict="spammer" if number % 3 else "legitimate", reason="bulk_links", notes="Many links in few days.",
            seconds=12.5, model="v0001", policy=policy.version, score=score, band=band, action="human_review",
            reasons=REASONS, blind=number % 5 == 0, stratum="random", inclusion=0.02,
            features={name: None if np.isnan(value) else value for name, value in zip(NAMES, row, strict=True)},
        )
        for number, score, band, row in zip(
            range(first, first + n), scores.tolist(), bands, values.tolist(), strict=True
        )
    ]  # fmt: skip


def fill(home: Home, n: int) -> None:
    """Store `n` verdicts, one in a hundred of which is taken back."""
    for first in range(0, n, 10_000):
        some = verdicts(first, min(10_000, n - first))
        home.feedback.record([*some, *(verdict.withdrawn(verdict.time) for verdict in some[::100])])


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def told(what: str, taken: list[float]) -> None:
    p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    print(f"{what:<44} median {statistics.median(taken):8.2f} ms   p95 {p95:8.2f} ms   n={len(taken)}")


def measure(home: Home, before: int, records: int) -> None:
    store, known = home.feedback, home.ledger
    told("first open", [timed(known.refresh)])
    told("first frame", [timed(known.frame)])
    line, beside = b"x" * 1100 + b"\n", home.settings.feedback / "beside.txt"
    record, disk, read, standing = [], [], [], []
    for verdict in verdicts(before, records):
        record.append(timed(lambda verdict=verdict: store.record([verdict])))  # type: ignore[misc]
        disk.append(timed(lambda: append(beside, line)))
        known.refresh()
        read.append(timed(known.frame))
        standing.append(timed(known.effective))
    told("record one verdict", record)
    told("append and fsync of as many bytes", disk)
    told("frame after one more", read)
    told("effective after one more", standing)
    print(f"record / fsync, of the medians: {statistics.median(record) / statistics.median(disk):.1f}")
    told("verify", [timed(store.verify)])
    told("forget a user", [timed(lambda: store.forget("user-77", by="benchmark", now=START))])
    told("open again after that", [timed(known.refresh)])


def append(path: Path, line: bytes) -> None:
    with path.open("ab", buffering=0) as stream:
        stream.write(line)
        os.fsync(stream.fileno())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=100_000)
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--folder", help="where to measure; a temporary one by default")
    parser.add_argument("--opened", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.opened:
        measure(Home.open(asked.opened), asked.verdicts, asked.records)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        seconds = timed(lambda: fill(Home.open(folder), asked.verdicts)) / 1000
        print(f"storing {asked.verdicts:,} verdicts took {seconds:.1f} s")
        options = ["--verdicts", str(asked.verdicts), "--records", str(asked.records), "--opened", folder]
        subprocess.run([sys.executable, __file__, *options], check=True)


if __name__ == "__main__":
    main()
