"""How the `test` command calls pytest."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from app.devtools import testing
from app.devtools.testing import run_tests


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pytest was called with, which is not called again from inside of a test."""
    calls: list[list[str]] = []

    def run(command: list[str], **_options: object) -> SimpleNamespace:
        calls.append(command[3:])
        return SimpleNamespace(returncode=5)

    monkeypatch.setattr(testing, "subprocess", SimpleNamespace(run=run))
    return calls


def test_all_tests_run_in_two_processes_and_a_part_in_one(asked: list[list[str]]) -> None:
    assert run_tests([]) == 5
    run_tests(["tests/core", "-m", "slow"])
    run_tests([], slow=True)
    assert asked == [
        ["-m", "not slow", "-n", "2", "--dist", "loadfile"],
        ["-m", "not slow", "tests/core", "-m", "slow"],
        ["-n", "2", "--dist", "loadfile"],
    ]


def test_coverage_is_measured_in_two_processes_of_a_part_too(asked: list[list[str]]) -> None:
    run_tests(["tests/core"], coverage=True)
    assert asked == [["-m", "not slow", *testing.TOGETHER, *testing.COVERAGE, "tests/core"]]
