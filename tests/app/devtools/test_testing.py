"""Tests run in several processes, unless the caller wants it otherwise or names one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.devtools import testing


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-k", "intake"],
        ["--durations=20"],
        ["-x", "-q"],
        ["tests/core"],
        ["tests/test_cases.py", "tests/test_homes.py"],
        ["tests/test_cases.py", "tests/core"],
        ["-p", "no:cacheprovider", "--no-header"],
    ],
)
def test_a_choice_of_tests_runs_in_several_processes(arguments: list[str]) -> None:
    told = testing.options(arguments, slow=False)

    assert told == ["-m", "not slow", *testing.TOGETHER, *arguments]
    assert testing.options(arguments, slow=True) == [*testing.TOGETHER, *arguments]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-n0"],
        ["-n", "4"],
        ["--numprocesses=3"],
        ["--dist=load", "tests/core"],
        ["-p", "no:xdist"],
        ["-pno:xdist"],
        ["--pdb", "-k", "intake"],
        ["--trace"],
        ["-s"],
        ["--capture=no"],
        ["tests/test_cases.py"],
        ["-v", "tests/test_cases.py::test_no_such"],
        ["tests/test_cases.py::test_one", "tests/test_cases.py::test_two"],
    ],
)
def test_who_says_where_tests_run_or_names_one_file_is_given_no_processes(arguments: list[str]) -> None:
    assert testing.options(arguments, slow=False) == ["-m", "not slow", *arguments]


def test_coverage_is_measured_in_all_processes_and_said_of_a_part_too() -> None:
    assert testing.options(["tests/core"], coverage=True) == [
        "-m", "not slow", *testing.COVERAGE, *testing.TOGETHER, "tests/core",
    ]  # fmt: skip
    assert testing.options(["-n0"], coverage=True) == ["-m", "not slow", *testing.COVERAGE, "-n0"]


def test_files_lie_in_memory_only_where_there_is_room(tmp_path: Path) -> None:
    assert testing.files_in_memory(tmp_path, room=1) == {"TMPDIR": str(tmp_path)}
    assert testing.files_in_memory(tmp_path, room=1 << 60) == {}
    assert testing.files_in_memory(tmp_path / "absent", room=1) == {}
