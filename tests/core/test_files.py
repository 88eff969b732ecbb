"""Files and folders appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core import files
from core.errors import StorageError
from core.files import replacing, write_text
from core.settings import ROOT


def fill_file(path: Path) -> None:
    path.write_text("new", encoding="utf-8")


def fill_folder(path: Path) -> None:
    path.mkdir()
    (path / "a").write_text("new", encoding="utf-8")
    (path / "inner").mkdir()
    (path / "inner" / "b").write_text("new", encoding="utf-8")


def test_the_old_text_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "note.txt"
    write_text(target, "old")
    with replacing(target) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert target.read_text(encoding="utf-8") == "old"
    assert target.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("fill", [fill_file, fill_folder])
def test_a_failure_leaves_the_old_one_and_nothing_else(tmp_path: Path, fill: Callable[[Path], None]) -> None:
    write_text(tmp_path / "kept", "old")

    def fail() -> None:
        with replacing(tmp_path / "kept") as temporary:
            fill(temporary)
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_disk_is_told_as_such_and_the_old_file_stands(tmp_path: Path, reason: int) -> None:
    write_text(tmp_path / "kept", "old")

    def fail() -> None:
        with replacing(tmp_path / "kept"):
            raise OSError(reason, os.strerror(reason))

    with pytest.raises(StorageError, match=f"kept cannot be written: {os.strerror(reason)}. Make room"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "old"


def test_what_is_no_full_disk_stays_the_error_it_is(tmp_path: Path) -> None:
    def fail() -> None:
        with replacing(tmp_path / "kept"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match="Input/output error"):
        fail()


def test_a_new_folder_takes_away_what_killed_ones_have_left_but_not_what_somebody_writes_now(tmp_path: Path) -> None:
    for name, age in ((".v1.7-ab.tmp", 3700), (".v2.8-cd.tmp", 60), ("v0", 9000)):
        fill_folder(tmp_path / name)
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    with replacing(tmp_path / "v3") as temporary:
        fill_folder(temporary)

    assert sorted(path.name for path in tmp_path.iterdir()) == [".v2.8-cd.tmp", "v0", "v3"]


@pytest.mark.parametrize("name", ["a" * 250, "ä" * 125])
def test_a_name_may_be_as_long_as_there_are(name: str, tmp_path: Path) -> None:
    write_text(tmp_path / name, "new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_last_word_is_had_when_all_is_written_and_may_be_no(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")
    seen = []
    for settle in (lambda _rename: None, lambda rename: (seen.append((tmp_path / "a").read_text()), rename())):
        with replacing(tmp_path / "a", settle) as temporary:
            temporary.write_text("new", encoding="utf-8")
        seen.append((tmp_path / "a").read_text())
    assert seen == ["old", "old", "new"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("fill", [fill_file, fill_folder])
def test_success_leaves_the_new_one_and_nothing_else(tmp_path: Path, fill: Callable[[Path], None]) -> None:
    with replacing(tmp_path / "deep" / "new") as temporary:
        fill(temporary)
        assert temporary.parent == tmp_path / "deep"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["new"]


def test_a_folder_with_content_is_never_replaced(tmp_path: Path) -> None:
    with replacing(tmp_path / "it") as temporary:
        fill_folder(temporary)

    def again() -> None:
        with replacing(tmp_path / "it") as temporary:
            temporary.mkdir()
            (temporary / "a").write_text("other", encoding="utf-8")

    with pytest.raises(OSError, match=r"not empty|exists|denied"):
        again()
    assert (tmp_path / "it" / "a").read_text(encoding="utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["it"]


def test_text_has_unix_line_ends_on_every_system(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "ä\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa4\n"


def test_a_reader_sees_one_whole_text_however_often_it_is_replaced(tmp_path: Path) -> None:
    target, texts = tmp_path / "state", {letter * 100_000 for letter in "ab"}
    write_text(target, "a" * 100_000)
    seen: set[str] = set()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add(target.read_text(encoding="utf-8"))

    reader = threading.Thread(target=read)
    reader.start()
    for text in sorted(texts) * 20:
        write_text(target, text)
    over.set()
    reader.join()
    assert seen
    assert seen <= texts


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_writer_that_is_killed_leaves_the_old_text(tmp_path: Path) -> None:
    target = tmp_path / "state"
    write_text(target, "old")
    program = """
import os, pathlib, signal, sys
from core.files import replacing
with replacing(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(target)], check=False, cwd=ROOT)
    assert killed.returncode < 0
    assert target.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "cannot be written: "), (errno.EDQUOT, "cannot be written: "),
        (errno.EFBIG, "cannot be written: "), (errno.EROFS, "cannot be used: "), (errno.EACCES, "cannot be used: "),
        (errno.EIO, "The disk is broken"),
        (errno.ENOENT, "is gone: "), (errno.ENOTDIR, "is gone: "),
    ],
)  # fmt: skip
def test_what_the_system_says_of_the_storage_is_a_sentence_that_names_the_place(
    tmp_path: Path, number: int, said: str
) -> None:
    (tmp_path / "data").mkdir()
    error = OSError(number, os.strerror(number), str(tmp_path / "data" / "runs"))
    error.add_note("Run r-0001 is stored.")
    failure = files.failure(error, tmp_path)
    assert failure is not None
    assert str(failure).startswith(str(tmp_path / "data" / "runs"))
    assert said in str(failure)
    assert str(failure).endswith("Run r-0001 is stored.")
    assert failure.exit_code == 2


def test_what_may_be_a_bug_stays_one(tmp_path: Path) -> None:
    assert files.failure(OSError(errno.EBADF, "bad"), tmp_path) is None
    assert files.failure(FileNotFoundError(errno.ENOENT, "no", "/elsewhere/file"), tmp_path) is None
    assert files.failure(OSError("with no number"), tmp_path) is None


def test_of_a_lock_that_cannot_be_made_the_folder_is_named(tmp_path: Path) -> None:
    failure = files.failure(OSError(errno.EROFS, "read-only", str(tmp_path / "data" / "state.lock")), tmp_path)
    assert str(failure).startswith(f"{tmp_path / 'data'} cannot be used")
