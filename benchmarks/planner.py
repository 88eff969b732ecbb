"""How long a lead waits for a plan after moving a slider: made-up labelled users with scores as the bundled model's.

    .venv/bin/python benchmarks/planner.py [--users 458798] [--times 50]

Median, 95th percentile and highest in milliseconds, from one run on one machine: of sorting the users, which is done
once, and of each plan and frontier that follows a move.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.policy import planner  # noqa: E402
from core.policy.thresholds.demand import Demand  # noqa: E402

#: Quantiles of the log-odds the bundled model gives to the 40,000 labelled demo users.
SHARES = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1)
LOG_ODDS = (
    -16.16, -13.01, -11.39, -10.51, -9.0, -7.24, -5.36, -3.41, -2.13, -1.0, -0.11, 1.35, 2.45, 4.05, 6.38,
)  # fmt: skip


def repeated(what: str, times: int, step: Callable[[int], object]) -> None:
    spent = []
    for number in range(times):
        started = time.perf_counter()
        step(number)
        spent.append(1000 * (time.perf_counter() - started))
    p95 = float(np.quantile(spent, 0.95))
    print(f"{what:44} median {statistics.median(spent):7.1f}   p95 {p95:7.1f}   highest {max(spent):7.1f} ms")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--users", type=int, default=458_798)
    options.add_argument("--times", type=int, default=50)
    given = options.parse_args()
    chance = np.random.default_rng(0)
    score = 1 / (1 + np.exp(-np.interp(chance.random(given.users), SHARES, LOG_ODDS)))
    label = chance.random(given.users) < score
    repeated(f"sort {given.users:,} users", 5, lambda number: planner.prepare(score, label, seed=number))
    rehearsal = planner.prepare(score, label)
    armed = Demand(10_000, 200, days=7, cost_miss=20, armed=True)
    repeated("plan, armed", given.times, lambda n: planner.plan(rehearsal, moved(armed, n)))
    floors = Demand(10_000, 200, days=7, armed=True, min_recall=0.5, min_precision=0.95, prevalence=0.05)
    repeated(
        "plan, armed, floors and another prevalence", given.times, lambda n: planner.plan(rehearsal, moved(floors, n))
    )
    unarmed = Demand(10_000, 200, days=7, cost_miss=20)
    repeated("plan, unarmed", given.times, lambda n: planner.plan(rehearsal, moved(unarmed, n)))
    repeated("frontier, armed", given.times, lambda n: planner.frontier(rehearsal, moved(armed, n)))


def moved(demand: Demand, number: int) -> Demand:
    """The demand after the slider has been moved so many times."""
    return replace(demand, reviews_per_day=50 + 10 * number)


if __name__ == "__main__":
    main()
