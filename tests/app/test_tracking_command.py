"""`tracking`, and what other commands say of it: what waits, and that the server is away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home


def run(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home.settings.home)])


def test_tracking_says_what_waits_and_that_the_server_is_away(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    unset = run(own, "tracking", "status")
    assert (unset.exit_code, "MLFLOW_TRACKING_URI" in unset.stdout) == (0, True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = run(own, "tracking", "push")
    assert (away.exit_code, "127.0.0.1:1 cannot be reached" in away.stderr) == (2, True)
    told = json.loads(run(own, "tracking", "status", "--json").stdout)
    assert (told["server"], told["champion_waits"]) == ("127.0.0.1:1", True)
    assert "cannot be reached" in told["failure"]


def test_a_server_that_has_all_is_named(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address := (tmp_path / "mlflow").as_uri())
    assert run(own, "tracking", "push").exit_code == 0
    assert run(own, "tracking", "status").stdout == f"MLflow at {address} has all training runs.\n"
    told = json.loads(run(own, "tracking", "status", "--json").stdout)
    assert told == {"server": address, "waiting": [], "champion_waits": False, "failure": None}


def test_a_command_says_what_waits_and_goes_on(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ada:hunter2@mlflow.example")
    told = run(own, "registry", "list")
    assert told.exit_code == 0
    assert "MLFLOW_TRACKING_PASSWORD" in told.stderr
    assert "hunter2" not in told.stderr + told.stdout
