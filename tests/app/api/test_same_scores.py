"""The API, the command line and the dashboard score the same users alike, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.components.score_user import user_result
from app.components.score_user.user_result import scored
from core.data import intake
from core.home import Home
from core.schema.glossary import Glossary
from tests import make
from tests.app.api.server import serving

USERS = 1_000


def test_1000_users_have_the_same_scores_everywhere(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(USERS, seed=11)))
    frame = intake.read("users.csv", users, make.SCHEMA).frame
    model = own.registry.load()
    names = list(model.metadata.names)

    done = CliRunner().invoke(
        app, ["score", str(users), "-o", str(tmp_path / "out.parquet"), "--home", str(own.settings.home),
              "--reasons", "none"]
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    of_command_line = pq.read_table(tmp_path / "out.parquet")["score"].to_pylist()

    # What the page "Score a file" does, and then "Score a user" for each of them.
    run = own.file_scoring.score_file("users.csv", users, make.SCHEMA, model, make.policy(), now=make.NOW).run
    of_dashboard = own.runs.scores(run.id)["probability"].tolist()
    monkeypatch.setattr(user_result.services, "meanings", lambda: Glossary({}))
    one_by_one = [scored(model, frame.loc[row, names].astype(float)) for row in frame.index[:100]]

    sent = [
        {"features": {name: None if pd.isna(value) else float(value) for name, value in row.items()}}
        for row in frame[names].to_dict("records")
    ]
    with serving(own) as api:
        batch = api.post("/predict/batch", {"users": sent, "reasons": "none"}).json["predictions"]
        single = [api.post("/predict", user | {"reasons": "all", "top": 20}).json for user in sent[:100]]

    of_api = [each["probability"] for each in batch]
    assert of_api == of_command_line == of_dashboard
    assert [each["probability"] for each in single] == of_api[:100]
    assert [each.probability for each in one_by_one] == of_api[:100]
    assert [[(factor["feature"], factor["contribution"]) for factor in each["risk_factors"]] for each in single] == [
        [(reason.feature, reason.contribution) for reason in each.reasons if reason.contribution > 0]
        for each in one_by_one
    ]
