"""No spoilt input makes the program fail otherwise than with a sentence; `tests.fuzz.run` tries as many as wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.home import Home
from tests.fuzz import targets


def refused(name: str, inputs: range, trained: Home, folder: Path) -> int:
    """How many of these inputs are refused; the others are taken. A fault names its input."""
    count = 0
    with targets.opened(name, trained, folder) as target:
        for number in inputs:
            try:
                count += not target.tried(target.made(number))
            except Exception as error:
                error.add_note(f"target {name}, input {number}")
                raise
    return count


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("intake", 200), ("formats", 150), ("score", 15), ("command", 2), ("trees", 40), ("version", 20), ("api", 60)],
)
def test_spoilt_inputs_are_taken_or_refused_with_a_sentence(
    name: str, inputs: int, trained: Home, tmp_path: Path
) -> None:
    assert 0 < refused(name, range(inputs), trained, tmp_path) <= inputs


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("intake", 30_000),
        ("formats", 20_000),
        ("score", 3_000),
        ("command", 200),
        ("trees", 8_000),
        ("version", 5_000),
        ("api", 10_000),
    ],
)
def test_many_spoilt_inputs_are_taken_or_refused_with_a_sentence(
    name: str, inputs: int, trained: Home, tmp_path: Path
) -> None:
    taken = inputs - refused(name, range(1_000, 1_000 + inputs), trained, tmp_path)
    assert taken > inputs // 50  # what is looked at in depth
