from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import demos
from app.cli import app
from core.data import intake
from core.home import Home
from core.schema import schema as schemas
from core.settings import ROOT
from tests import make

DEMO = Home.open(ROOT).settings.demo


@pytest.mark.parametrize("name", ["marketplace", "messages"])
def test_the_bundled_files_are_those_that_their_benchmark_writes(name: str, tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "benchmarks" / f"make_{name}.py"))["main"](tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (DEMO / name / path.name).read_bytes()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 150_000


def test_every_row_of_the_marketplace_can_be_used() -> None:
    columns = schemas.load(DEMO / "marketplace" / "schema.toml")
    for name, labelled in (("labelled.csv.gz", True), ("new.csv.gz", False)):
        assert intake.read(name, DEMO / "marketplace" / name, columns, need_label=labelled).rejected.empty


def test_without_a_name_the_demos_are_listed_and_nothing_is_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "--home", str(tmp_path / "new")])
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [each.name for each in demos.DEMOS]
    assert not (tmp_path / "new").exists()


def test_a_demo_is_made_in_a_new_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    done = CliRunner().invoke(app, ["demo", "marketplace", "--home", str(tmp_path)])
    assert done.exit_code == 4
    assert "is there already. Name another folder with --home" in done.stderr
    done = CliRunner().invoke(app, ["demo", "nothing", "--home", str(tmp_path / "new")])
    assert done.exit_code == 2
    assert "nothing: there is no such demo; there are fiverr, marketplace and messages." in done.stderr


@pytest.mark.slow
def test_a_demo_has_a_version_in_charge_a_file_scored_and_users_to_review(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "marketplace", "--home", str(tmp_path / "new"), "--by", "Ada"])
    assert done.exit_code == 0
    assert f"Open it: python3 -m app --home {tmp_path / 'new'}" in done.stderr
    home = Home.open(tmp_path / "new")
    assert home.registry.champion() == "v0001"
    (run,) = home.runs.recent()
    assert run.name == "new.csv.gz"
    assert home.queue.claim("Ada", now=make.NOW, session="s") is not None
