"""`watch-folder --once`, as a schedule runs it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make


def test_one_look_says_what_was_done_and_by_its_exit_code_whether_all_went_well(own: Home, tmp_path: Path) -> None:
    folder, out, before = tmp_path / "in", tmp_path / "out", time.time() - 60
    folder.mkdir()
    (folder / "good.csv").write_bytes(make.csv(make.users(20, seed=5)))
    os.utime(folder / "good.csv", (before, before))
    command = ["--home", str(own.settings.home), "watch-folder", str(folder), str(out), "--once"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.stderr
    assert "good.csv: 20 users scored, 0 rejected" in done.stderr

    (folder / "empty.csv").touch()
    os.utime(folder / "empty.csv", (before, before))
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 3
    assert "empty.csv" in done.stderr
    assert "good.csv" not in done.stderr
    assert CliRunner().invoke(app, command).exit_code == 0
