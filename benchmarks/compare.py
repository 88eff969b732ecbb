"""How long a comparison takes; from one run on one machine.

    .venv/bin/python benchmarks/compare.py [--users 91760] [--runs 3]
    .venv/bin/python benchmarks/compare.py --home DIR v0001 v0002 [--runs 3]

Two files of made-up predictions, 2.7 % spammers: seconds to read and check both, and to compare them with 1,000 paired
draws at the thresholds of the policy. With a home and two versions: seconds to compare those on its newest labelled
dataset, with flips, reasons, segments and cautions, and to read what is kept.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scipy.special import expit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the program is not installed as a package

from core.comparison import external  # noqa: E402
from core.comparison.comparison_job import Asked  # noqa: E402
from core.comparison.paired_metrics import compare  # noqa: E402
from core.home import Home  # noqa: E402

POLICY = Home.open(ROOT).policies.in_force()
THRESHOLDS = {str(band): above for band, above in POLICY.thresholds.items()}


def files(users: int) -> list[bytes]:
    random = np.random.default_rng(0)
    label = (random.random(users) < 0.027).astype(int)
    frames = [
        pd.DataFrame({"id": np.arange(users), "y_true": label, "y_proba": expit(random.normal(-4 + 4 * label, spread))})
        for spread in (1.0, 1.3)
    ]
    return [frame.to_csv(index=False).encode() for frame in frames]


def predictions(users: int, note: Callable[[str, float], None]) -> None:
    payloads = files(users)
    started = time.perf_counter()
    read = [external.read(f"{name}.csv", payload) for name, payload in zip("ab", payloads, strict=True)]
    note("two files read and checked", time.perf_counter() - started)
    label, (a, b) = external.together(read)
    compare(label, a, b, seed=0, thresholds=THRESHOLDS)
    note("read and compared", time.perf_counter() - started)


def versions(home: Home, a: str, b: str, note: Callable[[str, float], None]) -> None:
    on = next(found for found in home.datasets.stored() if found.positives)
    asked, started = Asked(a, b, on.id, THRESHOLDS), time.perf_counter()
    found = home.comparer.made(asked)
    note(f"{a} and {b} compared on {found.comparison.n:,} users", time.perf_counter() - started)
    with TemporaryDirectory() as folder:
        kept = Home.open(folder)
        kept.comparisons.save("kept", found)
        started = time.perf_counter()
        kept.comparisons.load("kept")
        note("read again", time.perf_counter() - started)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("versions", nargs="*")
    options.add_argument("--home", type=Path)
    options.add_argument("--users", type=int, default=91_760)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    seconds: dict[str, list[float]] = {}

    def note(what: str, took: float) -> None:
        seconds.setdefault(what, []).append(took)

    for _ in range(chosen.runs):
        if chosen.home:
            versions(Home.open(chosen.home), *chosen.versions, note)
        else:
            predictions(chosen.users, note)
    for what, figures in seconds.items():
        print(f"{what}: median {statistics.median(figures):.2f} s ({min(figures):.2f} to {max(figures):.2f})")


if __name__ == "__main__":
    main()
