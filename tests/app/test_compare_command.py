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


def test_the_cost_per_user_counts_what_is_asked_for_and_says_so(two, on):
    usual, dear = (
        json.loads(invoked(two, "v0001", "v0002", "--on", on, "--json", *asked).stdout)
        for asked in ((), ("--cost-review", "2", "--cost-miss", "30"))
    )
    assert usual["costs"] == {"missed": 1.5, "false_alarm": 1.0, "caught": 1.0}
    assert dear["costs"] == {"missed": 30.0, "false_alarm": 2.0, "caught": 2.0}
    for told in (usual, dear):
        at = {name: each["value"] for name, each in told["figures"]["v0002"]["thresholds"]["human_review"].items()
              if name != "above"}  # fmt: skip
        caught = at["recall"] * told["positives"]
        reviews, missed = caught / at["precision"], told["positives"] - caught
        expected = told["costs"]["caught"] * reviews + told["costs"]["missed"] * missed
        assert at["cost"] == pytest.approx(expected / told["n"])
    said = invoked(two, "v0001", "v0002", "--on", on, "--cost-miss", "30").stdout
    assert "Cost per user: 30 for a missed spammer, 1 for a legitimate user flagged, 1 for a spammer flagged.\n" in said


@pytest.mark.parametrize("cost", ["nan", "inf", "-1"])
@pytest.mark.parametrize("option", ["--cost-miss", "--cost-review"])
def test_a_cost_that_is_no_number_is_refused(two, on, option, cost):
    told = invoked(two, "v0001", "v0002", "--on", on, option, cost)
    assert (told.exit_code, told.stdout) == (2, "")
    assert f"{option}: give a finite number" in told.stderr


def test_two_versions_are_compared_on_users_neither_learnt_from(two, on):
    told = invoked(two, "v0001", "v0002", "--on", on)
    assert told.exit_code == 0, told.stderr
    assert "PR-AUC" in told.stdout.splitlines()[0]
    ranking, calibration, decisions, rows = told.stdout.splitlines()[:4]
    assert "on average" in calibration or "times too" in calibration
    assert decisions.startswith("With ")
    assert rows.startswith("on.csv: 1,200 users")
    facts = json.loads(invoked(two, "v0001", "v0002", "--on", on, "--json").stdout)
    assert facts["sentence"] == facts["lead"]["ranking"] == ranking
    assert [facts["lead"]["calibration"], facts["lead"]["decisions"]["sentence"]] == [calibration, decisions]
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
    assert facts["sentence"].startswith("No evidence of a difference in PR-AUC between theirs.csv and v0002: 0.000")
    copy = tmp_path / "copy.csv"
    copy.write_bytes(theirs.read_bytes())
    assert "No evidence" in invoked(two, theirs, copy).stdout


def test_a_contender_is_named_after_its_file_and_two_of_one_name_are_numbered(two, tmp_path):
    files = []
    for folder, best in (("mine", 0.9), ("theirs", 0.8)):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "out.csv")
        files[-1].write_text(f"id,y_true,y_proba\nx,0,0.1\ny,1,{best}\n")
    found = invoked(two, *files, "--json")
    facts = json.loads(found.stdout)
    assert (facts["a"], facts["b"]) == ("out.csv", "out.csv (2)")
    assert str(tmp_path) not in found.stdout
    files[1].write_text("id,y_true,y_proba\nx,0,?\ny,1,0.2\n")
    assert f"{files[1]}: line 2 has y_proba" in invoked(two, *files).stderr


@pytest.mark.parametrize("kind", ["y_score", "y_proba", "y_pred"])
def test_predictions_without_probabilities_are_compared_on_what_they_allow(two, on, tmp_path, kind):
    users = make.users(1200, seed=3)
    score = Scorer(two.registry.load("v0002")).score(users).probability
    said = (score > 0.5).astype(int) if kind == "y_pred" else 40 * score - 20
    theirs = tmp_path / "theirs.csv"
    pd.DataFrame({"id": users["user"], "y_true": users["spam"], kind: said}).to_csv(theirs, index=False)
    told = invoked(two, "v0001", theirs, "--on", on)
    assert told.exit_code == 0, told.stderr
    facts = json.loads(invoked(two, "v0001", theirs, "--on", on, "--json").stdout)
    decisions = facts["lead"]["decisions"]
    assert decisions["a"]["flagged"] == decisions["b"]["flagged"] > 0
    assert list(facts["lead"]["calibrations"]) == ["v0001"]
    assert any("are left out" in line for line in told.stdout.splitlines())
    assert not any(word in told.stdout for word in ("above human_review", "Brier score between", "by McNemar"))
    assert ("PR-AUC" in told.stdout.splitlines()[0]) == (kind != "y_pred")
    assert ("y_proba is not from 0 to 1" in told.stdout) == (kind == "y_proba")
    if kind == "y_pred":
        assert decisions["b"]["flagged"] == said.sum()
        assert decisions["b"]["precision"]["value"] == pytest.approx(users["spam"][said == 1].mean())


def test_probabilities_that_run_too_high_lead_the_answer_and_no_threshold_contradicts_it(two, on, tmp_path):
    users = make.users(1200, seed=3)
    score = Scorer(two.registry.load("v0002")).score(users).probability
    high = tmp_path / "high.csv"
    pd.DataFrame({"id": users["user"], "y_true": users["spam"], "y_proba": score**0.2}).to_csv(high, index=False)
    told = invoked(two, "v0002", high, "--on", on).stdout.splitlines()
    times = (score**0.2).mean() / users["spam"].mean()
    assert f"high.csv's probabilities run {times:.1f} times too high" in told[1]
    assert "no evidence of a difference" in told[2]
    assert any("these are two different cuts" in line for line in told)
    assert not any(" is better than " in line and " above " in line for line in told)


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
