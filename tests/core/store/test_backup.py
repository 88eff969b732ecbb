"""A backup is the home, whole and of one moment; a home is made of it only when it is what was written."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.data import datasets, intake
from core.errors import FileProblemError, NewerFormatError, TrustdeskError, UnsafeFileError
from core.home import Home
from core.settings import ROOT
from core.store import backup as backups
from core.store.tables import SCHEMA_HEAD
from tests import make
from tests.core.feedback.verdicts import verdict
from tests.make import NOW

HOMES = sorted(path.parent for path in (ROOT / "tests" / "homes").glob("v*/home"))
#: Works on a home until it is killed.
BUSY = """
import itertools, sys
from datetime import UTC, datetime
from core.home import Home
from tests.core.feedback.verdicts import verdict
home = Home.open(sys.argv[1])
policy = home.runs.recent(1)[0].policy
for i in itertools.count():
    home.feedback.record([verdict(f"busy-{i}")])
    home.audit.note(who="Ada", what="look", about=str(i), now=datetime.now(UTC))
    number = home.runs.begin(name="a.csv", model="v0001", policy=policy, now=datetime.now(UTC))
    (home.settings.runs / f"r-{number:04d}" / "part").write_text("x")
    print("done", flush=True)
"""


@pytest.fixture(
    params=[HOMES[0], *(pytest.param(each, marks=pytest.mark.slow) for each in HOMES[1:-1]), HOMES[-1]],
    ids=lambda place: place.name,
)
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(request.param / "home", tmp_path / "before"))


@pytest.fixture
def archive(before: Home, tmp_path: Path) -> Path:
    before.settings.secrets_file.write_text("[alerts]\nwebhook = 'https://example.org'\n", encoding="utf-8")
    before.backups.write(tmp_path / "b.tar.gz", now=NOW)
    return tmp_path / "b.tar.gz"


def ran(*words: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        return {each.name: opened.extractfile(each).read() for each in opened if each.isreg()}  # type: ignore[union-attr]


def rewritten(archive: Path, change: Callable[[dict[str, bytes]], object], *, honest: bool = False) -> None:
    """Write an archive anew, with other members; an `honest` one lists them as they are."""
    held = members(archive)
    change(held)
    if honest:
        rest = {name: content for name, content in held.items() if name != backups.MANIFEST}
        listed = {
            name: {"size": len(text), "sha256": backups.hashlib.sha256(text).hexdigest()} for name, text in rest.items()
        }
        held = rest | {backups.MANIFEST: json.dumps(listed).encode()}
    with tarfile.open(archive, "w:gz") as opened:
        for name, content in held.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))


def test_a_restored_home_answers_as_the_one_it_was_made_of(before: Home, tmp_path: Path) -> None:
    home, file, there = before.settings.home, tmp_path / "b.tar.gz", tmp_path / "there"
    made = ran("backup", file, "--home", home, "--by", "Ada")
    again = ran("restore", file, "--home", there)

    assert (made.exit_code, again.exit_code) == (0, 0), (made.stderr, again.stderr)
    asked = (
        ["registry", "list"],
        ["feedback", "export", "--by", "Ada"],
        ["queue", "stats"],
        ["keys", "list"],
        ["drift"],
    )
    for words in asked:
        now, then = (ran("--home", place, *words) for place in (there, home))
        assert (now.exit_code, now.stdout) == (then.exit_code, then.stdout), words
    found = Home.open(there)
    assert found.runs.recent() == before.runs.recent()
    assert not found.lost_runs.look()
    noted, then = (each.audit.read()["what"].tolist() for each in (found, before))
    assert then == ["export feedback", "back up", *noted[1:]]
    assert found.feedback.verify() == before.feedback.verify()


def test_a_backup_has_all_that_the_home_keeps_but_secrets_and_what_passes(before: Home, archive: Path) -> None:
    home = before.settings.home
    kept = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    passing = {
        name for name in kept if name.endswith((".lock", "-wal", "-shm", "log.txt", "/start", "/alive", ".forgotten"))
    }

    held = members(archive)
    assert kept - passing - {"data/secrets.toml"} == held.keys() - {backups.ABOUT, backups.MANIFEST}
    assert all(b"example.org" not in content for content in held.values())


def test_a_backup_of_a_home_in_use_is_of_one_moment(before: Home, tmp_path: Path) -> None:
    words = [sys.executable, "-c", BUSY, str(before.settings.home)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as busy:
        assert busy.stdout
        for turn in range(3):
            assert busy.stdout.readline() == "done\n"
            before.backups.write(tmp_path / f"{turn}.tar.gz", now=datetime.now(UTC))
        busy.kill()

    for turn in range(3):
        backups.restore(tmp_path / f"{turn}.tar.gz", tmp_path / str(turn))
        found = Home.open(tmp_path / str(turn))
        assert (found.feedback.verify().whole, found.audit.verify().whole) == (True, True)
        assert not found.lost_runs.look()
        found.feedback.record([verdict("after")])


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held.update({"data/audit.csv": held["data/audit.csv"].replace(b"v0001", b"v0002")}),
        lambda held: held.pop("data/schema.toml"),
        lambda held: held.update({"data/extra.txt": b"x"}),
        lambda held: held.pop(backups.MANIFEST),
        lambda held: held.update({backups.MANIFEST: b"[]"}),
        lambda held: held.pop(backups.ABOUT),
        lambda held: held.update({"data/schema.toml/inside": b"x"}),
    ],
)
def test_an_archive_that_is_not_what_was_written_restores_nothing(
    change: Callable[[dict[str, bytes]], object], archive: Path, tmp_path: Path
) -> None:
    rewritten(archive, change)
    with pytest.raises(FileProblemError, match=r"b.tar.gz: this is no backup that is whole \(.*Nothing was restored"):
        backups.restore(archive, tmp_path / "there")

    assert list((tmp_path / "there").iterdir()) == []


def test_an_archive_that_lists_a_changed_log_as_it_is_does_not_pass_either(archive: Path, tmp_path: Path) -> None:
    rewritten(
        archive,
        lambda held: held.update({"data/audit.csv": held["data/audit.csv"][:-40] + b"0" * 39 + b"\n"}),
        honest=True,
    )
    with pytest.raises(FileProblemError, match=r"audit\.csv, line"):
        backups.restore(archive, tmp_path / "there")


def test_a_damaged_database_does_not_pass(archive: Path, tmp_path: Path) -> None:
    rewritten(
        archive, lambda held: held.update({"data/state.db": held["data/state.db"][:9000] + b"\0" * 9000}), honest=True
    )
    with pytest.raises(FileProblemError, match=r"data/state\.db"):
        backups.restore(archive, tmp_path / "there")


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9, 0.99])
def test_half_of_an_archive_restores_nothing(cut: float, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(FileProblemError, match="no backup that is whole"):
        backups.restore(archive, tmp_path / "there")


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)], ids=["empty", "csv", "gzip"]
)
def test_what_is_no_archive_is_said_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_bytes(content)
    with pytest.raises(FileProblemError, match="no backup that is whole"):
        backups.restore(tmp_path / "b.tar.gz", tmp_path / "there")


@pytest.mark.parametrize(
    "name",
    ["../out.txt", "/srv/out.txt", "data/../../out.txt", "data/./x", "out.txt", "data/a\\..\\b", "data/secrets.toml"],
)
def test_a_path_that_leads_out_of_the_home_is_refused(name: str, archive: Path, tmp_path: Path) -> None:
    rewritten(archive, lambda held: held.update({name: b"x"}), honest=True)
    with pytest.raises(UnsafeFileError):
        backups.restore(archive, tmp_path / "there")

    assert list((tmp_path / "there").iterdir()) == []
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_folders_and_devices_are_refused(kind: bytes, archive: Path, tmp_path: Path) -> None:
    held = members(archive)
    with tarfile.open(archive, "w:gz") as opened:
        about = tarfile.TarInfo(backups.ABOUT)
        about.size = len(held[backups.ABOUT])
        opened.addfile(about, io.BytesIO(held[backups.ABOUT]))
        link = tarfile.TarInfo("data/link")
        link.type, link.linkname = kind, "../../etc/passwd"
        opened.addfile(link)
    with pytest.raises(UnsafeFileError, match="data/link is no file of a workspace"):
        backups.restore(archive, tmp_path / "there")


def test_a_backup_of_a_newer_version_is_refused(archive: Path, tmp_path: Path) -> None:
    rewritten(archive, lambda held: held.update({backups.ABOUT: b'{"format": 2}'}), honest=True)
    with pytest.raises(NewerFormatError, match=r"b\.tar\.gz was written by a newer version"):
        backups.restore(archive, tmp_path / "there")


def test_nothing_is_restored_over_a_home(before: Home, archive: Path) -> None:
    refused = ran("restore", archive, "--home", before.settings.home)

    assert refused.exit_code == 2
    assert "is a workspace already" in refused.stderr


def test_a_backup_replaces_a_backup_and_nothing_else(before: Home, tmp_path: Path) -> None:
    file, home = tmp_path / "b.tar.gz", before.settings.home
    file.write_bytes(b"mine")
    refused = ran("backup", file, "--home", home, "--by", "Ada")
    assert (refused.exit_code, file.read_bytes()) == (2, b"mine")
    assert ran("backup", file, "--home", home, "--by", "Ada", "--overwrite").exit_code == 0
    assert ran("backup", file, "--home", home, "--by", "Ada").exit_code == 0
    assert ran("backup", home / "data" / "runs" / "b.tar.gz", "--home", home, "--by", "Ada").exit_code == 2
    assert ran("backup", tmp_path / "b.zip", "--home", home, "--by", "Ada").exit_code == 2
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


def test_where_there_is_no_home_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(TrustdeskError, match="there is no workspace in"):
        Home.open(tmp_path / "none").backups.write(tmp_path / "b.tar.gz", now=NOW)

    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("before", HOMES[:2], indirect=True, ids=lambda place: place.name)
def test_migrate_says_what_is_to_be_done_does_it_and_then_has_nothing_to_do(before: Home) -> None:
    home = before.settings.home
    as_it_was = before.settings.database.read_bytes()
    look = ran("migrate", "--check", "--home", home)
    assert before.settings.database.read_bytes() == as_it_was
    done, after = ran("migrate", "--home", home), ran("migrate", "--check", "--home", home)

    assert look.exit_code == 4
    assert (
        look.stderr == f"data/state.db is of a time before revisions and is to be brought to revision {SCHEMA_HEAD}.\n"
    )
    assert (done.exit_code, done.stderr) == (
        0, f"data/state.db was of a time before revisions and is of revision {SCHEMA_HEAD} now.\n",
    )  # fmt: skip
    assert (after.exit_code, after.stderr[:14]) == (0, "Nothing to do:")
    with contextlib.closing(sqlite3.connect(before.settings.database)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA_HEAD,)]


def test_migrate_stores_datasets_of_before_in_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home.open(tmp_path)
    checked = intake.read("users.csv", make.csv(make.users(40)), make.SCHEMA)
    dataset = home.datasets.put(checked, make.SCHEMA, now=NOW)
    monkeypatch.setattr(datasets, "ROW_GROUP", 16)
    look, done, after = (ran("migrate", *words, "--home", tmp_path) for words in (["--check"], [], ["--check"]))

    assert (look.exit_code, look.stderr) == (4, "1 dataset of before, to be stored in row groups.\n")
    assert (done.exit_code, done.stderr) == (
        0, "1 dataset of before: stored in row groups now, with the same ids and rows.\n",
    )  # fmt: skip
    assert (after.exit_code, after.stderr[:14]) == (0, "Nothing to do:")
    assert home.datasets.frame(dataset.id).equals(checked.frame)
