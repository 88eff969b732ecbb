"""How long a training run takes from the click to its figures; the job behind the page, in a process of its own.

    .venv/bin/python benchmarks/train.py users.csv.gz [--family xgboost] [--runs 3]

The labelled users are stored in a copy of the bundled home first, as they are when somebody presses *Train*. Prints
the seconds until the run is kept (and, for XGBoost, published), of each step, and the figures on the test part.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the program is not installed as a package

from app.devtools.test_server import bundled_home  # noqa: E402 - the line above makes it importable
from core.data import intake  # noqa: E402
from core.home import Home  # noqa: E402
from core.schema import schema as schemas  # noqa: E402

LOOK_EVERY = 0.05


def trained(home: Home, dataset: str, family: str, number: int) -> tuple[float, dict[str, float]]:
    """Seconds from the click to the figures, and of each step as its name was told."""
    arguments = {
        "dataset": dataset,
        "family": family,
        "thresholds": home.policies.in_force().thresholds,
        "by": "Benchmark",
    }
    started = told = time.perf_counter()
    job = home.jobs.start("train", arguments, title="t", identity=f"train-{number:04d}")
    steps, what = dict[str, float](), "Starting"
    while not (job := home.jobs.find(job.id)).over:
        if job.message and job.message != what:
            steps[what] = steps.get(what, 0.0) + time.perf_counter() - told
            told, what = time.perf_counter(), job.message
        time.sleep(LOOK_EVERY)
    if job.status != "done":
        raise SystemExit(f"{job.message}\n{home.jobs.log(job.id)}")
    steps[what] = time.perf_counter() - told
    return time.perf_counter() - started, steps


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path)
    options.add_argument("--family", default="xgboost")
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = bundled_home(Path(folder))
        schema = schemas.load(home.settings.schema_file)
        checked = intake.read(chosen.users.name, chosen.users, schema, need_label=True)
        dataset = home.datasets.put(checked, schema, now=datetime.now(UTC), need_label=True)
        seconds = []
        for run in range(chosen.runs):
            took, steps = trained(home, dataset.id, chosen.family, run + 1)
            seconds.append(took)
            print(f"{took:.1f} s: " + ", ".join(f"{what} {each:.1f}" for what, each in steps.items()), flush=True)
        kept = home.training_runs.listed()[0]
    print(
        f"{dataset.accepted:,} users, {kept.family}: median {statistics.median(seconds):.1f} s "
        f"({min(seconds):.1f} to {max(seconds):.1f}, {len(seconds)} runs), {kept.rounds} rounds, load {os.getloadavg()}"
    )
    for name, figure in kept.figures.overall.items():
        print(f"{name} {figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})")


if __name__ == "__main__":
    main()
