"""Every decision arrives: in the file or on stdout, or it is given again. With processes as a platform starts them."""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.review.decisions import outbox
from core.settings import ROOT
from tests.make import NOW

#: More than a pipe holds: about 75 bytes each.
MANY = 3_000
ONCE = ("decisions", "export", "--since", "last", "--consumer", "platform")
STOPPED = "what reads it has stopped before the end"


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def decided(home: Home, n: int) -> None:
    row = {"time": NOW, "case": "c-000001", "verdict": "v", "decision": "remove", "who": "Ada", "why": "content_seen",
           "reversal_of": None}  # fmt: skip
    with home.database.writing() as connection:
        connection.execute(insert(outbox.decisions), [row | {"user": f"u{number}"} for number in range(n)])


def started(home: Home, *arguments: object, unbuffered: bool = True, **more: object) -> subprocess.Popen[bytes]:
    environment = os.environ | {"TRUSTDESK_NO_VENV": "1", "PYTHONPATH": str(ROOT)}
    environment["PYTHONUNBUFFERED"] = "1" if unbuffered else ""
    command = [sys.executable, "-m", "app", "--home", home.settings.home, *arguments]
    return subprocess.Popen([*map(str, command)], env=environment, stderr=subprocess.PIPE, **more)  # type: ignore[call-overload, no-any-return]


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and what was said, once it has ended; stdout, if it was a pipe, is thrown away."""
    said = process.communicate(timeout=120)[1].decode()
    return process.returncode, said


def numbers(text: str) -> list[int]:
    return [int(row["number"]) for row in csv.DictReader(io.StringIO(text), strict=True)]


def in_file(path: Path) -> list[int]:
    return numbers(path.read_text(encoding="utf-8"))


def cursor(home: Home, consumer: str = "platform") -> int:
    return home.outbox.take(consumer).after


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix == ".tmp"]


@pytest.mark.parametrize("target", ["same.csv", pytest.param("same.parquet", marks=pytest.mark.slow)])
def test_of_three_exports_at_once_one_has_all_and_the_others_touch_nothing(
    target: str, home: Home, tmp_path: Path
) -> None:
    decided(home, MANY)
    every = [started(home, *ONCE, "-o", tmp_path / target) for _ in range(3)]
    codes, said = zip(*map(ended, every), strict=True)
    assert sum(f"{MANY:,} decisions" in each for each in said) == 1, said
    for code, each in zip(codes, said, strict=True):
        if "Another export of platform came first" in each or "was written by somebody else meanwhile" in each:
            assert code == 4
        else:  # it has exported them, or has begun when another was done
            assert (code, "decisions" in each) == (0, True)
    assert cursor(home) == MANY
    if target.endswith(".csv"):
        assert in_file(tmp_path / target) == list(range(1, MANY + 1))
    assert left(tmp_path) == []


@pytest.mark.slow
def test_of_two_consumers_that_write_to_one_file_at_once_none_loses_any(home: Home, tmp_path: Path) -> None:
    decided(home, MANY)
    consumers = ("one", "two")
    every = [started(home, *ONCE[:-1], name, "-o", tmp_path / "same.csv") for name in consumers]
    codes = {name: ended(each)[0] for name, each in zip(consumers, every, strict=True)}
    assert in_file(tmp_path / "same.csv") == list(range(1, MANY + 1))
    assert {name: cursor(home, name) for name in consumers} == {
        name: MANY if code == 0 else 0 for name, code in codes.items()
    }
    assert 0 in codes.values()


def exported(home: Home, path: Path) -> tuple[int, str]:
    """As `ended` of an export to a file, in this process."""
    found = CliRunner().invoke(app, [*map(str, ("--home", home.settings.home, *ONCE, "-o", path))])
    return found.exit_code, found.stderr


def test_where_nothing_is_new_the_last_file_stays_as_nobody_may_have_read_it(home: Home, tmp_path: Path) -> None:
    decided(home, 5)
    path = tmp_path / "d.csv"
    for more, said, kept in (
        (0, "5 decisions, the last is number 5.", [1, 2, 3, 4, 5]),
        (0, f"0 decisions: nothing is new, and {path} is left as it is.", [1, 2, 3, 4, 5]),
        (2, "2 decisions, the last is number 7.", [6, 7]),
    ):
        if more:
            decided(home, more)
        assert exported(home, path) == (0, f"{said}\n")
        assert in_file(path) == kept
    path.unlink()
    assert exported(home, path)[0] == 0
    assert in_file(path) == []


#: Exports to a consumer and a file of its own each time, killed after a share of what the first one takes to its end.
KILLED_AT = """
import os, signal, sys, time
from app.cli import main
def exporting(name):
    child = os.fork()
    if not child:
        sys.argv = ["app", "--home", sys.argv[1], "decisions", "export", "--since", "last", "--consumer", name, "-o",
                    os.path.join(sys.argv[2], name + ".csv")]
        main()
    return child
began = time.monotonic()
os.waitpid(exporting("whole"), 0)
takes = time.monotonic() - began
for number, share in enumerate(sys.argv[3:]):
    child = exporting(f"killed-{number}")
    time.sleep(takes * float(share))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_whenever_an_export_is_killed_its_decisions_are_in_the_file_or_given_again(
    kills: int, home: Home, tmp_path: Path
) -> None:
    decided(home, MANY)
    files, chance = tmp_path / "files", random.Random(7)  # noqa: S311 - no secret
    files.mkdir()
    shares = [chance.uniform(0.05, 1.1) for _ in range(kills)]
    command = [sys.executable, "-c", KILLED_AT, home.settings.home, files, *shares]
    done = subprocess.run([*map(str, command)], check=False, cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (in_file(files / "whole.csv"), cursor(home, "whole")) == (list(range(1, MANY + 1)), MANY)
    for number in range(len(shares)):
        path, moved = files / f"killed-{number}.csv", cursor(home, f"killed-{number}")
        assert moved in {0, MANY}
        assert path.exists() or not moved
        assert not path.exists() or in_file(path) == list(range(1, MANY + 1))


KILLED_AFTER = """
import os, pathlib, signal, sys
from app.cli import main
from core.review.decisions.outbox import Outbox
moment, replace, commit = sys.argv.pop(1), pathlib.Path.replace, Outbox.confirm
def replacing(path, target):
    if moment == "before" and pathlib.Path(target).name == "d.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    found = replace(path, target)
    if moment == "after" and pathlib.Path(target).name == "d.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    return found
pathlib.Path.replace = replacing
def confirming(*given, **more):
    found = commit(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)
Outbox.confirm = confirming
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("moment", "there", "moved"), [("before", False, 0), ("after", True, 0), ("confirmed", True, 9)]
)
def test_the_file_has_its_name_before_the_cursor_moves(
    moment: str, there: bool, moved: int, home: Home, tmp_path: Path
) -> None:
    decided(home, 9)
    path = tmp_path / "d.csv"
    command = [sys.executable, "-c", KILLED_AFTER, moment, "--home", home.settings.home, *ONCE, "-o", path]
    killed = subprocess.run([*map(str, command)], check=False, cwd=ROOT, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (path.exists(), cursor(home)) == (there, moved)
    if there:
        assert in_file(path) == list(range(1, 10))


@pytest.mark.skipif(os.name == "nt", reason="pipes are others there")
@pytest.mark.parametrize(
    ("n", "unbuffered"),
    [
        (MANY, True),
        pytest.param(MANY, False, marks=pytest.mark.slow),
        pytest.param(100, True, marks=pytest.mark.slow),  # which fit into the pipe
    ],
)
def test_a_reader_that_stops_moves_nobody_on(n: int, unbuffered: bool, home: Home) -> None:
    decided(home, n)
    export = started(home, *ONCE, unbuffered=unbuffered, stdout=subprocess.PIPE)
    assert export.stdout is not None
    assert len(export.stdout.read(2_000)) == 2_000
    export.stdout.close()
    export.stdout = None
    code, said = ended(export)
    assert (code, cursor(home)) == (2, 0), said
    assert said.startswith("platform is not moved on: ")
    assert said.endswith(f"{STOPPED}. What was written is incomplete.\n")
    assert len(said.splitlines()) == 2  # nothing of Python's own at its end

    again = started(home, *ONCE, unbuffered=unbuffered, stdout=subprocess.PIPE)
    out, _ = again.communicate(timeout=60)
    assert (again.returncode, numbers(out.decode())) == (0, list(range(1, n + 1)))
    assert cursor(home) == n


@pytest.mark.skipif(os.name == "nt", reason="there is no shell")
@pytest.mark.parametrize("unbuffered", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_reader_that_reads_nothing_at_all_moves_nobody_on(unbuffered: bool, home: Home) -> None:
    decided(home, 3)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as pipe:
        export = started(home, *ONCE, unbuffered=unbuffered, stdout=pipe)
    code, said = ended(export)
    assert (code, cursor(home), STOPPED in said) == (2, 0, True)


@pytest.mark.skipif(os.name == "nt", reason="there is no such option")
def test_a_pipe_that_does_not_wait_gets_every_byte(home: Home) -> None:
    decided(home, MANY)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with os.fdopen(writer) as pipe:
        export = started(home, *ONCE, stdout=pipe)
    with os.fdopen(reader, encoding="utf-8", newline="") as pipe:
        time.sleep(0.2)
        assert numbers(pipe.read()) == list(range(1, MANY + 1))
    assert (ended(export)[0], cursor(home)) == (0, MANY)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk at hand")
@pytest.mark.parametrize(
    "command",
    [
        ONCE, ("queue", "stats", "--json"), pytest.param(("decisions", "export"), marks=pytest.mark.slow),
        pytest.param(("feedback", "export"), marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_result_that_finds_no_room_is_no_success(command: tuple[str, ...], home: Home) -> None:
    decided(home, 3)
    with Path("/dev/full").open("w") as full:
        export = started(home, *command, stdout=full)
    code, said = ended(export)
    assert (code, cursor(home)) == (2, 0), said
    assert said.splitlines()[-1].endswith("No space left on device. What was written is incomplete.")


@pytest.mark.skipif(os.name == "nt", reason="there is no shell")
def test_without_stdout_nobody_is_moved_on(home: Home) -> None:
    decided(home, 3)
    export = started(home, *ONCE, preexec_fn=lambda: os.close(1))
    code, said = ended(export)
    assert (code, cursor(home), "there is none" in said) == (2, 0, True)


def test_stdout_may_be_a_file(home: Home, tmp_path: Path) -> None:
    decided(home, MANY)
    with (tmp_path / "d.csv").open("w") as file:
        assert ended(started(home, *ONCE, stdout=file))[0] == 0
    assert (in_file(tmp_path / "d.csv"), cursor(home)) == (list(range(1, MANY + 1)), MANY)


@pytest.mark.skipif(os.name == "nt", reason="pipes are others there")
@pytest.mark.parametrize(
    "command",
    [
        ("feedback", "export"), pytest.param(("metrics",), marks=pytest.mark.slow),
        pytest.param(("decisions", "export"), marks=pytest.mark.slow),
        pytest.param(("registry", "list"), marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_no_result_ends_well_without_its_reader(command: tuple[str, ...], trained: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as pipe:
        export = started(trained, *command, stdout=pipe)
    code, said = ended(export)
    assert (code, STOPPED in said) == (2, True), said
