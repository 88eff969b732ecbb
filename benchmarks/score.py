"""How fast files are scored and explained, beside what an analyst would use instead; ratios from one run.

    .venv/bin/python benchmarks/score.py [users.csv] [--runs 3] [--rows 100000] [--peer-rows 2000]

Engines: the same rows, the same booster, CPU microseconds a row, in turns; beside those of this program XGBoost and
`shap`, and woodelf and treelite where they are installed. Whole files: processes of `python3 -m app score`, without
reasons and with those of all users, and a plain script of pandas, `shap.TreeExplainer` and `to_csv` with three reasons
a user, on the first rows, scaled up linearly. Slow engines get `--peer-rows` rows. Prints a table in Markdown: medians,
lowest and highest, ratios, the largest memory of a process, the largest difference from XGBoost's contributions.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.home import Home  # noqa: E402
from core.registry.registry import Model  # noqa: E402
from core.scoring.scorer import Scorer  # noqa: E402

Work = Callable[[Any], Any]


@dataclass
class Engine:
    """`work` takes features (n, f); what it gives is held against XGBoost's contributions where it `explains`."""

    name: str
    work: Work
    slow: bool = False
    explains: bool = False
    micros: list[float] = field(default_factory=list)
    difference: float = float("nan")


def engines(model: Model) -> list[Engine]:
    """Those there are here."""
    import shap
    import xgboost as xgb

    booster, ours = model.predictor.booster, model.explainer
    found = [
        Engine("Trustdesk: margin and three reasons", lambda x: ours.strongest(x, 3)),
        Engine("Trustdesk: margin", model.predictor.margin),
        Engine("Trustdesk: all contributions", ours.contributions, explains=True),
        Engine(
            "XGBoost `inplace_predict`: margin",
            lambda x: booster.inplace_predict(x, predict_type="margin", missing=np.nan),
        ),
        Engine(
            "XGBoost `pred_contribs`", lambda x: booster.predict(xgb.DMatrix(x), pred_contribs=True)[:, :-1],
            slow=True, explains=True,
        ),
        Engine("`shap.TreeExplainer`", shap.TreeExplainer(booster).shap_values, slow=True, explains=True),
    ]  # fmt: skip
    if importlib.util.find_spec("woodelf"):
        import pandas as pd
        from woodelf import WoodelfExplainer

        explainer = WoodelfExplainer(booster)
        names = [f"f{at}" for at in range(booster.num_features())]
        found.append(Engine("woodelf", lambda x: explainer.shap_values(pd.DataFrame(x, columns=names), verbose=False)))
    if importlib.util.find_spec("treelite"):
        import treelite

        converted = treelite.frontend.from_xgboost(booster)
        found.append(Engine("treelite `gtil`: margin", lambda x: treelite.gtil.predict(converted, x, pred_margin=True)))
    return found


def measured(model: Model, features: Any, runs: int, peer_rows: int) -> list[Engine]:
    """CPU microseconds a row of each engine, in turns after one turn to warm up, all on the same rows."""
    found = engines(model)
    few = features[:peer_rows]
    exact = next(each for each in found if "pred_contribs" in each.name).work(few)
    for turn in range(runs + 1):
        for engine in found:
            rows = few if engine.slow else features
            started = time.process_time()
            given = engine.work(rows)
            if turn:
                engine.micros.append((time.process_time() - started) / len(rows) * 1e6)
            elif engine.explains:
                engine.difference = float(np.abs(np.asarray(given)[: len(few)] - exact).max())
    return found


def ours(users: Path, reasons: str, runs: int) -> tuple[list[float], list[float], float]:
    """Wall and CPU seconds of each run after one to warm up, and the peak memory in GB of the process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "score", str(users), "-o", f"{folder}/out.csv", "--overwrite"]
        seconds, cpu, peak = [], [], 0.0
        for turn in range(runs + 1):
            started = time.perf_counter()
            process = subprocess.Popen([*command, "--reasons", reasons], cwd=ROOT, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = max(peak, usage.ru_maxrss / 1e6)
            if process.returncode not in (0, 3):
                raise SystemExit(f"score failed with exit code {process.returncode}")
            seconds += [time.perf_counter() - started] if turn else []
            cpu += [usage.ru_utime + usage.ru_stime] if turn else []
    return seconds, cpu, peak


def peer(users: Path, rows: int, model: Model) -> tuple[float, float]:
    """Wall and CPU seconds a row of the pandas, shap and to_csv way, without its imports."""
    import pandas as pd
    import shap

    started, cpu = time.perf_counter(), time.process_time()
    names, booster = list(model.metadata.names), model.predictor.booster
    frame = pd.read_csv(users, nrows=rows)
    margin = booster.inplace_predict(frame[names].astype("float32"), predict_type="margin")
    values = pd.DataFrame(shap.TreeExplainer(booster).shap_values(frame[names]), columns=names)
    best = values.apply(lambda row: row.nlargest(3).index.tolist(), axis=1)
    with tempfile.TemporaryDirectory() as folder:
        frame.assign(score=model.calibration.probability(margin), reasons=best).to_csv(Path(folder) / "out.csv")
    return (time.perf_counter() - started) / len(frame), (time.process_time() - cpu) / len(frame)


def told(values: list[float], digits: int) -> str:
    """Median (lowest to highest)."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path, nargs="?", default=ROOT / "data" / "demo" / "users.csv.gz")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--peer-rows", type=int, default=2_000)
    chosen = options.parse_args()
    import pandas as pd

    model = Home.open().registry.load()
    frame = pd.read_csv(chosen.users)
    rows = len(frame)
    features = Scorer(model).matrix(frame[: chosen.rows])
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numba", "shap", "numpy"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}\n")
    print(f"| engine, {len(features):,} rows × {features.shape[1]} | CPU µs a row | times ours | off by |")
    print("|---|---|---|---|")
    found = measured(model, features, chosen.runs, chosen.peer_rows)
    first = statistics.median(found[0].micros)
    for engine in found:
        ratio = statistics.median(engine.micros) / first
        off = "" if np.isnan(engine.difference) else f"{engine.difference:.1e}"
        print(f"| {engine.name} | {told(engine.micros, 1)} | {ratio:.2f} | {off} |")
    print(f"\n| file to file, {rows:,} users | wall s | CPU s | memory GB | times ours |\n|---|---|---|---|---|")
    medians = {}
    for reasons in ("all", "none"):
        seconds, cpu, peak = ours(chosen.users.resolve(), reasons, chosen.runs)
        medians[reasons] = statistics.median(seconds)
        ratio = medians[reasons] / medians["all"]
        print(f"| `score --reasons {reasons}` | {told(seconds, 2)} | {told(cpu, 2)} | {peak:.2f} | {ratio:.2f} |")
    wall, cpu_a_row = (each * rows for each in peer(chosen.users, chosen.peer_rows, model))
    ratio = wall / medians["all"]
    print(f"| pandas, `shap.TreeExplainer`, `to_csv` | {wall:.0f} | {cpu_a_row:.0f} | | {ratio:.1f} |")
    print(f"\nThe last row is scaled up from {chosen.peer_rows:,} users.")


if __name__ == "__main__":
    main()
