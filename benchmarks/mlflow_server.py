"""Training runs in a real MLflow server: `python benchmarks/mlflow_server.py [--environment DIR]`.

Makes an environment of its own with `mlflow` (a few hundred MB from the package index that pip knows), starts its
server, trains on the demo while the server is away and again while it is there, and holds what the server tells
against what Train shows. Ends with 1 where one figure differs.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
START_WITHIN: Final = 300.0
RANKED: Final = ("pr_auc", "roc_auc", "brier", "ece")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, help="where the environment with mlflow is, or is made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = _environment(options.environment or folder / "environment")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        os.environ["MLFLOW_TRACKING_URI"] = address
        home, other = folder / "home", folder / "other"
        for each in (home, other):
            (each / "data").mkdir(parents=True)
            (each / "data" / "schema.toml").write_bytes((ROOT / "data" / "schema.toml").read_bytes())
        demo = str(ROOT / "data" / "demo" / "labelled.csv.gz")
        shown = json.loads(_app("train", demo, "--promote", "--json", "--home", str(home)))
        # What `train` has begun, in a process of its own, has to find out first that nobody is there.
        while json.loads(_app("tracking", "status", "--json", "--home", str(home)))["failure"] is None:
            time.sleep(1)
        print("away:", _app("tracking", "status", "--home", str(home)).strip())
        started = time.monotonic()
        command = [python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
        command += ["--artifacts-destination", str(folder / "artefacts")]
        with (folder / "server.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
            try:
                _wait(address, server, folder / "server.log")
                print(f"server: mlflow {_version(python)}, answers after {time.monotonic() - started:.0f} s")
                print("there:", _app("tracking", "push", "--home", str(home), err=True).strip())
                print("again:", _app("tracking", "push", "--home", str(home), err=True).strip())
                same = _compare(address, shown)
                pulled = _app("registry", "pull", "models:/trustdesk@champion", "--home", str(other), err=True)
                print("pulled:", pulled.strip())
            finally:
                server.terminate()
    raise SystemExit(0 if same else 1)


def _environment(folder: Path) -> str:
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "mlflow>=3.1,<4"], check=True)
    return str(python)


def _version(python: str) -> str:
    code = "from importlib.metadata import version; print(version('mlflow'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _app(*arguments: str, code: int = 0, err: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != code:
        raise SystemExit(f"{arguments} ended with {done.returncode}, not {code}:\n{done.stderr}")
    return done.stderr if err else done.stdout


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise SystemExit(f"The server does not answer:\n{log.read_text()[-2000:]}")


def _ask(address: str, what: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/api/2.0/mlflow/{what}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def _compare(address: str, shown: dict[str, Any]) -> bool:
    """Whether every figure that Train shows is what the server tells, to the last bit."""
    experiment = _ask(address, "experiments/get-by-name?experiment_name=trustdesk")["experiment"]["experiment_id"]
    (run,) = _ask(address, "runs/search", {"experiment_ids": [experiment]})["runs"]
    told = {each["key"]: each["value"] for each in run["data"]["metrics"]}
    wanted = {f"{name}{end}": shown[name][key] for name in RANKED for end, key in _ENDS}
    for band, entry in shown["thresholds"].items():
        figures = {name: each for name, each in entry.items() if name != "above"}
        wanted |= {f"thresholds/{band}/{name}{end}": each[key] for name, each in figures.items() for end, key in _ENDS}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    differ = sorted(name for name, value in wanted.items() if told.get(name) != value)
    print(f"figures: {len(wanted)} of Train, {len(wanted) - len(differ)} the same in MLflow", *differ)
    alias = _ask(address, "registered-models/alias?name=trustdesk&alias=champion")["model_version"]
    print(f"alias: champion is version {alias['version']}, {[each['value'] for each in alias['tags']]}")
    return not differ and alias["run_id"] == run["info"]["run_id"]


_ENDS: Final = (("", "value"), ("_low", "low"), ("_high", "high"))

if __name__ == "__main__":
    main()
