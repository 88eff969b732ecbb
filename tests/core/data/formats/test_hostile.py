"""Files that nobody should have sent are refused, in a process of its own, without taking the memory of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import refusals


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_refusal_takes_no_more_memory_than_a_small_file(tmp_path: Path) -> None:
    """What it takes in CPU seconds is measured by the benchmark; here nothing may go on without end."""
    for name, cost in refusals.costs(tmp_path, []):
        assert cost.memory < refusals.MOST_MEMORY, name
        assert cost.said.startswith("file: ") or cost.said == "read, 0 rows accepted", name
