"""A run beside what its model was trained on: the same columns, real types, what is missing null."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from app.cli import app
from core.errors import RefusedError, UnknownItemError
from core.home import Home
from core.registry import baseline
from tests import make, make_messages

USERS = make.users(80, seed=4)


def scored(home: Home, frame: pd.DataFrame, folder: Path) -> str:
    (folder / "users.csv").write_bytes(make.csv(frame))
    done = CliRunner().invoke(
        app,
        ["--home", str(home.settings.home), "score", str(folder / "users.csv"), "-o", str(folder / "scored.parquet")],
    )
    assert done.exit_code == 0, done.stderr
    return home.runs.recent(1)[0].id


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def test_both_tables_have_the_same_typed_columns_and_what_is_known(own: Home, tmp_path: Path) -> None:
    run = scored(own, USERS, tmp_path)
    out = tmp_path / "reference"
    done = CliRunner().invoke(app, ["--home", str(own.settings.home), "data", "runs", "reference", run, "-o", str(out)])
    assert done.exit_code == 0, done.stderr
    assert "80 of r-0001" in done.stderr
    before, now = (pq.read_table(out / f"{name}.parquet") for name in ("baseline", "current"))
    assert before.schema == now.schema
    assert dict(zip(now.schema.names, now.schema.types, strict=True)) == {
        "links": pa.int64(), "verified": pa.int64(), "tier": pa.int64(), "ratio": pa.float64(),
        "constant": pa.int64(), "prediction": pa.float64(), "target": pa.int8(), "user_id": pa.string(),
        "prediction_id": pa.string(), "timestamp": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    frame = now.to_pandas()
    assert frame["user_id"].tolist() == USERS["user"].tolist()
    assert frame["links"].tolist() == USERS["links"].tolist()
    assert now["ratio"].null_count == USERS["ratio"].isna().sum() > 0
    np.testing.assert_array_equal(frame["ratio"], USERS["ratio"].astype(np.float32).astype(float))
    assert frame["target"].tolist() == USERS["spam"].tolist()
    assert frame["prediction"].tolist() == pd.read_parquet(tmp_path / "scored.parquet")["score"].tolist()
    sample = own.registry.load().baseline().sample
    assert before["user_id"].null_count == len(before) == len(sample)
    np.testing.assert_array_equal(before["target"].to_numpy(), sample["label"].to_numpy())
    roles = json.loads((out / "roles.json").read_text(encoding="utf-8"))
    assert roles["categorical"] == ["verified", "tier"]
    assert roles["numerical"] == ["links", "ratio", "constant"]
    assert (roles["id"], roles["target"], roles["prediction"]) == ("user_id", "target", "prediction")
    again = CliRunner().invoke(
        app, ["--home", str(own.settings.home), "data", "runs", "reference", run, "-o", str(out)]
    )
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


def test_a_verdict_that_stands_says_what_a_user_is(own: Home, tmp_path: Path) -> None:
    run = scored(own, USERS.drop(columns="spam"), tmp_path)
    lines = f"prediction_id,actual_label\n{run}-1,1\n{run}-2,0\n"
    (tmp_path / "verdicts.csv").write_text(lines, encoding="utf-8")
    words = ["feedback", "import", str(tmp_path / "verdicts.csv")]
    imported = CliRunner().invoke(app, ["--home", str(own.settings.home), *words])
    assert imported.exit_code == 0, imported.stderr
    done = own.references.write(run, tmp_path / "reference", label="spam")
    assert (done.current, done.known) == (80, 2)
    target = pq.read_table(tmp_path / "reference" / "current.parquet")["target"].to_pylist()
    assert target[:3] == [1, 0, None]


def test_words_are_words_and_texts_stay_here(kinds: Home, tmp_path: Path) -> None:
    run = scored(kinds, make_messages.messages(30, seed=5), tmp_path)
    kinds.references.write(run, tmp_path / "reference", label=None)
    for name in ("baseline", "current"):
        table = pq.read_table(tmp_path / "reference" / f"{name}.parquet")
        texts = {cell for column in table.columns if pa.types.is_string(column.type) for cell in column.to_pylist()}
        assert not any(len(cell or "") > 40 for cell in texts)


def test_a_version_without_its_users_and_a_run_that_is_not_there_are_told(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownItemError):
        own.references.write("r-0007", tmp_path / "reference", label=None)
    run = scored(own, USERS, tmp_path)
    model = own.registry.load()
    bare = baseline.without_rows(model.baseline())
    monkeypatch.setattr(type(model), "baseline", lambda _: bare)
    with pytest.raises(RefusedError, match="came without the users"):
        own.references.write(run, tmp_path / "reference", label=None)
    assert not (tmp_path / "reference").exists()
