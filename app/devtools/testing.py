"""The tests, as the `test` command runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from core.settings import ROOT

#: All tests in two processes, the tests of a file in one: they share what it made. A part of them is told in order.
#: Files stay in the order of tests/conftest.py: by the number of their tests, the longest ones would come last.
TOGETHER: Final = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
#: Options with which the caller says himself where tests run, or wants to see or stop them as they go.
_ALONE: Final = ("-n", "--numprocesses", "--dist", "--tx", "--pdb", "--trace", "-s", "--capture=no")
_WITHOUT: Final = "no:xdist"
#: Two processes on as many cores: threads that wait awake would take from each other what both need.
_THREADS: Final = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}
#: Tests start hundreds of processes, which would each compile all of the program again.
_COMPILED_EACH_TIME: Final = "PYTHONDONTWRITEBYTECODE"


def run_tests(slow: bool, arguments: list[str]) -> int:  # noqa: FBT001
    """Run pytest over the repository; gives its exit code. Without `slow`, the long tests are left out."""
    command = [sys.executable, "-m", "pytest", *options(arguments, slow=slow)]
    environment = {name: value for name, value in os.environ.items() if name != _COMPILED_EACH_TIME}
    return subprocess.run(command, check=False, cwd=ROOT, env=_THREADS | environment).returncode  # noqa: S603


def options(arguments: Sequence[str], *, slow: bool) -> list[str]:
    """What pytest is given: `arguments` as they are, after ours, so that a `-m` among them wins."""
    ours = [] if slow else ["-m", "not slow"]
    return [*ours, *([] if _alone(arguments) else TOGETHER), *arguments]


def _alone(arguments: Sequence[str]) -> bool:
    """Whether the tests run in one process: the caller wants it so, or names one file, whose tests stay together."""
    named = [path for word in arguments if (path := ROOT / word.partition("::")[0]).exists()]
    return (len(set(named)) == 1 and named[0].is_file()) or any(map(_chosen, arguments))


def _chosen(word: str) -> bool:
    if word.endswith(_WITHOUT):
        return True
    return word.startswith("-n") or word.partition("=")[0] in _ALONE or word in _ALONE
