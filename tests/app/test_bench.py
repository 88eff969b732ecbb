"""The comparison with other engines runs, and what it compares gives the same."""

from __future__ import annotations

from typer.testing import CliRunner

from app.cli import app
from benchmarks import score
from core.home import Home
from core.scoring.scorer import Scorer
from tests import make


def test_engines_are_measured_on_the_same_rows_and_explain_alike(own: Home) -> None:
    model = own.registry.load()
    found = score.measured(model, Scorer(model).matrix(make.users(60)), runs=2, peer_rows=30)

    assert len({engine.name for engine in found}) == len(found) >= 6
    assert all(len(engine.micros) == 2 for engine in found)
    assert [engine.difference < 1e-4 for engine in found if engine.explains] == [True] * 3


def test_a_file_that_is_not_there_is_said(own: Home) -> None:
    refused = CliRunner().invoke(app, ["bench", "nowhere.csv"])
    assert (refused.exit_code, refused.stderr) == (4, "nowhere.csv is not there.\n")
