"""Two real sets, unchanged, each in an empty home of its own: whether this works on a stranger's columns."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.schema import schema as schemas

#: File, label, and the ROC-AUC that every fourth row, held out, must reach.
SETS = [
    ("twitter_spammers", "is_spammer", 0.96), pytest.param("spambase", "is_spam", 0.975, marks=pytest.mark.slow),
]  # fmt: skip


def run(home: Path, *arguments: object) -> str:
    found = CliRunner().invoke(app, ["--home", str(home), *map(str, arguments)])
    assert found.exit_code == 0, found.stderr
    return found.stdout


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def learnt(path: Path, label: str, home: Path, *, held: int = 0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Schema, train, evaluate and score, with every fourth row from `held` held out: these rows and the figures."""
    lines = pd.read_csv(path, dtype="str", keep_default_na=False)
    out = np.arange(len(lines)) % 4 == held
    home.mkdir()
    lines[~out].to_csv(home / "rest.csv", index=False)
    lines[out].to_csv(home / "held.csv", index=False)
    run(home, "schema", home / "rest.csv", "--label", label)
    run(home, "train", home / "rest.csv", "--promote")
    figures = json.loads(run(home, "evaluate", home / "held.csv", "--json"))
    run(home, "score", home / "held.csv", "-o", home / "scored.csv", "--reasons", "all")
    return lines[out], figures


@pytest.mark.parametrize(("name", "label", "wanted"), SETS)
def test_every_fourth_row_of_a_real_set_is_ranked_well(
    name: str, label: str, wanted: float, shared: Path, tmp_path: Path
) -> None:
    held, figures = learnt(shared / "data" / "real" / f"{name}.csv.gz", label, tmp_path / "home")
    assert figures["n"] == len(held)
    assert figures["roc_auc"]["value"] >= wanted
    scored = pd.read_csv(tmp_path / "home" / "scored.csv", keep_default_na=False)
    assert scored["row_number"].tolist() == list(range(1, len(held) + 1))
    positive = held[label].to_numpy() == "1"
    assert scored["score"][positive].mean() > 0.8
    assert scored["score"][~positive].mean() < 0.2
    assert (scored["reason_1"][positive & (scored["score"] > 0.5)] != "").all()


@pytest.mark.parametrize(("name", "label", "wanted"), [SETS[0], pytest.param(*SETS[1], marks=pytest.mark.slow)])
def test_a_whole_real_set_is_learnt_from_as_it_is(
    name: str, label: str, wanted: float, shared: Path, tmp_path: Path
) -> None:
    path, home = shared / "data" / "real" / f"{name}.csv.gz", Home.open(tmp_path)
    run(tmp_path, "schema", path, "--label", label)
    schema = schemas.load(home.settings.schema_file)
    header = pd.read_csv(path, nrows=0).columns.tolist()
    assert schema.label
    assert (schema.id, schema.label.column, schema.context) == (None, label, ())
    assert list(schema.names) == [column for column in header if column != label]

    trained = json.loads(run(tmp_path, "train", path, "--promote", "--json"))
    assert trained["roc_auc"]["high"] >= wanted
    judged = json.loads(run(tmp_path, "evaluate", path, "--json"))
    assert judged["only_test_part"]
    assert judged["roc_auc"]["value"] == trained["roc_auc"]["value"]
    assert home.registry.load().metadata.data.rows == len(pd.read_csv(path))


@pytest.mark.slow
@pytest.mark.parametrize("held", [1, 2, 3])
@pytest.mark.parametrize(("name", "label", "wanted"), SETS)
def test_it_does_not_depend_on_which_rows_are_held_out(
    name: str, label: str, wanted: float, held: int, shared: Path, tmp_path: Path
) -> None:
    _, figures = learnt(shared / "data" / "real" / f"{name}.csv.gz", label, tmp_path / "home", held=held)
    assert figures["roc_auc"]["value"] >= wanted
