"""A home is proved: whatever kept file is changed, cut off or gone is named, and no home that is whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from app.cli import app
from core.files import DIGEST
from core.home import Home
from core.review.verdicts import Given
from core.settings import ROOT
from core.store import backup as backups
from tests import make
from tests.make import NOW, SCHEMA

HOMES = sorted(path.parent for path in (ROOT / "tests" / "homes").glob("*/home"))
#: What people edit, where another byte is another wish, and what a process leaves.
ANYBODYS = {"schema.toml", "glossary.csv", "settings.toml", "state.db"}
#: Scores files and users of the API; tells each prediction once it is on disk.
BUSY = """
import sys
from datetime import UTC, datetime
from core.home import Home
from tests import make
home = Home.open(sys.argv[1])
serving = make.serving(home)
for i in range(1000):
    asked = [serving.asked({"links": 3, "verified": 0, "tier": 1, "ratio": 0.5, "constant": 3}, user=f"api-{i}")]
    found = serving.score(asked, now=datetime.now(UTC))
    print(found[0].id, flush=True)
    if i % 5 == 0:
        run = home.file_scoring.score_file(f"{i}.csv", make.csv(make.users(20, seed=100 + i).drop(columns="spam")),
            make.SCHEMA, home.registry.load(), make.policy(), now=datetime.now(UTC)).run
        home.audit.note(who="Ada", what="look", about=run.id, now=datetime.now(UTC))
        print(f"{run.id}-1", flush=True)
    if i % 7 == 0:
        for ended in serving.ended(now=datetime.now(UTC), everything=True):
            home.closing.close(ended, make.SCHEMA, now=datetime.now(UTC))
"""


def used(home: Home) -> Home:
    """A home in which a file was scored, a user judged and a version promoted, all of it with digests."""
    users, model = make.csv(make.users(30, seed=9)), home.registry.load()
    run = home.file_scoring.score_file("a.csv", users, SCHEMA, model, make.policy(), now=NOW).run
    home.sending.send(run.id, [1, 2], by="Ann", now=NOW)
    case = home.queue.claim("Ann", now=NOW, session="s")
    assert case
    home.verdicts.judge(case.id, Given("v1", "spammer"), by="Ann", session="s", now=NOW)
    make.promoted(home, "v0002")
    home.file_scoring.score_file(
        "b.csv", make.csv(make.users(10, seed=8)), SCHEMA, home.registry.load(), make.policy(), now=NOW
    )
    return home


@pytest.fixture(scope="module")
def lasting(taught: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For many examples, each of which puts back what it has damaged."""
    folder = tmp_path_factory.mktemp("proved")
    shutil.copytree(taught.settings.home, folder, dirs_exist_ok=True)
    return used(Home.open(folder)).settings.home


@pytest.fixture
def whole(lasting: Path, tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(lasting, tmp_path / "whole"))


def found(folder: Path, *, all_: bool = True) -> list[str]:
    return [str(each) for each in Home.open(folder).proof.check(whole=all_).findings]


def ran(*words: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.mark.parametrize("place", HOMES, ids=lambda place: place.name)
def test_homes_of_before_are_whole_also_without_digests(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "home", tmp_path / "home")
    if Home.open(folder).database.waiting():
        assert found(folder) == [
            f"data/state.db is of {Home.open(folder).database.waiting()[0]} and was not held against the rest. "  # type: ignore[index]
            "Run `migrate`, then verify again."
        ]
        assert ran("migrate", "--home", folder).exit_code == 0
    proved = Home.open(folder).proof.check(whole=True)
    assert proved.findings == ()
    digests = len([*(place / "home").rglob("*.sha256")])
    assert proved.files - proved.without == digests
    assert (digests > 0) is (place.name in {"v5", "m2"})
    assert proved.files > 10


def test_a_home_without_anything_is_whole_and_stays_without_a_database(home: Home) -> None:
    assert ran("verify", "--all", "--home", home.settings.home).exit_code == 0
    assert list(home.settings.home.iterdir()) == []


def test_what_is_stored_from_now_on_has_digests_and_is_whole(whole: Home) -> None:
    proved = whole.proof.check(whole=True)
    assert proved.findings == ()
    assert proved.files - proved.without >= 12
    assert ran("verify", "--home", whole.settings.home).exit_code == 0
    again = ran("verify", "--all", "--json", "--home", whole.settings.home)
    assert (again.exit_code, json.loads(again.stdout)["findings"]) == (0, [])


def noise(size: int) -> bytes:
    return np.random.default_rng(1).bytes(size)


Damage = Callable[[Path], object]
PLANTED: dict[str, tuple[Damage, str]] = {
    "random bytes in state.db": (
        lambda home: (home / "data/state.db").write_bytes(noise(9_000)),
        "data/state.db cannot be read (file is not a database)",
    ),
    "random bytes inside state.db": (
        lambda home: spoilt(home / "data/state.db", 8_192),
        "data/state.db",
    ),
    "a missing state.db": (
        lambda home: (home / "data/state.db").unlink(),
        "data/state.db is gone: data/feedback/feedback.csv is of a workspace that had one",
    ),
    "a deleted model": (lambda home: shutil.rmtree(home / "models/v0001"), "models/v0001 is gone: "),
    "the live model deleted": (lambda home: shutil.rmtree(home / "models/v0002"), "models/CHAMPION names no version"),
    "no CHAMPION": (lambda home: (home / "models/CHAMPION").unlink(), "models/CHAMPION is gone"),
    "a deleted run": (lambda home: shutil.rmtree(home / "data/runs/r-0001"), "data/runs/r-0001 cannot be read"),
    "a run that nobody knows": (
        lambda home: shutil.copytree(home / "data/runs/r-0001", home / "data/runs/r-0009"),
        "data/state.db does not know r-0009, which is in data/runs",
    ),
    "an older state.db": (
        lambda home: in_database(home, "DELETE FROM runs WHERE number = 1"),
        "data/state.db does not know r-0001, on which there are verdicts",
    ),
    "a case that says otherwise": (
        lambda home: in_database(home, "UPDATE cases SET judgement = 'legitimate' WHERE judgement = 'spammer'"),
        "data/state.db contradicts the feedback: Case c-00000",
    ),
    "feedback cut off": (
        lambda home: cut(home / "data/feedback/feedback.csv"),
        "data/feedback has 0 verdicts, and data/state.db has applied 1",
    ),
    "no feedback": (
        lambda home: (home / "data/feedback/feedback.csv").unlink(),
        "data/feedback/feedback.csv is gone, and data/state.db has applied 1 verdict of it",
    ),
    "a changed line of feedback": (
        lambda home: changed(home / "data/feedback/feedback.csv"),
        "data/feedback/feedback.csv is broken in line 2",
    ),
    "a changed line of the audit log": (
        lambda home: changed(home / "data/audit.csv"), "data/audit.csv is broken in line 2",
    ),
    "no audit log": (lambda home: (home / "data/audit.csv").unlink(), "data/audit.csv is gone"),
    "no schema": (lambda home: (home / "data/schema.toml").unlink(), "data/schema.toml is gone"),
    "another salt": (lambda home: (home / "data/salt.txt").write_text("6b" * 16), "data/salt.txt is not the salt"),
    "a row that no program reads": (
        lambda home: in_database(home, "UPDATE cases SET context = '{' WHERE number = 1"),
        "data/state.db, table cases, cannot be read",
    ),
}  # fmt: skip


def spoilt(path: Path, at: int) -> None:
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[at : at + 4_096] = noise(4_096)
    path.write_bytes(bytes(content))


def changed(path: Path) -> None:
    head, line, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([head, line.swapcase(), *rest]))


def cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1]))


def in_database(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "data/state.db") as connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_damage_is_named(name: str, whole: Home) -> None:
    folder = whole.settings.home
    damage, sentence = PLANTED[name]
    damage(folder)

    result = ran("verify", "--all", "--home", folder)

    assert result.exit_code == 4, result.stderr
    assert [line for line in result.stdout.splitlines() if line.startswith(sentence)], result.stdout


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_kept_file_is_changed_cut_off_or_gone_is_named(data: st.DataObject, lasting: Path) -> None:
    kept = [
        path for path in sorted(lasting.rglob("*"))
        if path.is_file() and path.name not in ANYBODYS and not path.name.endswith((".lock", DIGEST, "-wal", "-shm"))
    ]  # fmt: skip
    path = data.draw(st.sampled_from(kept))
    content = path.read_bytes()
    chained = path.name in {"audit.csv", "feedback.csv"}
    how = data.draw(st.sampled_from(["change", "delete"] if chained else ["change", "cut", "delete", "random"]))
    at = data.draw(st.integers(0, len(content) - 1))
    try:
        if how == "change":
            path.write_bytes(content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :])
        elif how == "cut":
            path.write_bytes(content[:at])
        elif how == "random":
            path.write_bytes(noise(len(content)))
        else:
            path.unlink()
        named = found(lasting)
        # A version is named as a whole, and a file by its own name.
        place = path.relative_to(lasting).as_posix()
        wanted = "/".join(place.split("/")[:2]) if place.startswith("models/") else place
        assert any(wanted in each for each in named), (place, how, named)
    finally:
        path.write_bytes(content)


@pytest.mark.slow
def test_a_backup_of_a_home_under_load_is_whole_elsewhere_with_all_that_was_acknowledged_before(
    own: Home, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", BUSY, str(own.settings.home)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as busy:
        assert busy.stdout
        try:
            acknowledged = [busy.stdout.readline().strip() for _ in range(25)]
            own.backups.write(tmp_path / "b.tar.gz", now=datetime.now(UTC))
        finally:
            busy.kill()
    backups.restore(tmp_path / "b.tar.gz", tmp_path / "there")

    assert found(tmp_path / "there") == []
    there = Home.open(tmp_path / "there")
    for prediction in acknowledged:
        run, _, row = prediction.rpartition("-")
        grows = there.online_runs.find(run)
        assert int(row) in (there.runs.scores(run).index if grows is None else grows.by_row), prediction
