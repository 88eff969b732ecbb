"""`train` with a family, weights and a search: what it keeps, says and refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def train(own: Home, folder: Path, *arguments: object) -> Result:
    path = folder / "labelled.csv"
    path.write_bytes(make.csv(make.users(800, seed=4)))
    return CliRunner().invoke(app, ["train", str(path), *map(str, arguments), "--home", str(own.settings.home)])


def test_another_family_is_kept_to_compare_and_is_no_version(own: Home, tmp_path: Path) -> None:
    found = train(own, tmp_path, "--family", "logistic_regression", "--class-weight", "Balanced", "--hard-negatives",
                  "--search-trials", 2, "--json")  # fmt: skip
    assert found.exit_code == 0, found.stderr
    kept = own.training_runs.listed()[0]
    told = json.loads(found.stdout)
    assert (told["candidate"], told["model_version"]) == (kept.id, None)
    assert told["pr_auc"]["value"] == kept.figures.overall["pr_auc"].value
    assert (kept.family, kept.options["class_weight"], kept.options["hard_negatives"]) == (
        "logistic_regression", "balanced", True,
    )  # fmt: skip
    assert f"Kept as {kept.id}, to compare: Logistic regression cannot be promoted." in found.stderr
    assert "2 in all: C " in found.stderr
    assert kept.validation is not None
    assert kept.without is not None
    assert f"PR-AUC {kept.validation.pr_auc:.4f} with these weights, {kept.without.pr_auc:.4f} without" in found.stderr
    assert own.registry.versions() == ("v0001",)


def test_the_leading_family_is_a_version_and_kept_too(own: Home, tmp_path: Path) -> None:
    found = train(own, tmp_path, "--json")
    assert found.exit_code == 0, found.stderr
    kept = own.training_runs.listed()[0]
    assert (json.loads(found.stdout)["model_version"], kept.version) == ("v0002", "v0002")
    assert own.registry.describe("v0002").rounds == kept.rounds


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--family", "random_forest", "--promote"), 4, "Random forest cannot be promoted: only XGBoost can."),
        (("--family", "forest"), 2, "there is no forest"),
        (("--class-weight", "-3"), 2, "a weight is above 0"),
        (("--class-weight", "heavy"), 2, "give natural, balanced or a number"),
        (("--search-trials", 10_000), 2, "choose from 0 to 500"),
        (("--search-minutes", 10_000), 2, "choose from 0 to 240"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_learnt(
    own: Home, tmp_path: Path, arguments: tuple[object, ...], code: int, words: str
) -> None:
    found = train(own, tmp_path, *arguments)
    assert (found.exit_code, own.training_runs.listed()) == (code, ())
    assert words in found.stderr


def leaky(own: Home, folder: Path, *arguments: str) -> Result:
    """Trained on users of whom a feature is made from the label."""
    path = folder / "leaky.csv"
    users = make.users(800, seed=4)
    path.write_bytes(make.csv(users.assign(tier=users["spam"] * 3 + 1)))
    return CliRunner().invoke(app, ["train", str(path), *arguments, "--home", str(own.settings.home)])


def test_a_leak_stops_the_promotion_and_keeps_the_version_unless_anyway(own: Home, tmp_path: Path) -> None:
    stopped = leaky(own, tmp_path, "--promote", "--json")
    assert stopped.exit_code == 4
    assert "v0002 is kept and not promoted: something gives the label away." in stopped.stderr
    assert own.registry.champion() == "v0001"
    kept = own.training_runs.listed()[0]
    assert kept.version == "v0002"
    found = json.loads(stopped.stdout)["cautions"]
    assert [each["kind"] for each in found if each["sentence"].startswith("1 feature may give the label away (tier)")]
    assert [each.as_json() for each in kept.cautions or ()] == found
    assert own.registry.describe("v0002").cautions == kept.cautions
    shown = CliRunner().invoke(app, ["registry", "show", "v0002", "--card", "--home", str(own.settings.home)]).stdout
    assert "## Cautions\n\n- Leak: 1 feature may give the label away" in shown

    assert "Caution, leak: 1 feature may give the label away (tier)" in stopped.stderr
    assert "Caution, weakness: Judged on" in stopped.stderr

    forced = leaky(own, tmp_path, "--promote", "--anyway")
    assert forced.exit_code == 0, forced.stderr
    assert own.registry.champion() == "v0003"
    assert own.lineage.history("v0003")[-1].why == "Trained with --promote --anyway."


def test_a_cluster_that_cannot_be_used_is_said(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "give --engine dask with it" in train(own, tmp_path, "--dask-workers", 2).stderr
    monkeypatch.setitem(sys.modules, "core.scoring.streaming.dask_engine", None)
    found = train(own, tmp_path, "--engine", "dask")
    assert found.exit_code == 2
    assert "Dask is not installed here" in found.stderr


@pytest.mark.slow
def test_a_version_of_a_cluster_is_stored_as_any_other(own: Home, tmp_path: Path) -> None:
    pytest.importorskip("core.scoring.streaming.dask_engine")
    refused = train(own, tmp_path, "--engine", "dask", "--dask-workers", 1, "--family", "random_forest")
    assert refused.exit_code == 2
    assert "leave out --family" in refused.stderr
    found = train(own, tmp_path, "--engine", "dask", "--dask-workers", 2, "--json")
    assert found.exit_code == 0, found.stderr
    assert "Its trees were grown by a Dask cluster (2 workers)." in found.stderr
    kept = own.training_runs.listed()[0]
    assert (json.loads(found.stdout)["model_version"], kept.version, kept.family) == ("v0002", "v0002", "xgboost")
    assert own.registry.load("v0002").predictor.rounds == kept.rounds
