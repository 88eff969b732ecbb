"""Ruff and mypy are tests too: whoever runs the tests has run them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core.settings import ROOT

OLDEST = (3, 11)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    plain = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "0"}
    return subprocess.run(
        [sys.executable, "-m", *command], check=False, capture_output=True, text=True, cwd=ROOT, env=plain
    )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "check", "--quiet", "--output-format=concise"), id="ruff finds nothing"),
        pytest.param(("ruff", "format", "--check", "--quiet"), id="ruff would format nothing"),
        pytest.param(
            ("mypy",),
            id="mypy finds nothing",
            # Newer Pythons get newer libraries, whose types are written for those alone.
            marks=pytest.mark.skipif(sys.version_info[:2] != OLDEST, reason="types are checked on the oldest Python"),
        ),
    ],
)
def test_the_code_is_clean(command: tuple[str, ...]) -> None:
    finished = _run(*command)

    assert finished.returncode == 0, f"`python -m {' '.join(command)}` says:\n{finished.stdout}{finished.stderr}"
