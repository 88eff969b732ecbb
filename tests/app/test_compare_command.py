"""`registry compare`: versions and predictions from outside, run for real on a small home."""

from __future__ import annotations

import json
import shutil
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from core.data import intake
from core.home import Home
from core.scoring.scorer import Scorer
from tests import make
from tests.make import NOW, SCHEMA


@pytest.fixture(autouse=True)
def _hook(monkeypatch):
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def invoked(home, *arguments):
    return CliRunner().invoke(app, ["--home", str(home.settings.home), "registry", "compare", *map(str, arguments)])


@pytest.fixture(scope="module")
def others(trained, tmp_path_factory):
    """The trained home with a second version, of other users."""
    own = make.copied(trained, tmp_path_factory.mktemp("others"))
    checked = intake.read("second.csv", make.csv(make.users(1500, seed=1)), SCHEMA, need_label=True)
    dataset = own.datasets.put(checked, SCHEMA, now=NOW, need_label=True)
    own.training.learn(dataset, SCHEMA, make.policy().thresholds, now=NOW, seed=1)
    return own


@pytest.fixture
def two(others, tmp_path):
    """A copy of it for one test."""
    shutil.copytree(others.settings.home, tmp_path, dirs_exist_ok=True)
    return Home.open(tmp_path)


@pytest.fixture
def on(tmp_path):
    path = tmp_path / "on.csv"
    path.write_bytes(make.csv(make.users(1200, seed=3)))
    return path


def test_two_versions_are_compared_on_users_neither_learnt_from(two, on):
    told = invoked(two, "v0001", "v0002", "--on", on)
    assert told.exit_code == 0, told.stderr
    assert "PR-AUC" in told.stdout.splitlines()[0]
    assert told.stdout.splitlines()[1].startswith("on.csv: 1,200 users")
    facts = json.loads(invoked(two, "v0001", "v0002", "--on", on, "--json").stdout)
    assert facts["sentence"] == told.stdout.splitlines()[0]
    assert (facts["a"], facts["b"], facts["n"]) == ("v0001", "v0002", 1200)


def test_the_file_a_version_learnt_from_counts_only_with_its_test_part(two, tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(make.csv(make.users(1500)))
    facts = json.loads(invoked(two, "v0001", "v0002", "--on", path, "--json").stdout)
    assert facts["n"] == make.in_test(two, make.users(1500)).sum()


def test_predictions_from_outside_meet_a_version_and_each_other(two, on, tmp_path):
    users = make.users(1200, seed=3)
    score = Scorer(two.registry.load("v0002")).score(users).probability
    theirs = tmp_path / "theirs.csv"
    pd.DataFrame({"id": users["user"], "y_true": users["spam"], "y_proba": score}).to_csv(theirs, index=False)
    facts = json.loads(invoked(two, theirs, "v0002", "--on", on, "--json").stdout)
    assert facts["sentence"].startswith(f"No evidence of a difference in PR-AUC between {theirs} and v0002: .000")
    copy = tmp_path / "copy.csv"
    copy.write_bytes(theirs.read_bytes())
    assert "No evidence" in invoked(two, theirs, copy).stdout


def test_what_cannot_be_compared_is_said(two, on, tmp_path):
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("id,y_true,y_proba\nx,0,0.1\ny,1,0.2\n")
    for arguments, said in {
        ("v0001", "v0002"): "give labelled users",
        ("v0001", "v0001", "--on", on): "different names",
        ("v0001", "v0009", "--on", on): "There is no model v0009",
        (theirs, "v0001", "--on", on): "lacks 1,200 ids",
        (tmp_path / "none.csv", theirs): "there is no such file",
    }.items():
        found = invoked(two, *arguments)
        assert (found.exit_code, found.stdout) == (2, "")
        assert said in found.stderr


def test_a_training_run_is_compared_on_the_test_part_of_its_own_file(two, tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(make.csv(make.users(1500)))
    trained = CliRunner().invoke(
        app, ["--home", str(two.settings.home), "train", str(path), "--family", "logistic_regression", "--by", "Ada"]
    )
    assert trained.exit_code == 0, trained.stderr
    run = two.training_runs.listed()[0]

    facts = json.loads(invoked(two, "v0001", run.id, "--on", path, "--json").stdout)

    assert (facts["a"], facts["b"], facts["n"]) == ("v0001", run.id, run.data.tested_on)
    assert facts["figures"][run.id]["pr_auc"]["value"] == pytest.approx(run.figures.overall["pr_auc"].value)


def test_a_training_run_on_other_users_is_told_where_it_can_be_compared(two, on):
    run = two.training_runs.listed()[0]
    told = invoked(two, "v0001", run.id, "--on", on)
    assert told.exit_code == 2
    assert f"only its scores of the test part of {run.data.name} are kept" in told.stderr
