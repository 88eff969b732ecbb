"""Nothing is added to a chained file that is not what was written: whoever changed it, and wherever."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import FileProblemError
from core.home import Home
from core.store import chained_log
from core.store.verify import Chain
from tests.core.feedback.verdicts import verdict
from tests.make import NOW

NAMES = ("id", "text", "share")
LINES = [[f"v{i}", "a, b" if i % 2 else "x", "0.50"] for i in range(6)]


def added(path: Path, rows: list[list[str]]) -> None:
    chained_log.append(path, NAMES, rows)


def saved_by_a_spreadsheet(path: Path) -> None:
    """Read and written again with the ends of lines and the numbers that spreadsheets write."""
    rows = list(csv.reader(io.StringIO(path.read_text())))
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\r\n").writerows(rows)


def one_byte(path: Path) -> None:
    text = path.read_bytes()
    at = text.index(b"v2")
    path.write_bytes(text[:at] + b"w" + text[at + 1 :])


def a_line_out(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3] + lines[4:]))


def the_last_break(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\r")


CHANGES = [saved_by_a_spreadsheet, one_byte, a_line_out, the_last_break]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("looked", [False, True], ids=["at first", "after it was found whole"])
def test_a_file_that_was_changed_is_not_added_to(tmp_path: Path, change: Callable[[Path], None], looked: bool) -> None:
    path, chain = tmp_path / "log.csv", Chain(tmp_path / "log.csv")
    added(path, LINES)
    if looked:
        chain.check()
    change(path)
    with pytest.raises(FileProblemError, match=r"log\.csv: line \d+ is not what Trustdesk wrote.* from a backup"):
        chain.check()


def test_what_was_found_whole_is_not_read_again_and_what_others_add_is(tmp_path: Path) -> None:
    path, chain = tmp_path / "log.csv", Chain(tmp_path / "log.csv")
    chain.check()  # there is no file yet
    for row in LINES:
        added(path, [row])
        chain.check()
    added(path, LINES)
    chained_log.append(path, (*NAMES, "more"), [["v9", "x", "1", "2"]])  # which begins another file
    chain.check()
    assert [file.name for file in chained_log.files(path)] == ["log.csv", "log-2.csv"]
    assert chained_log.forget(path, lambda row: row[0] == "v3") == 2
    chain.check()
    one_byte(path.with_name("log-2.csv") if b"v2" in path.with_name("log-2.csv").read_bytes() else path)
    with pytest.raises(FileProblemError):
        chain.check()


def test_of_a_file_that_grew_only_what_was_added_is_looked_at(tmp_path: Path) -> None:
    path, chain = tmp_path / "log.csv", Chain(tmp_path / "log.csv")
    added(path, LINES)
    chain.check()
    with path.open("r+b") as stream:  # in what was found whole, so that only who reads it again can see it
        stream.seek(path.read_bytes().index(b"v2"))
        stream.write(b"w")
    added(path, LINES)
    chain.check()
    with pytest.raises(FileProblemError, match="line 4 is not"):
        Chain(path).check()


def test_an_unfinished_line_is_no_change(tmp_path: Path) -> None:
    path, chain = tmp_path / "log.csv", Chain(tmp_path / "log.csv")
    added(path, LINES)
    with path.open("ab") as stream:
        stream.write(b"v7,unfini")
    chain.check()
    added(path, LINES)
    chain.check()


@pytest.mark.parametrize("change", CHANGES[:2])
def test_no_verdict_is_added_to_feedback_that_was_changed(home: Home, change: Callable[[Path], None]) -> None:
    home.feedback.record([verdict(2), verdict(3)])
    change(home.settings.feedback_file)
    before = home.settings.feedback_file.read_bytes()
    for opened in (home, Home.open(home.settings.home)):
        with pytest.raises(FileProblemError, match=r"feedback\.csv: line"):
            opened.feedback.record([verdict(4)])
    assert home.settings.feedback_file.read_bytes() == before
    assert home.outbox.since(0)["verdict"].tolist() == ["v2", "v3"]


def test_nothing_is_noted_in_an_audit_log_that_was_changed(home: Home) -> None:
    home.audit.note(who="Ada", what="promote", about="v2", now=NOW)
    one_byte(home.settings.audit)
    with pytest.raises(FileProblemError, match=r"audit\.csv: line 2"):
        home.audit.note(who="Ada", what="promote", about="v3", now=NOW)
