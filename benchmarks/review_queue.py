"""How long a reviewer waits for the queue: with 100,000 closed cases and 15,000 open ones, of 51 features each.

    .venv/bin/python benchmarks/review_queue.py [--closed 100000] [--open 15000] [--times 200]

Median, 95th percentile and highest of each step, in milliseconds, from one run on one machine; beside them what one
synced write costs there, because a claim and a close each wait for the disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.home import Home  # noqa: E402
from core.policy.decide import decide  # noqa: E402
from core.review import cases, queue  # noqa: E402
from core.review.cases import CaseFilters  # noqa: E402
from core.review.enqueue import Entry  # noqa: E402
from core.store import tables  # noqa: E402

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FEATURES = [f"X{i}" for i in range(1, 52)]
CHUNK = 20_000

POLICY = Home.open(ROOT).policies.in_force()


def people(numbers: range, run: str) -> list[Entry]:
    """Users with made-up scores and features; 9 of 10 certain to be reviewed, the others drawn at random."""
    chance = np.random.default_rng(numbers.start)
    score, values = chance.random(len(numbers)), chance.normal(size=(len(numbers), len(FEATURES)))
    bands, actions = decide(POLICY, score).bands, decide(POLICY, score).actions
    return [
        Entry(
            user=f"user-{number}", dataset="d" * 64, run=run, row=i + 1, model="v0001", policy="p0001",
            score=float(score[i]), band=str(bands[i]), action=str(actions[i]),
            stratum="random" if i % 10 == 0 else "certain", inclusion=0.01 if i % 10 == 0 else 1.0, blind=i % 4 == 0,
            context={"name": f"name {number}", "country": ("DE", "KE", "PK")[number % 3]},
            features=dict(zip(FEATURES, values[i].tolist(), strict=True)),
        )
        for i, number in enumerate(numbers)
    ]  # fmt: skip


def fill(home: Home, closed: int, still_open: int) -> None:
    for start in range(0, closed, CHUNK):
        made = people(range(start, min(start + CHUNK, closed)), "r-0001")
        home.enqueuing.enqueue(made, now=NOW)
        with home.database.writing() as connection:
            for number in connection.execute(tables.cases.select().where(tables.OPEN)).scalars().all():
                queue.close(
                    connection, cases.id_of(number), verdict=f"v{number}", judgement="spammer", by="Ada", at=NOW
                )
        tell(f"closed so far: {start + len(made):,}")
    made = people(range(closed, closed + still_open), "r-0002")
    for what in ("queue new cases", "queue them again, unchanged"):
        once(f"{what}, {len(made):,}", lambda: home.enqueuing.enqueue(made, now=NOW))
    later = people(range(closed, closed + still_open), "r-0003")
    once(f"a later run changes them, {len(later):,}", lambda: home.enqueuing.enqueue(later, now=NOW))
    known = people(range(min(CHUNK, closed)), "r-0004")  # values go by the chunk: those of the first one again
    once(f"users who are known, {len(known):,}", lambda: home.enqueuing.enqueue(known, now=NOW))


def once(what: str, step: Callable[[], object]) -> None:
    started = time.perf_counter()
    told = step()
    tell(f"{what}: {time.perf_counter() - started:.2f} s  {told}")


def repeated(what: str, times: int, step: Callable[[int], object]) -> None:
    spent = []
    for i in range(times):
        started = time.perf_counter()
        step(i)
        spent.append(1000 * (time.perf_counter() - started))
    p95 = float(np.quantile(spent, 0.95))
    tell(f"{what:44} median {statistics.median(spent):7.1f}   p95 {p95:7.1f}   highest {max(spent):7.1f} ms")


def synced_write(path: Path) -> Callable[[int], None]:
    def step(_i: int) -> None:
        with path.open("ab") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())

    return step


def main(closed: int, still_open: int, times: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home.open(folder)
        fill(home, closed, still_open)
        tell(f"database: {home.settings.database.stat().st_size / 1e6:,.0f} MB; a step {times} times each")
        repeated("one synced write of 4 kB", times, synced_write(Path(folder) / "synced"))
        judge(home, times)
        look(home, times)


def judge(home: Home, times: int) -> None:
    def close(i: int, case: str) -> None:
        with home.database.writing() as connection:
            queue.close(connection, case, verdict=f"w{i}", judgement="legitimate", by="Bob", at=NOW)

    held: list[str] = []

    def claim(i: int, filters: CaseFilters = CaseFilters()) -> None:  # noqa: B008 - frozen
        case = home.queue.claim("Bob", session=f"tab {i}", now=NOW, filters=filters)
        held.extend([case.id] if case else [])

    repeated("next case", times, claim)
    repeated("renew", times, lambda i: home.queue.renew(held[i], "Bob", session=f"tab {i}", now=NOW))
    repeated("close", times, lambda i: close(i, held[i]))
    narrow = CaseFilters(bands=("monitor",), feature="X51", within=(2.5, 9.0))
    repeated("next case of a band and a range of a feature", times, lambda i: claim(i, narrow))
    nobody = CaseFilters(feature="X51", within=(90.0, 99.0))
    repeated("no case in a range of a feature", times, lambda i: claim(i, nobody))


def look(home: Home, times: int) -> None:
    feature = CaseFilters(feature="X51", within=(1.0, 9.0), unblinded=True)
    for what, filters in {
        "all": CaseFilters(), "a band": CaseFilters(bands=("human_review",)),
        "random": CaseFilters(strata=("random",), unblinded=True), "a range of a feature": feature,
        "a country": CaseFilters(context="country", values=("KE",)), "a text": CaseFilters(text="name 10123"),
    }.items():  # fmt: skip
        repeated(f"count, {what}", times, lambda _i, of=filters: home.cases.count(of, now=NOW))  # type: ignore[misc]
        repeated(f"first 1,000, {what}", times, lambda _i, of=filters: home.cases.listing(of, now=NOW))  # type: ignore[misc]
    repeated("progress", times, lambda _i: home.cases.progress("Ada", NOW - timedelta(hours=1)))


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="How long a reviewer waits for the queue.")
    options.add_argument("--closed", type=int, default=100_000)
    options.add_argument("--open", type=int, default=15_000)
    options.add_argument("--times", type=int, default=200)
    chosen = options.parse_args()
    main(chosen.closed, chosen.open, chosen.times)
