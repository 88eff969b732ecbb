"""How fast files are scored, beside what an analyst would write today; ratios from one run on one machine.

    .venv/bin/python benchmarks/score.py users.csv [--runs 5] [--peer-rows 4000]

Ours: whole processes of `python3 -m app score`, without reasons, and with those of all users. Peer: pandas,
the same booster, `shap.TreeExplainer` and `to_csv` with three reasons a user, on the first rows, scaled up
linearly. Prints median, lowest and highest of the wall times, CPU seconds, and the largest memory of a process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.home import Home  # noqa: E402


def ours(users: Path, reasons: str, runs: int) -> tuple[list[float], list[float], float]:
    """Wall and CPU seconds of each run after one to warm up, and the peak memory in GB of the process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "score", str(users), "-o", f"{folder}/out.csv", "--reasons", reasons]
        seconds, cpu, peak = [], [], 0.0
        for turn in range(runs + 1):
            started = time.perf_counter()
            process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = max(peak, usage.ru_maxrss / 1e6)
            if process.returncode not in (0, 3):
                raise SystemExit(f"score failed with exit code {process.returncode}")
            seconds += [time.perf_counter() - started] if turn else []
            cpu += [usage.ru_utime + usage.ru_stime] if turn else []
    return seconds, cpu, peak


def peer(users: Path, rows: int) -> float:
    """Seconds a row of the pandas, shap and to_csv way, without its imports."""
    import pandas as pd
    import shap

    model = Home.open().registry.load()
    started = time.perf_counter()
    names = list(model.metadata.names)
    frame = pd.read_csv(users, nrows=rows)
    score = model.calibration.probability(
        model.predictor.booster.inplace_predict(frame[names].astype("float32"), predict_type="margin")
    )
    values = pd.DataFrame(shap.TreeExplainer(model.predictor.booster).shap_values(frame[names]), columns=names)
    best = values.apply(lambda row: row.nlargest(3).index.tolist(), axis=1)
    with tempfile.TemporaryDirectory() as folder:
        frame.assign(score=score, reasons=best).to_csv(Path(folder) / "out.csv")
    return (time.perf_counter() - started) / len(frame)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--peer-rows", type=int, default=4000)
    chosen = options.parse_args()
    with chosen.users.open("rb") as file:
        rows = sum(1 for _ in file) - 1
    medians = {}
    for reasons in ("none", "all"):
        seconds, cpu, peak = ours(chosen.users.resolve(), reasons, chosen.runs)
        medians[reasons] = statistics.median(seconds)
        print(
            f"score --reasons {reasons}: median {medians[reasons]:.2f} s "
            f"({min(seconds):.2f} to {max(seconds):.2f}, {len(seconds)} runs), "
            f"CPU {statistics.median(cpu):.2f} s, {peak:.2f} GB"
        )
    whole = peer(chosen.users, chosen.peer_rows) * rows
    print(f"pandas + shap.TreeExplainer + to_csv: {whole:.0f} s for {rows:,} rows, scaled from {chosen.peer_rows:,}")
    print(f"ratio to ours with all reasons: {whole / medians['all']:.1f} times as long")


if __name__ == "__main__":
    main()
