"""The tests, as the `test` command runs them."""

from __future__ import annotations

import subprocess
import sys

from core.settings import ROOT


def run_tests(slow: bool, arguments: list[str]) -> int:  # noqa: FBT001
    """Run pytest over the repository; gives its exit code. Without `slow`, the long tests are left out.

    `arguments` go to pytest as they are, after ours, so that a `-m` among them wins.
    """
    ours = [] if slow else ["-m", "not slow"]
    return subprocess.run([sys.executable, "-m", "pytest", *ours, *arguments], check=False, cwd=ROOT).returncode  # noqa: S603
