"""Paths that are no files, or that are read otherwise in an address: a sentence at once, or the work."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make

READING = (
    "score {} -o scored.csv", "train {}", "evaluate {}", "schema {} --label spam --force", "feedback import {}",
    "registry compare {} {}", "restore {} --home new",
)  # fmt: skip


def invoked(home: Home, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "excepthook", sys.excepthook)
        return CliRunner().invoke(app, ["--home", str(home.settings.home), *arguments])


@pytest.fixture
def here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where commands are given, with what is no file in it."""
    folder = tmp_path_factory.mktemp("given")
    monkeypatch.chdir(folder)
    (folder / "folder").mkdir()
    if os.name != "nt":
        os.mkfifo(folder / "pipe.csv")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.csv")
    return folder


@pytest.mark.skipif(os.name == "nt", reason="there are no such things")
@pytest.mark.parametrize(
    "path",
    ["pipe.csv", "socket.csv", "/dev/zero", "half\udc00.csv"],
)
def test_what_is_no_file_is_said_at_once(here: Path, own: Home, path: str) -> None:
    before = sorted(here.iterdir())
    for command in READING:
        result = invoked(own, *(part.format(path) for part in command.split()))
        assert result.exit_code == 2, (command, result.stderr, result.exception)
        assert isinstance(result.exception, SystemExit)
    assert sorted(here.iterdir()) == before
    assert own.runs.recent() == ()


@pytest.mark.skipif(os.name == "nt", reason="no folder can have such a name")
@pytest.mark.parametrize("name", ["a%20b%", "c?mode=ro&x=y#z", "ü ;:[x]*'\"{}$"])
def test_a_home_may_have_any_name_that_a_folder_may(here: Path, trained: Home, name: str) -> None:
    folder = here / name
    folder.mkdir()
    home = make.copied(trained, folder)
    (here / "users.csv").write_bytes(make.csv(make.users(60, seed=4)))
    for command in ("score users.csv -o scored.csv", "queue add r-0001 --by Ada", "feedback stats", "migrate"):
        result = invoked(home, *command.split())
        assert result.exit_code == 0, (command, result.stderr)
    assert home.settings.database.is_file()
    assert {path.name for path in here.iterdir()} >= {name, "scored.csv"}
    assert len([path for path in here.iterdir() if path.is_dir()]) == 2
