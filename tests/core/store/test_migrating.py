"""A database of before becomes one of today, whole or not at all; one of tomorrow is left alone."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from app.cli import app
from core.errors import MigrationError, NewerFormatError, StorageError
from core.home import Home
from core.settings import ROOT
from core.store.database import Database
from core.store.migrating import Migrations
from core.store.tables import SCHEMA_HEAD

#: Homes of before there were revisions.
HOMES = [ROOT / "tests" / "homes" / name for name in ("v0", "v1")]
SCRIPTS = ROOT / "core" / "store" / "migrations"
#: What revisions after the first, and that of tomorrow, have added.
LATER = {
    "decided_by", "severity", "language", "statement", "evidence", "category", "judged_category",
    "category_probability", "assigned_to", "assigned_by", "assigned_at", "note", "test",
}  # fmt: skip
#: Tables that revisions after the first have added.
ADDED = {
    "alembic_version", "notes", "list_entries", "judged_texts", "saved_views", "user_notes", "dead_letters",
}  # fmt: skip
#: The one column of the table that holds the number.
NUMBER = (0, "version_num", "VARCHAR(32)", 1, None, 1)
#: One more column, one more table; what a test puts first or last is done there.
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{before}"

def upgrade():
    op.add_column("cases", sa.Column("language", sa.String, nullable=False, server_default="en"))
    op.create_table("notes", sa.Column("number", sa.Integer, primary_key=True))
    {last}
"""
#: Opens a database as the program of tomorrow, once told to.
OPENER = """
import sys
from tests.core.store.test_migrating import tomorrow
print("ready", flush=True)
sys.stdin.readline()
with tomorrow(*sys.argv[1:]).connect() as connection:
    print(connection.exec_driver_sql("SELECT count(*) FROM notes").scalar_one())
"""


def tomorrow(path: str | Path, versions: str | Path) -> Database:
    """The database as a program opens it that knows one revision more."""
    return Database(Path(path), Migrations("later", (SCRIPTS / "versions", Path(versions))))


def revised(versions: Path, last: str = "") -> Path:
    versions.mkdir(exist_ok=True)
    (versions / "later.py").write_text(REVISION.format(before=SCHEMA_HEAD, last=last), encoding="utf-8")
    return versions


def opener(path: Path, versions: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", OPENER, str(path), str(versions)]
    process = subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """All that a database holds, but for its number and what came with later revisions."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [
                {column: row[column] for column in row.keys() if column not in LATER}  # noqa: SIM118 - else the values
                for row in database.execute(f'SELECT * FROM "{name}"')  # noqa: S608
            ]
            for name in names
            if name not in ADDED
        }


def shape(path: Path) -> dict[str, Any]:
    """The tables of a database with their columns, keys and indexes, however they were written down."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        made = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        indexes = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        kinds = {name: re.findall(r"AUTOINCREMENT|WITHOUT ROWID", sql) for name, sql in made.items()}
        columns = {name: database.execute(f"PRAGMA table_info({name})").fetchall() for name in made}
        return {"kinds": kinds, "columns": columns, "indexes": {name: " ".join(sql.split()) for name, sql in indexes}}


def revision(path: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
            return None
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def copy_of(path: Path, revision: str = "0001") -> Path:
    return path.with_name(f"state.db.before-{revision}")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    path = tmp_path / "fresh" / "state.db"
    with Database(path).connect():
        pass
    return path


@pytest.fixture(params=HOMES, ids=lambda place: place.name)
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The database of a home of before there were revisions."""
    (tmp_path / "data").mkdir()
    return Path(shutil.copy(request.param / "home" / "data" / "state.db", tmp_path / "data"))


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """Revisions of tomorrow, in a folder whose name means something to whoever reads options."""
    return revised(tmp_path / "50% of, tomorrow")


def test_the_revisions_are_one_chain_that_ends_in_the_tables_of_today() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))

    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_HEAD]


def test_the_revisions_one_after_the_other_make_the_tables_of_a_new_home(tmp_path: Path, fresh: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with create_engine(f"sqlite:///{tmp_path / 'made.db'}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    assert shape(tmp_path / "made.db") == shape(fresh)
    assert revision(tmp_path / "made.db") == revision(fresh) == SCHEMA_HEAD


def test_a_database_that_lacks_most_tables_gets_those_of_a_new_home(tmp_path: Path, fresh: Path) -> None:
    path = tmp_path / "data" / "state.db"
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("CREATE TABLE marks (name VARCHAR NOT NULL, position VARCHAR NOT NULL, PRIMARY KEY (name))")
    with Database(path).connect():
        pass

    assert shape(path) == shape(fresh)


def test_a_database_of_before_is_given_its_number_and_nothing_else(before: Path) -> None:
    held, looks = rows(before), shape(before)
    with Database(before, Migrations("0001", (SCRIPTS / "versions",))).connect():
        pass

    assert revision(before) == "0001"
    assert rows(before) == held
    new = shape(before)
    assert [new[what].pop("alembic_version", None) for what in ("kinds", "columns")] == [[], [NUMBER]]
    assert new == looks
    assert not list(before.parent.glob("*.before-*"))


def test_nobody_waits_for_alembic_who_has_nothing_to_migrate(tmp_path: Path) -> None:
    script = """
import sys
from core.home import Home
for _ in range(2):
    with Home.open(sys.argv[1]).database.connect():
        pass
assert "alembic" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False).returncode == 0


def test_an_earlier_database_is_brought_up_and_a_copy_of_it_kept(before: Path, versions: Path) -> None:
    held, looks = rows(before), shape(before)
    before.chmod(0o640)
    with tomorrow(before, versions).connect() as connection:
        languages = set(connection.execute(text("SELECT language FROM cases")).scalars())

    assert (languages, revision(before)) == ({"en"}, "later")
    assert rows(before) == rows(copy_of(before)) == held
    assert shape(copy_of(before)) == looks
    assert stat.S_IMODE(copy_of(before).stat().st_mode) == 0o640


def test_what_only_the_log_of_the_database_holds_is_in_the_copy_too(before: Path, versions: Path) -> None:
    today = Database(before)
    with today.held():
        with today.writing() as connection:
            connection.execute(text("INSERT INTO marks (name, position) VALUES ('new', 'one')"))
        with tomorrow(before, versions).connect():
            pass

    assert {"name": "new", "position": "one"} in rows(copy_of(before, SCHEMA_HEAD))["marks"]


def test_two_processes_that_open_at_once_migrate_once(before: Path, versions: Path, tmp_path: Path) -> None:
    revised(versions, f"open({str(tmp_path / 'done')!r}, 'a').write('once ')")
    processes = [opener(before, versions) for _ in range(2)]
    for process in processes:
        go(process)

    assert [process.communicate() for process in processes] == [("0\n", "")] * 2
    assert (tmp_path / "done").read_text() == "once "


def test_a_kill_in_the_middle_leaves_the_database_as_it_was(before: Path, versions: Path) -> None:
    held, goes_on = rows(before), {"name": "goes", "position": "on"}
    revised(versions, "print('half way', flush=True); __import__('time').sleep(250)")
    process = opener(before, versions)
    go(process)
    assert process.stdout
    assert process.stdout.readline() == "half way\n"
    process.kill()
    process.communicate()

    with Database(before).writing() as connection:
        connection.execute(text("INSERT INTO marks (name, position) VALUES ('goes', 'on')"))
    assert goes_on in rows(before)["marks"]
    assert rows(before) | {"marks": []} == held | {"marks": []}
    with tomorrow(before, revised(versions)).connect():
        pass
    assert revision(before) == "later"
    assert goes_on in rows(copy_of(before, SCHEMA_HEAD))["marks"]


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("op.execute('INSERT INTO nowhere VALUES (1)')", "no such table: nowhere"),
        ("raise ValueError('case 7 has no language')", "case 7 has no language"),
    ],
)
def test_a_migration_that_fails_says_so_and_changes_nothing(
    before: Path, versions: Path, last: str, reason: str
) -> None:
    held, looks = rows(before), shape(before)
    revised(versions, last)
    with pytest.raises(MigrationError) as failed, tomorrow(before, versions).connect():
        pass

    assert str(failed.value) == (
        f"data/state.db could not be brought from revision 0001 to later: {reason}. It is as it was, and a copy of it "
        "is data/state.db.before-0001. Go on with the version of Trustdesk of before, and report this."
    )
    assert (rows(before), shape(before)) == (held, looks)
    assert rows(copy_of(before)) == held
    with Database(before).connect():
        assert revision(before) == SCHEMA_HEAD


def test_without_room_for_the_copy_nothing_is_migrated(
    before: Path, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files._flush", full)
    with pytest.raises(StorageError, match="No space left"), tomorrow(before, versions).connect():
        pass

    assert revision(before) is None
    assert not copy_of(before).exists()


def test_a_database_of_a_newer_version_is_refused_and_not_touched(before: Path, versions: Path) -> None:
    with tomorrow(before, versions).connect():
        pass
    as_it_was = before.read_bytes()
    with pytest.raises(NewerFormatError) as refused, Database(before).connect():
        pass

    assert str(refused.value) == (
        "data/state.db was written by a newer version of Trustdesk (revision later). "
        "Update the program, or restore a backup of before."
    )
    assert before.read_bytes() == as_it_was


def test_a_program_at_work_stops_writing_once_a_newer_one_has_changed_the_tables(before: Path, versions: Path) -> None:
    at_work = Database(before)
    with at_work.connect():
        pass
    with tomorrow(before, versions).connect():
        pass

    for _ in range(2):
        with pytest.raises(NewerFormatError, match="revision later"), at_work.writing():
            pass


def test_a_program_at_work_does_not_mind_an_index_more(before: Path) -> None:
    at_work = Database(before)
    with at_work.connect():
        pass
    with contextlib.closing(sqlite3.connect(before)) as somebody:
        somebody.execute("CREATE INDEX by_name ON runs (name)")

    with at_work.writing() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar_one() > 0


def test_a_command_on_a_newer_home_says_what_to_do(tmp_path: Path) -> None:
    home = Home.open(shutil.copytree(HOMES[0] / "home", tmp_path / "newer"))
    with tomorrow(home.settings.database, revised(tmp_path / "versions")).connect():
        pass
    result = CliRunner().invoke(app, ["keys", "list", "--home", str(home.settings.home)])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "was written by a newer version of Trustdesk" in result.stderr
