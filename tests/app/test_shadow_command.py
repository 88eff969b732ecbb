"""`shadow`: who the challenger is, and how it does beside the live model."""

from __future__ import annotations

from datetime import UTC, datetime

from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.schema import schema as schemas
from tests import make


def invoked(*arguments: str, home: Home) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home.settings.home)])


def test_a_challenger_is_appointed_scores_on_the_next_look_and_is_reported(own: Home) -> None:
    assert "Nobody is in the shadow" in invoked("shadow", home=own).stderr
    schema, dataset = schemas.load(own.settings.schema_file), own.datasets.stored()[0]
    own.training.learn(dataset, schema, make.policy().thresholds, now=make.NOW, seed=1)
    assert invoked("shadow", "v0002", "--by", "Ada", home=own).stderr == "v0002 is in the shadow.\n"
    model = own.registry.load()
    own.file_scoring.score_file("u.csv", make.csv(make.users(60)), schema, model, make.policy(), now=datetime.now(UTC))

    assert "The challenger has scored r-0001 too." in invoked("watch", "--once", home=own).stderr
    assert invoked("shadow", home=own).stdout.startswith("v0002 agrees on the band of")
    assert invoked("shadow", "v0001", "--by", "Ada", home=own).exit_code == 4
    assert invoked("shadow", "--nobody", "--by", "Ada", home=own).stderr == "Nobody is in the shadow.\n"
    assert invoked("shadow", home=own).stdout == ""
