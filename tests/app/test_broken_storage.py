"""Commands whose storage fails: a sentence that names the place, exit code 2, nothing half stored, no bug."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app import guard
from app.cli import app
from core.home import Home
from core.store import database
from tests import broken_storage, make
from tests.broken_storage import Fault

COMMANDS = (
    "score users.csv -o scored.csv", "feedback stats", "queue add r-0001 --by Ada", "decisions export --by Ada",
    "accounts create Lea --password-stdin --by Ada", "metrics",
)  # fmt: skip


def invoked(home: Home, command: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "excepthook", sys.excepthook)
        return CliRunner().invoke(app, ["--home", str(home.settings.home), *command.split()], input="long enough pw\n")


@pytest.fixture
def users(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where commands are given, with users to score and to judge by."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "users.csv").write_bytes(make.csv(make.users(60, seed=4)))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(database, "BUSY", 0.05)
    return folder


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (broken_storage.no_database, r"state\.db is damaged: file is not a database"),
        (broken_storage.emptied_database, r"state\.db is damaged: no such table"),
        (broken_storage.busy_database, r"state\.db is in use by something else"),
        (broken_storage.full_disk, r"cannot be (written|used)"),
        (broken_storage.removed_folder, r"data is gone"),
    ],
)  # fmt: skip
def test_a_command_says_what_is_wrong_with_the_storage_and_ends_with_2(
    own: Home, users: Path, fault: Fault, said: str
) -> None:
    assert invoked(own, "score users.csv -o scored.csv --overwrite").exit_code in {0, 3}
    (users / "scored.csv").unlink()
    with fault(own):
        told = {command: invoked(own, command) for command in COMMANDS}
    failed = {command: result for command, result in told.items() if result.exit_code}
    assert {"score users.csv -o scored.csv", "accounts create Lea --password-stdin --by Ada"} <= failed.keys()
    assert not (users / "scored.csv").exists()
    for command, result in failed.items():
        assert result.exit_code == 2, (command, result.stderr, result.exception)
        assert re.search(said, result.stderr), (command, result.stderr)


@pytest.mark.parametrize("command", ["feedback stats", "accounts create Lea --password-stdin", "metrics", "api"])
def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, command: str) -> None:
    gone = Home.open(tmp_path / "gone")
    result = invoked(gone, command)
    assert (result.exit_code, result.stderr) == (2, f"--home: there is no folder {gone.settings.home}.\n")
    assert not gone.settings.home.exists()


@pytest.mark.parametrize(
    ("broken", "command", "said"),
    [
        ("core.scoring.export.write_parts", "score users.csv -o scored.csv", r"All scores are stored as run r-0001"),
        ("core.registry.registry.Registry.promote", "train users.csv --promote", r"v0002 is stored and not live"),
        ("core.access.audit.chained_log.append", "accounts create Lea --password-stdin", r"was done \(create"),
    ],
)  # fmt: skip
def test_what_was_stored_before_the_disk_was_full_is_said(
    own: Home, users: Path, broken: str, command: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (users / "users.csv").write_bytes(make.csv(make.users(300, seed=4)))

    def full(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    monkeypatch.setattr(broken, full)
    result = invoked(own, command)
    assert result.exit_code == 2, result.exception
    assert re.search(f"No space left.*{said}", result.stderr), result.stderr


def test_a_command_that_is_stopped_says_what_was_stored(
    own: Home, users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.scoring.export.write_parts", stopped)
    result = invoked(own, "score users.csv -o scored.csv")
    assert result.exit_code == 130
    assert "Cancelled. All scores are stored as run r-0001" in result.stderr
    assert "Nothing was changed" not in result.stderr


def test_a_bug_is_told_although_its_log_cannot_be_written(own: Home, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(own.settings.log.parent, ignore_errors=True)
    own.settings.log.parent.write_text("no folder")
    guard._Bug(own)(KeyError, KeyError("of ours"), None)
    assert "This is a bug of Trustdesk (KeyError)." in (told := capsys.readouterr().err)
    assert "of ours" in told
