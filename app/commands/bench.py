"""`python3 -m app bench`: how fast scoring is here, beside what an analyst would use instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import RefusedError
from core.home import Home
from core.settings import ROOT


def bench(
    users: Annotated[Path | None, typer.Argument(help="CSV of users; by default the bundled demo.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each, after one to warm up.")] = 3,
    rows: Annotated[int, typer.Option(min=1, help="Rows that engines are compared on.")] = 100_000,
    peer_rows: Annotated[int, typer.Option("--peer-rows", min=1, help="Rows that slow ones get.")] = 2_000,
) -> None:
    """Compare this program with XGBoost, shap and others that are installed, side by side; prints a table."""
    from app import guard

    script = ROOT / "benchmarks" / "score.py"
    with guard.command(Home.open()):
        if not script.is_file():
            raise RefusedError("The benchmarks are not here: they come with the source of Trustdesk.")
        if users is not None and not users.is_file():
            raise RefusedError(f"{users} is not there.")
        numbers = ["--runs", str(runs), "--rows", str(rows), "--peer-rows", str(peer_rows)]
        command = [sys.executable, str(script), *([str(users.resolve())] if users else []), *numbers]
        done = subprocess.run(command, check=False, cwd=ROOT)  # noqa: S603 - our own script and interpreter
    raise SystemExit(done.returncode)
