"""The database of a home: what is in a transaction is there whole or not at all, also with several processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text

from core.errors import BusyError, StorageError
from core.home import Home
from core.settings import ROOT
from core.store import tables

RUN = {
    "created": "2026-03-01T12:00:00+00:00", "dataset": "d", "name": "users.csv", "model": "v0001", "policy": {"a": 1},
    "received": 3, "users": 2, "rejected": 1, "counts": {"allow": 2}, "seconds": 0.5,
}  # fmt: skip
#: Waits for the word, so that all of them open the home at the same moment.
WRITER = """
import sys
from sqlalchemy import insert
from core.home import Home
from core.store import tables
from tests.core.store.test_database import RUN
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    with Home.open(sys.argv[1]).database.connect() as connection:
        connection.execute(insert(tables.runs).values(**RUN))
"""


def add(home: Home) -> int:
    with home.database.connect() as connection:
        inserted = connection.execute(insert(tables.runs).values(**RUN)).inserted_primary_key
    return int(inserted[0]) if inserted else 0


def total(home: Home) -> int:
    with home.database.connect() as connection:
        return connection.execute(select(func.count()).select_from(tables.runs)).scalar_one()


def test_what_was_written_is_read_back(home: Home) -> None:
    number = add(home)
    with home.database.connect() as connection:
        row = connection.execute(select(tables.runs)).one()
    assert row._asdict() == RUN | {"number": number, "note": "", "test": False}


def test_a_failure_takes_the_whole_transaction_back(home: Home) -> None:
    add(home)

    def fail() -> None:
        with home.database.connect() as connection:
            connection.execute(insert(tables.runs).values(**RUN))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert total(home) == 1


def test_a_number_is_never_given_twice(home: Home) -> None:
    first = add(home)
    with home.database.connect() as connection:
        connection.execute(tables.runs.delete())
    assert add(home) > first


def test_the_database_writes_ahead_so_that_readers_do_not_wait(home: Home) -> None:
    add(home)
    with home.database.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        # 2 is FULL: what was committed survives a power cut.
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_homes_do_not_share_a_database(home: Home) -> None:
    other = Home.open(home.settings.home / "other")
    add(home)
    assert (total(home), total(other)) == (1, 0)


def test_several_processes_may_open_a_fresh_home_at_once_and_nothing_is_lost(home: Home) -> None:
    command = [sys.executable, "-c", WRITER, str(home.settings.home)]
    pipe = subprocess.PIPE
    writers = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(4)]
    assert [writer.stdout.readline() for writer in writers if writer.stdout] == ["ready\n"] * 4
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    assert total(home) == 80


def test_what_is_erased_is_not_left_in_the_file(home: Home) -> None:
    row = {"user": "u1", "feature": "body", "number": 1.0, "text": "a secret " * 5_000}
    with home.database.connect() as connection:
        connection.execute(insert(tables.judged_texts).values(**row))
    with home.database.writing(erasing=True) as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1
        connection.execute(delete(tables.judged_texts))
    home.database.settle()
    assert not [path for path in home.settings.data.glob("state.db*") if b"a secret" in path.read_bytes()]


@contextlib.contextmanager
def as_somebody() -> Iterator[None]:
    """Without the rights of an administrator, whom no file keeps from writing."""
    administrator = os.geteuid() == 0
    if administrator:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if administrator:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="files are kept from being written in another way")
def test_whether_it_takes_writes_is_tried_without_writing() -> None:
    with tempfile.TemporaryDirectory() as folder:  # one of its own, where others may look
        home = Home.open(folder)
        add(home)
        Path(folder).chmod(0o755)
        with home.database.held():  # as a server has it: the log stays beside the file
            content = home.settings.database.read_bytes()
            home.database.check_writable()
            assert home.settings.database.read_bytes() == content
            for file in home.settings.data.iterdir():
                file.chmod(0o444)
            with as_somebody(), pytest.raises(StorageError, match="readonly"):
                home.database.check_writable()
        with home.database.writing(), pytest.raises(BusyError):
            home.database.check_writable(within=0)
        assert total(home) == 1
