"""How commands are told to read a table, and what they say when another option would have read it."""

from __future__ import annotations

import csv
import inspect
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli import app
from app.commands.reading import Said
from core.data.understanding.mappings import Mapping
from core.errors import BadOptionError
from core.home import Home
from tests import make, workbook
from tests.make import NOW


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def run(home: Home, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, arguments)])


def users(n: int = 60) -> pd.DataFrame:
    return make.users(n, seed=9).drop(columns="spam")


def european(frame: pd.DataFrame) -> bytes:
    ratio = [None if pd.isna(value) else str(value).replace(".", ",") for value in frame["ratio"]]
    return frame.assign(ratio=ratio).rename(columns={"user": "uid"}).to_csv(index=False, sep=";").encode()


def scores(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig") as file:
        return [row["score"] for row in csv.DictReader(file)]


@pytest.fixture
def plain(own: Home, tmp_path: Path) -> list[str]:
    """What the users come to as plain CSV."""
    (tmp_path / "plain.csv").write_bytes(make.csv(users()))
    done = run(own, "score", tmp_path / "plain.csv", "-o", tmp_path / "plain-scores.csv")
    assert done.exit_code == 0, done.stderr
    return scores(tmp_path / "plain-scores.csv")


def test_a_european_file_is_scored_once_its_options_and_columns_are_said(
    own: Home, plain: list[str], tmp_path: Path
) -> None:  # fmt: skip
    file, out = tmp_path / "kw47.csv", tmp_path / "out.csv"
    file.write_bytes(european(users()))
    refused = run(own, "score", file, "-o", out)
    assert refused.exit_code == 2
    assert 'keep that as a mapping (mapping add NAME FILE "uid=user")' in refused.stderr

    kept = run(own, "mapping", "add", "Our shop", file, "uid=user", "--by", "Ada")
    assert kept.exit_code == 0, kept.stderr
    assert 'The mapping "Our shop" was kept for files with this header: add --map "Our shop".' in run(
        own, "score", file, "-o", out
    ).stderr.replace("\n", " ")

    commas = run(own, "score", file, "-o", out, "--map", "Our shop")
    assert "Most cells of ratio are written with a decimal comma" in commas.stderr
    assert "read the file with --decimal ," in commas.stderr
    done = run(own, "score", file, "-o", out, "--map", "Our shop", "--decimal", ",", "--overwrite")
    assert done.exit_code == 0, done.stderr
    assert "uid is read as user (mapping Our shop)." in done.stderr
    assert "decimal comma" in done.stderr
    assert scores(out) == plain


def test_a_sheet_is_chosen_and_rows_above_the_header_are_skipped(own: Home, plain: list[str], tmp_path: Path) -> None:
    frame, file, out = users(), tmp_path / "book.xlsx", tmp_path / "out.csv"
    rows = [[None if pd.isna(value) else value for value in row] for row in frame.astype(object).to_numpy().tolist()]
    data = workbook.sheet([["user", "links"], ["not", "a header"], list(frame.columns), *rows])
    file.write_bytes(workbook.book({"Notes": workbook.sheet([["nothing", "here"], ["a", "b"]]), "Data": data}))
    refused = run(own, "score", file, "-o", out)
    assert refused.exit_code == 2
    assert "--sheet Data" in refused.stderr
    done = run(own, "score", file, "-o", out, "--sheet", "Data", "--skip-rows", "2")
    assert done.exit_code == 0, done.stderr
    assert "sheet Data of an Excel workbook (of 2: Notes and Data), header in row 3" in done.stderr
    assert scores(out) == plain


def test_mappings_are_listed_shown_and_removed(own: Home, tmp_path: Path) -> None:
    own.mappings.keep(Mapping("KW47", ("uid", "links"), (("uid", "user"),), "Ada", NOW, ","))
    assert run(own, "mapping", "list").stdout == "KW47\tuid is user; decimal comma\tAda\t2026-03-01\n"
    assert json.loads(run(own, "mapping", "list", "--json").stdout)[0]["columns"] == {"uid": "user"}
    assert "uid\tuser\ndecimal sign\t,\n" in run(own, "mapping", "show", "KW47").stdout
    assert run(own, "mapping", "remove", "KW47").exit_code == 0
    assert "No mapping is kept." in run(own, "mapping", "list").stderr
    assert run(own, "mapping", "remove", "KW47").exit_code == 2
    assert run(own, "score", tmp_path / "x.csv", "-o", tmp_path / "y.csv", "--map", "KW47").exit_code == 2


def test_every_command_that_takes_a_table_takes_the_same_options() -> None:
    takes = {
        name for name, command in _commands(typer.main.get_command(app), "")
        if {each.name for each in command.params} >= {*Said.__dataclass_fields__}
    }  # fmt: skip
    assert takes == {
        "score", "train", "evaluate", "drift", "schema", "registry compare", "registry robustness",
        "registry importance", "registry learning-curve", "policy plan", "policy backtest", "mapping add",
    }  # fmt: skip


def _commands(group, path):  # type: ignore[no-untyped-def]
    for name, command in group.commands.items():
        here = f"{path} {name}".strip()
        yield from _commands(command, here) if hasattr(command, "commands") else [(here, command)]


def test_an_option_that_cannot_be_used_is_refused_by_its_name(own: Home) -> None:
    with pytest.raises(BadOptionError, match="--delimiter"):
        Said(delimiter="!").given(own)
    assert inspect.signature(Said).parameters.keys() == Said.__dataclass_fields__.keys()
