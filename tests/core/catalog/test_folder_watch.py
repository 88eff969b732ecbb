"""The files of a folder are scored as they come, each once, whatever happens meanwhile; the folder is only read."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from core.catalog import folder_watch
from core.catalog.folder_watch import Outcome, Watched
from core.errors import BadOptionError, RefusedError, UnknownVersionError
from core.home import Home
from tests import make
from tests.make import NOW

USERS: Final = make.csv(make.users(40, seed=5).drop(columns="spam"))


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("watched")
    (place / "in").mkdir()
    return place / "in", place / "out"


def put(folder: Path, name: str, content: bytes, *, at: datetime = NOW - timedelta(minutes=1)) -> None:
    (folder / name).write_bytes(content)
    os.utime(folder / name, (at.timestamp(), at.timestamp()))


def looked(home: Home, folders: tuple[Path, Path], now: datetime = NOW) -> list[Outcome]:
    """What a process finds that was started anew."""
    with home.folder_watch.watching(*folders) as watched:
        return list(home.folder_watch.look(watched, now=now))


def test_each_file_is_scored_once_and_again_when_it_has_changed(own: Home, folders: tuple[Path, Path]) -> None:
    put(folders[0], "a.csv", USERS)
    put(folders[0], "b.csv", USERS)
    assert [(each.name, each.run and each.run.id) for each in looked(own, folders)] == [
        ("a.csv", "r-0001"), ("b.csv", "r-0002"),
    ]  # fmt: skip
    written = pd.read_csv(folders[1] / "a.csv.scores.csv")
    assert written["prediction_id"].tolist() == [f"r-0001-{row}" for row in own.runs.scores("r-0001").index]
    assert looked(own, folders) == []

    put(folders[0], "a.csv", USERS, at=NOW - timedelta(seconds=30))  # copied there again
    assert looked(own, folders) == []
    put(folders[0], "a.csv", USERS[: USERS.rindex(b"\n", 0, -1) + 1])
    assert [(each.name, each.run and each.run.users) for each in looked(own, folders)] == [("a.csv", 39)]
    assert len(pd.read_csv(folders[1] / "a.csv.scores.csv")) == 39
    assert sorted(path.name for path in folders[0].iterdir()) == ["a.csv", "b.csv"]
    assert (folders[0] / "b.csv").read_bytes() == USERS


def test_what_cannot_be_scored_has_its_sentence_until_it_is_mended(own: Home, folders: tuple[Path, Path]) -> None:
    put(folders[0], "a.csv", b"links,verified\n1,2\n")
    put(folders[0], "b.csv", USERS)
    first, second = looked(own, folders)
    assert (first.run, second.run and second.run.id) == (None, "r-0001")
    note = folders[1] / "failed" / "a.csv.txt"
    assert first.sentence in note.read_text(encoding="utf-8")
    assert looked(own, folders) == []

    put(folders[0], "a.csv", USERS)
    (mended,) = looked(own, folders)
    assert mended.run
    assert not note.exists()


def test_a_file_that_is_still_written_waits(own: Home, folders: tuple[Path, Path]) -> None:
    put(folders[0], "a.csv", USERS, at=NOW - timedelta(seconds=1))
    put(folders[0], "b.csv.part", USERS)
    put(folders[0], ".c.csv", USERS)
    (folders[0] / "folder.csv").mkdir()
    assert looked(own, folders) == []
    assert [each.name for each in looked(own, folders, NOW + timedelta(seconds=9))] == ["a.csv"]


def test_killed_before_it_was_noted_a_file_comes_to_the_same_run(
    own: Home, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folders[0], "a.csv", USERS)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Watched, "note", killed)
        with pytest.raises(KeyboardInterrupt):
            looked(own, folders)
    first = (folders[1] / "a.csv.scores.csv").read_bytes()
    (done,) = looked(own, folders)
    assert done.run
    assert (done.run.id, len(own.runs.recent())) == ("r-0001", 1)
    assert (folders[1] / "a.csv.scores.csv").read_bytes() == first


def test_files_of_somebody_else_stay(own: Home, folders: tuple[Path, Path]) -> None:
    put(folders[0], "a.csv", USERS)
    folders[1].mkdir()
    (folders[1] / "a.csv.scores.csv").write_text("mine\n", encoding="utf-8")
    (done,) = looked(own, folders)
    assert done.run is None
    assert "is not one that this command wrote" in done.sentence
    assert (folders[1] / "a.csv.scores.csv").read_text(encoding="utf-8") == "mine\n"


def test_folders_that_cannot_be_watched_are_said(own: Home, folders: tuple[Path, Path], tmp_path: Path) -> None:
    folder, out = folders
    with pytest.raises(BadOptionError, match="no such folder"), own.folder_watch.watching(folder / "none", out):
        pass
    with pytest.raises(BadOptionError, match="name another folder"), own.folder_watch.watching(folder, folder):
        pass
    (folder / "file").touch()
    with pytest.raises(BadOptionError, match="cannot be made"), own.folder_watch.watching(folder, folder / "file"):
        pass
    with (
        own.folder_watch.watching(folder, out),
        pytest.raises(RefusedError, match="watched by another"),
        Home.open(own.settings.home).folder_watch.watching(folder, out),
    ):
        pass
    with pytest.raises(UnknownVersionError), Home.open(tmp_path / "new").folder_watch.watching(folder, out):
        pass


def test_a_state_of_a_newer_program_is_refused(own: Home, folders: tuple[Path, Path]) -> None:
    put(folders[0], "a.csv", USERS)
    looked(own, folders)
    (state,) = own.folder_watch.states.glob("*.json")
    state.write_text(state.read_text(encoding="utf-8").replace(f'"format": {folder_watch.FORMAT}', '"format": 99'))
    with pytest.raises(Exception, match="newer version of Trustdesk"):
        looked(own, folders)
