"""`registry robustness`, `importance` and `learning-curve`, run for real on a small home."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.commands.diagnostics import _aligned
from tests import make
from tests.make import SCHEMA


@pytest.fixture(autouse=True)
def _hook(monkeypatch):
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def invoked(home, *arguments):
    return CliRunner().invoke(app, ["--home", str(home.settings.home), "registry", *map(str, arguments)])


@pytest.fixture
def on(tmp_path):
    path = tmp_path / "on.csv"
    path.write_bytes(make.csv(make.users(400, seed=3)))
    return path


def test_robustness_says_the_finding_then_a_line_for_each_disturbance(own, on):
    told = invoked(own, "robustness", "v0001", "--on", on)
    assert told.exit_code == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0].startswith("With 10\u202f% of the values missing v0001")
    assert lines[1].startswith("No value of 3 of 4 features was missing when v0001 learnt")
    assert lines[2].startswith("on.csv: 400 users")
    assert sum(line.startswith("without ") for line in lines) == len(SCHEMA.names)
    assert [line for line in lines if line.startswith("50% a little off")]


def test_importance_as_json_counts_only_users_it_has_not_learnt_from(own, tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(make.csv(make.users(1500)))
    told = invoked(own, "importance", "v0001", "--on", path, "--json")
    assert told.exit_code == 0, told.stderr
    facts = json.loads(told.stdout)
    assert facts["n"] == make.in_test(own, make.users(1500)).sum()
    assert {each["features"][0] for each in facts["features"]} == set(SCHEMA.names)
    assert facts["sentence"].startswith("v0001 needs links most")


@pytest.mark.slow
def test_the_learning_curve_ends_with_all_users(own, on):
    told = invoked(own, "learning-curve", "--on", on, "--json")
    assert told.exit_code == 0, told.stderr
    facts = json.loads(told.stdout)
    assert facts["points"][-1]["n"] + facts["n"] == 400
    assert facts["left_out"] == [0.05, 0.1, 0.25]


def test_what_cannot_be_looked_at_is_said(own, on, tmp_path):
    alike = tmp_path / "alike.csv"
    alike.write_bytes(make.csv(make.users(60, seed=4).assign(spam=0)))
    for arguments, said in {
        ("robustness", "v0009", "--on", on): "There is no model v0009",
        ("importance", "v0001", "--on", alike): "has 0 positive and 60 negative labels",
        ("learning-curve", "--on", alike): "positive",
    }.items():
        found = invoked(own, *arguments)
        assert (found.exit_code, found.stdout) == (2, "")
        assert said in found.stderr


def test_figures_begin_in_one_place_however_long_a_name_is():
    names = ["links", "share of new contacts among all contacts"]

    lines = _aligned([(name, "lost 0.1") for name in names])

    assert {line.index("lost") for line in lines} == {len(names[1]) + 2}
