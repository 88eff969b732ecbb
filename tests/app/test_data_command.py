"""`data` at a terminal: nothing goes without a yes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make
from tests.core.review import reviewing


def invoked(home: Home, *command: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), "data", *command])


def test_a_dataset_is_listed_noted_taken_away_and_deleted(own: Home, tmp_path: Path) -> None:
    frame = make.users(30, seed=3).drop(columns="spam")
    run = reviewing.scored(own, frame)
    short = run.dataset[:12]
    assert invoked(own, "note", short, "From the market", "--by", "Lea").exit_code == 0
    told = {each["id"]: each for each in json.loads(invoked(own, "list", "--json").stdout)}
    assert (told[run.dataset]["note"], told[run.dataset]["accepted"]) == ("From the market", 30)
    assert any(short in line and "From the market" in line for line in invoked(own, "list").stdout.splitlines())

    out = tmp_path / "rows.csv"
    assert invoked(own, "export", short, "-o", str(out)).exit_code == 0
    assert pd.read_csv(out)["user"].tolist() == frame["user"].tolist()
    assert invoked(own, "export", short, "-o", str(out)).exit_code == 2, "it may be anybody's"

    asked = invoked(own, "delete", short)
    assert asked.exit_code == 4
    assert "Nothing was deleted" in asked.stderr
    assert own.runs.find(run.id) == run
    assert invoked(own, "delete", short, "--yes", "--by", "Lea").exit_code == 0
    assert run.dataset not in invoked(own, "list", "--json").stdout


def test_who_brought_a_file_is_told(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "lea")
    for number, by in enumerate((["--by", "Ada"], [])):
        path = tmp_path / f"users{number}.csv"
        path.write_bytes(make.csv(make.users(30, seed=number).drop(columns="spam")))
        command = ["--home", str(own.settings.home), "score", str(path), "-o", str(tmp_path / f"{number}.csv"), *by]
        assert CliRunner().invoke(app, command).exit_code == 0
    told = {each["name"]: each for each in json.loads(invoked(own, "list", "--json").stdout)}
    assert [told[name]["by"] for name in ("users0.csv", "users1.csv", "train.csv")] == ["Ada", "lea", None]
    lines = {line.split("\t")[6]: line.split("\t")[2] for line in invoked(own, "list").stdout.splitlines()}
    assert lines == {"users0.csv": "Ada", "users1.csv": "lea", "train.csv": "not known"}
    assert "\tAda\t" in invoked(own, "show", told["users0.csv"]["id"][:9]).stdout


def test_retention_keeps_what_versions_learnt_from(own: Home) -> None:
    done = invoked(own, "prune", "--older-than", "0", "--yes")
    assert done.exit_code == 0
    assert "There is none." in done.stderr
    (kept,) = json.loads(invoked(own, "list", "--json").stdout)
    refused = invoked(own, "delete", kept["id"], "--yes")
    assert refused.exit_code != 0
    assert "learnt from it" in refused.stderr
    assert "learnt from it" in invoked(own, "show", kept["id"][:6]).stdout
    assert invoked(own, "prune", "--older-than", "1e12").exit_code == 2


def test_a_run_is_named_marked_as_a_test_and_deleted(own: Home) -> None:
    run = reviewing.scored(own, make.users(30, seed=3).drop(columns="spam"))
    assert invoked(own, "runs", "change", run.id, "--by", "Lea").exit_code == 2
    told = invoked(own, "runs", "change", run.id, "--name", "Market", "--note", "a trial", "--test", "--by", "Lea")
    assert (told.exit_code, told.stderr) == (0, "r-0001, Market, a test: a trial\n")
    (known,) = json.loads(invoked(own, "runs", "list", "--json").stdout)
    assert (known["id"], known["name"], known["test"], known["note"]) == (run.id, "Market", True, "a trial")
    assert invoked(own, "runs", "list").stdout.endswith("\tMarket\ttest\ta trial\n")

    asked = invoked(own, "runs", "delete", run.id)
    assert asked.exit_code == 4
    assert "Nothing was deleted" in asked.stderr
    assert invoked(own, "runs", "delete", run.id, "--yes", "--by", "Lea").exit_code == 0
    assert own.runs.recent() == ()
    assert invoked(own, "runs", "delete", run.id, "--yes").exit_code == 2
