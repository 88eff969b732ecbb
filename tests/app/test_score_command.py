"""`score` on files of every kind and size: the same result, also after it was stopped half-way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.data import lines
from core.data.formats.limits import Limits
from core.data.streaming import unfinished
from core.home import Home
from core.scoring.score_file import FileScoring
from tests import make

USERS = make.users(3_000, seed=6).drop(columns="spam")


@pytest.fixture
def given(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where commands are given, with the same users as CSV and in two files of Parquet."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(lines, "_SPAN", 2_000)
    monkeypatch.setattr(FileScoring.__init__, "__defaults__", (20_000, Limits))
    folder = tmp_path_factory.mktemp("given")
    monkeypatch.chdir(folder)
    (folder / "users.csv").write_bytes(make.csv(USERS))
    (folder / "users").mkdir()
    USERS[:1_000].to_parquet(folder / "users" / "a.parquet", index=False)
    USERS[1_000:].to_parquet(folder / "users" / "b.parquet", index=False)
    return folder


def invoked(home: Home, command: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *command.split()])


def test_csv_and_a_folder_of_parquet_give_the_same(own: Home, given: Path) -> None:
    for users, out in (("users.csv", "csv.csv"), ("users", "parquet.csv"), ("users/a.parquet", "a.csv")):
        result = invoked(own, f"score {users} -o {out}")
        assert result.exit_code == 0, result.stderr
    one, other = ((given / name).read_text(encoding="utf-8") for name in ("csv.csv", "parquet.csv"))
    assert one == other.replace("r-0002-", "r-0001-")
    assert (given / "a.csv").read_text(encoding="utf-8").replace("r-0003-", "r-0001-") in one[: len(one) // 2]


def stopped_after(parts: int) -> Callable[..., None]:
    """Stores parts of some work, until somebody stops it."""
    add = unfinished.Work.add

    def stopped(self: unfinished.Work, *arguments: object) -> None:
        add(self, *arguments)  # type: ignore[arg-type]
        if self.parts == parts:
            raise KeyboardInterrupt

    return stopped


@pytest.mark.parametrize("more", ["", " --restart"])
def test_stopped_half_way_the_same_command_comes_to_the_same(
    own: Home, given: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(unfinished.Work, "add", stopped_after(2))
        assert invoked(own, "score users -o scored.csv").exit_code == 130
    assert not (given / "scored.csv").exists()
    assert own.runs.recent() == ()
    added: list[int] = []
    add = unfinished.Work.add
    monkeypatch.setattr(
        unfinished.Work, "add", lambda self, *arguments: (added.append(self.parts), add(self, *arguments))
    )
    assert invoked(own, f"score users -o scored.csv{more}").exit_code == 0
    assert added[0] == (0 if more else 2)
    assert [run.id for run in own.runs.recent()] == ["r-0001"]
    assert invoked(own, "score users.csv -o csv.csv").exit_code == 0
    scored = (given / "scored.csv").read_text(encoding="utf-8")
    assert scored.replace("r-0001-", "r-0002-") == (given / "csv.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--scheduler tcp://127.0.0.1:9", "give --engine dask with it"),
        ("--dask-workers 2", "give --engine dask with it"),
        ("--engine dask --scheduler tcp://127.0.0.1:9 --dask-workers 2", "a cluster has its own workers"),
        ("--engine dask --scheduler nowhere", "The cluster cannot go on: it does not answer"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_said(
    options: str, said: str, own: Home, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask_engine = pytest.importorskip("core.scoring.streaming.dask_engine")
    monkeypatch.setattr(dask_engine, "PATIENCE", 0.2)
    result = invoked(own, f"score users.csv -o scores.csv {options}")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (given / "scores.csv").exists()


def test_where_dask_is_not_installed_a_sentence_says_so(
    own: Home, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "core.scoring.streaming.dask_engine", None)
    result = invoked(own, "score users.csv -o scores.csv --engine dask")
    assert result.exit_code == 2, result.output
    assert "Dask is not installed here" in result.stderr
