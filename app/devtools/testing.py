"""The tests, as the `test` command runs them."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from core.settings import ROOT

#: All tests in two processes, the tests of a file in one: they share what it made. A part of them is told in order.
TOGETHER: Final = ("-n", "2", "--dist", "loadfile")
#: What of app and core they reach, over all processes; pyproject.toml has what is measured.
COVERAGE: Final = ("--cov", "--cov-report=term-missing:skip-covered")


def run_tests(arguments: list[str], *, slow: bool = False, coverage: bool = False) -> int:
    """Run pytest over the repository; gives its exit code. Without `slow`, the long tests are left out.

    With `coverage` it says what was reached, and a part of the tests runs in two processes too. `arguments` go to
    pytest as they are, after ours, so that a `-m` among them wins.
    """
    ours = [] if slow else ["-m", "not slow"]
    ours += TOGETHER if coverage or not arguments else []
    ours += COVERAGE if coverage else []
    return subprocess.run([sys.executable, "-m", "pytest", *ours, *arguments], check=False, cwd=ROOT).returncode  # noqa: S603
