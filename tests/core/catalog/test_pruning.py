"""What is past its period is told with its size, deleted when asked, and what something depends on stays."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from app.cli import app
from core.errors import BadOptionError
from core.home import Home
from core.review.verdicts import Given
from tests import make
from tests.make import NOW, SCHEMA

ALL = "datasets_days = 30\nruns_days = 30\ncases_days = 30\npredictions_days = 30\njobs_days = 30\nlogs_days = 30\n"


@pytest.fixture
def old(own: Home) -> Home:
    """A home with a run that nothing depends on, one with a decided case, and others' predictions, jobs and logs."""
    model = own.registry.load()
    for seed, days in ((41, 100), (42, 100), (43, 1)):
        users = make.csv(make.users(20, seed=seed).drop(columns="spam"))
        at = NOW - timedelta(days=days)
        own.file_scoring.score_file(f"{seed}.csv", users, SCHEMA, model, make.policy(), now=at)
    own.sending.send("r-0002", [5], by="Ann", now=NOW - timedelta(days=90))
    case = own.queue.claim("Ann", now=NOW - timedelta(days=90), session="s")
    assert case
    own.verdicts.judge(case.id, Given("v1", "spammer"), by="Ann", session="s", now=NOW - timedelta(days=90))
    given = make.csv(
        make.users(60).assign(y_true=lambda frame: frame["spam"], y_proba=0.5, id=lambda frame: frame["user"])
    )
    own.prediction_files.put("theirs.csv", given, now=NOW - timedelta(days=90))
    own.settings.log.parent.mkdir(parents=True, exist_ok=True)
    for name in ("trustdesk.log", "trustdesk.log.1"):
        path = own.settings.log.parent / name
        path.write_text("old\n", encoding="utf-8")
        os.utime(path, (0, 0))
    own.settings.options_file.write_text(f"[retention]\n{ALL}", encoding="utf-8")
    return own


def test_what_is_past_its_period_is_told_first_then_gone_and_all_else_is_whole(old: Home) -> None:
    told = [str(each).rpartition(",")[0] for each in old.pruning.due(by="Lea", now=NOW)]
    dataset = old.runs.find("r-0001").dataset
    assert told[:4] == [
        f"dataset {dataset[:12]} r-0001", "context and features of 1 decided case", "predictions theirs.csv",
        "log trustdesk.log.1",
    ]  # fmt: skip
    assert old.runs.find("r-0001")

    words = ["prune", "--by", "Lea", "--home", str(old.settings.home)]
    waits = CliRunner().invoke(app, words)
    assert (waits.exit_code, "Nothing was deleted: give --yes." in waits.stderr) == (4, True)
    assert [run.id for run in old.runs.recent()] == ["r-0003", "r-0002", "r-0001"]
    due = old.pruning.due(by="Lea", now=NOW)
    assert old.pruning.prune(due, by="Lea", now=NOW) >= 0

    assert [run.id for run in old.runs.recent()] == ["r-0003", "r-0002"]
    assert dataset not in [each.id for each in old.datasets.stored()]
    found = old.cases.find("c-000001")
    assert (found.features, found.context, found.judgement) == ({}, {}, "spammer")
    assert old.prediction_files.listed() == ()
    assert [path.name for path in old.settings.log.parent.iterdir()] == ["trustdesk.log"]
    assert Home.open(old.settings.home).proof.check(whole=True).findings == ()
    assert old.pruning.due(by="Lea", now=NOW) == ()
    assert old.audit.read()["what"].tolist()[:2] == ["delete data", "prune"]


def test_a_database_that_has_lost_rows_shrinks(old: Home) -> None:
    with old.database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE much AS SELECT randomblob(500000) AS filler")
    with old.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE much")
    old.database.settle()
    assert old.database.free() > 400_000
    due = tuple(each for each in old.pruning.due(by="Lea", now=NOW) if each.name == "data/state.db")
    assert old.pruning.prune(due, by="Lea", now=NOW) > 400_000
    assert old.database.free() == 0


@pytest.mark.parametrize("line", ["datasets_days = 0", 'jobs_days = "a"', "logs_days = true", "texts_days = 3"])
def test_a_period_that_cannot_be_is_refused(line: str, own: Home) -> None:
    own.settings.options_file.write_text(f"[retention]\n{line}\n", encoding="utf-8")
    with pytest.raises(BadOptionError):
        own.pruning.due(by="Lea", now=NOW)


def test_without_a_period_everything_stays(own: Home) -> None:
    result = CliRunner().invoke(app, ["prune", "--yes", "--home", str(own.settings.home)])
    assert (result.exit_code, "No period is set" in result.stderr) == (4, True)
