"""A file that was fetched lies in the workspace while it is worked on, and no longer; who is forgotten is in none."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.erasure.in_files import InFiles
from core.catalog.erasure.who import Who
from core.errors import BadOptionError, RefusedError
from core.home import Home
from core.remote.fetching import Fetching
from core.settings import trial_environment


def files_of(home: Home) -> InFiles:
    settings = home.settings
    return InFiles(home.jobs, settings.unfinished, settings.log.parent, settings.database, settings.schedule_file)


def left(home: Home) -> Path:
    """What a process that was killed has left of a fetched file."""
    folder = home.settings.unfinished / ("0" * 32)
    folder.mkdir(parents=True)
    (folder / "fetched.csv").write_text("user,links\nu-17,3\n", encoding="utf-8")
    return folder


def test_a_path_is_read_where_it_lies(home: Home, tmp_path: Path) -> None:
    with Fetching(home.settings.unfinished).local(str(tmp_path / "users.csv")) as file:
        assert (file.path, file.name) == (tmp_path / "users.csv", "users.csv")
    assert not home.settings.unfinished.exists()


def test_what_a_killed_process_has_left_goes_with_the_next_one_and_what_is_in_hand_stays(home: Home) -> None:
    folder, fetching = left(home), home.fetching
    with fetching._own() as mine:
        assert not folder.exists()
        (mine / "fetched.csv").write_text("user,links\nu-17,3\n", encoding="utf-8")
        with fetching._own():
            assert mine.exists()
        with pytest.raises(RefusedError, match="at work on a file with this user"):
            list(files_of(home).parts(Who("u-17"), erase=False))
    assert list(home.settings.unfinished.iterdir()) == []


def test_who_is_forgotten_is_in_no_fetched_file_either(home: Home) -> None:
    folder = left(home)
    assert list(files_of(home).parts(Who("u-18"), erase=True)) == []
    assert [part.what for part in files_of(home).parts(Who("u-17"), erase=False)] == [
        "a file that was fetched, deleted"
    ]
    list(files_of(home).parts(Who("u-17"), erase=True))
    assert not folder.exists()


def test_what_is_tried_from_elsewhere_gets_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    for name in secrets:
        monkeypatch.setenv(name, "hunter2")
    assert not {*secrets} & trial_environment().keys()


def test_an_address_with_a_password_is_refused_by_every_command_without_repeating_it(home: Home) -> None:
    address = "postgresql://ada:hunter2@host/desk?table=users"
    with pytest.raises(BadOptionError) as found, home.fetching.local(address):
        pass
    assert "hunter2" not in str(found.value)
