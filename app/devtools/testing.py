"""The tests, as the `test` command runs them."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from core.settings import ROOT

#: All tests in two processes, the tests of a file in one: they share what it made. A part of them is told in order.
TOGETHER: Final = ("-n", "2", "--dist", "loadfile")


def run_tests(slow: bool, arguments: list[str]) -> int:  # noqa: FBT001
    """Run pytest over the repository; gives its exit code. Without `slow`, the long tests are left out.

    `arguments` go to pytest as they are, after ours, so that a `-m` among them wins.
    """
    ours = [] if slow else ["-m", "not slow"]
    ours += [] if arguments else TOGETHER
    return subprocess.run([sys.executable, "-m", "pytest", *ours, *arguments], check=False, cwd=ROOT).returncode  # noqa: S603
